// SPDX-License-Identifier: Apache-2.0
//
// libopendkim's opinion. It asserts, writes past a buffer or judges wrongly on some input that a
// sender chooses: such a signature is withheld from it, and such a message altogether.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>

// The library's header speaks C only.
#define _Bool bool
#include <opendkim/dkim.h>
#undef _Bool

#include "policy/auth/key_record.h"
#include "policy/auth/second_opinion.h"
#include "policy/auth/second_opinion_guard.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_spool = std::size_t{256} * 1024;  // of the body, until the library starts
constexpr std::size_t max_signatures = DkimLimits{}.signatures;

using Message = Handle<DKIM, dkim_free>;
using Library = Handle<DKIM_LIB, dkim_close>;

unsigned char* octets(std::string_view text) {  // the library takes no const, and writes nothing
  return const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.data()));
}

// What answers the library's question for a key, and what became of each.
class KeyLookup {
 public:
  KeyLookup(Resolver& resolver, Deadline deadline) : resolver_(resolver), deadline_(deadline) {}

  // Never DKIM_CBSTAT_DEFAULT, behind which an assert waits. TRYAGAIN and ERROR would leave no
  // trace in the signature, so that the outcome is kept here.
  static DKIM_CBSTAT look_up(DKIM* message, DKIM_SIGINFO* signature, unsigned char* to,
                             std::size_t size) noexcept {
    return static_cast<KeyLookup*>(dkim_get_user_context(message))->find(signature, to, size);
  }

  // Why the key could not be fetched, and why it was withheld from the library; empty otherwise.
  std::string failure(DKIM_SIGINFO* signature) const { return known(failures_, signature); }
  std::string objection(DKIM_SIGINFO* signature) const { return known(objections_, signature); }

 private:
  using Reasons = std::map<DKIM_SIGINFO*, std::string>;
  static std::string known(const Reasons& reasons, DKIM_SIGINFO* signature) {
    const auto found = reasons.find(signature);
    return found == reasons.end() ? std::string() : found->second;
  }

  DKIM_CBSTAT find(DKIM_SIGINFO* signature, unsigned char* to, std::size_t size) {
    const auto text = [](const unsigned char* name) {
      return std::string(name == nullptr ? "" : reinterpret_cast<const char*>(name));
    };
    const std::string name =
        key_name(text(dkim_sig_getdomain(signature)), text(dkim_sig_getselector(signature)));
    const DnsAnswer answer = resolver_.query(name, RecordType::txt, deadline_);
    if (answer.is_temporary()) {
      failures_[signature] = fmt::format("TXT {}: {}", for_log(name), answer.problem);
      return DKIM_CBSTAT_NOTFOUND;
    }
    if (answer.texts.empty()) return DKIM_CBSTAT_NOTFOUND;
    const std::string& record = answer.texts.front();
    std::string objection = answer.texts.size() > 1
                                ? libopendkim::wrong_about("several key records at one name")
                                : libopendkim::objection_to_key(record);
    if (objection.empty() && record.size() >= size) objection = "the key record is too long";
    if (!objection.empty()) {
      objections_[signature] = std::move(objection);
      return DKIM_CBSTAT_NOTFOUND;
    }
    std::memcpy(to, record.c_str(), record.size() + 1);
    return DKIM_CBSTAT_CONTINUE;
  }

  Resolver& resolver_;
  Deadline deadline_;
  Reasons failures_, objections_;
};

// One for the process: immutable once it is made, then safe from any thread.
DKIM_LIB* library() {
  static const Library made = [] {
    Library library(dkim_init(nullptr, nullptr));
    if (!library) return library;
    const auto set = [&](dkim_opts_t option, auto value) {
      dkim_options(library.get(), DKIM_OP_SETOPT, option, &value, sizeof value);
    };
    set(DKIM_OPTS_FLAGS, unsigned{DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES});
    set(DKIM_OPTS_CLOCKDRIFT, std::uint64_t{0});
    set(DKIM_OPTS_MINKEYBITS, static_cast<unsigned>(DkimLimits{}.min_rsa_bits));
    dkim_set_key_lookup(library.get(), KeyLookup::look_up);
    return library;
  }();
  return made.get();
}

// A pass is three conditions: a failed parse leaves two of them as they are for a pass.
SecondOpinion opinion_of(DKIM_SIGINFO* signature, const KeyLookup& keys) {
  if (auto objection = keys.objection(signature); !objection.empty())
    return SecondOpinion::not_asked(objection);
  if (auto failure = keys.failure(signature); !failure.empty())
    return {.result = "temperror", .reason = failure};
  const int error = dkim_sig_geterror(signature);
  const bool passed = (dkim_sig_getflags(signature) & DKIM_SIGFLAG_PASSED) != 0;
  const int body = dkim_sig_getbh(signature);
  if (passed && body == DKIM_SIGBH_MATCH && error == DKIM_SIGERROR_OK)
    return {.result = "pass", .reason = {}};
  const char* const words = dkim_sig_geterrorstr(error);  // may be null
  const std::string reason = passed && body == DKIM_SIGBH_MISMATCH ? "body hash mismatch"
                             : words == nullptr                    ? fmt::format("error {}", error)
                                                                   : for_log(words);
  if (error == DKIM_SIGERROR_BADSIG) return {.result = "fail", .reason = reason};
  if (error == DKIM_SIGERROR_KEYFAIL || error == DKIM_SIGERROR_UNKNOWN)
    return {.result = "temperror", .reason = reason};
  return {.result = "permerror", .reason = reason};
}

}  // namespace

// One message before libopendkim.
class SecondOpinions::Dkim {
 public:
  explicit Dkim(const HeaderList& headers)
      : headers_(headers), trouble_(libopendkim::objection_to_header(headers)) {
    for (std::size_t i = 0; i < headers.size(); ++i) {
      if (!equal_ascii(headers[i].name, "DKIM-Signature")) continue;
      Field& field = fields_.emplace_back();
      field.header_index = i;
      field.objection = fields_.size() > max_signatures
                            ? fmt::format("more than {} signatures", max_signatures)
                            : libopendkim::objection_to_signature(headers[i].value);
    }
    if (std::ranges::all_of(fields_, [](const Field& field) { return !field.objection.empty(); }))
      withhold("there is no signature that libopendkim may see");
  }

  bool is_needed() const { return !fields_.empty(); }

  void body(std::string_view chunk) {
    if (!trouble_.empty()) return;
    if (message_ == nullptr && spool_.size() + chunk.size() <= max_spool) {
      spool_ += chunk;
      return;
    }
    if (message_ == nullptr) start();
    feed(chunk);
  }

  SecondOpinion at(std::size_t index, const DkimResult& ours, WallTime now, Resolver& resolver,
                   Deadline deadline) {
    if (index >= fields_.size()) return SecondOpinion::not_asked("there is no such signature");
    const Field& field = fields_[index];
    if (!field.objection.empty()) return SecondOpinion::not_asked(field.objection);
    if (auto objection = libopendkim::objection_to_clock(ours, now); !objection.empty())
      return SecondOpinion::not_asked(objection);
    if (!is_finished_) finish(resolver, deadline);
    return trouble_.empty() ? field.opinion : SecondOpinion::not_asked(trouble_);
  }

 private:
  struct Field {
    std::size_t header_index = 0;
    std::string objection;
    SecondOpinion opinion;
  };

  void withhold(std::string trouble) {
    if (trouble_.empty()) trouble_ = std::move(trouble);
  }

  bool is_withheld(std::size_t header_index) const {
    return std::ranges::any_of(fields_, [&](const Field& field) {
      return field.header_index == header_index && !field.objection.empty();
    });
  }

  void start() {
    DKIM_STAT status = DKIM_STAT_OK;
    message_.reset(library() == nullptr
                       ? nullptr
                       : dkim_verify(library(), octets("message"), nullptr, &status));
    if (message_ == nullptr) return withhold("libopendkim could not be started");
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      if (is_withheld(i)) continue;
      const std::string field = fmt::format("{}:{}", headers_[i].name, headers_[i].value);
      // A signature that it cannot read is listed with its error.
      status = dkim_header(message_.get(), octets(field), field.size());
      if (status != DKIM_STAT_OK && !equal_ascii(headers_[i].name, "DKIM-Signature"))
        return withhold("libopendkim cannot read the field " + for_log(headers_[i].name, 40));
    }
    status = dkim_eoh(message_.get());
    if (status != DKIM_STAT_OK)
      return withhold(fmt::format("libopendkim cannot read the header: {}", words(status)));
    const std::string spooled = std::move(spool_);
    spool_.clear();
    feed(spooled);
  }

  static std::string words(DKIM_STAT status) {
    const char* const text = dkim_getresultstr(status);
    return text == nullptr ? fmt::format("status {}", status) : for_log(text);
  }

  void feed(std::string_view chunk) {
    if (chunk.empty() || !trouble_.empty()) return;
    const bool split_cr = last_ == '\r' && chunk.front() != '\n';
    if (split_cr || libopendkim::has_bare_cr(chunk, '\n'))
      return withhold(libopendkim::wrong_about("a bare CR in the body"));
    before_last_ = chunk.size() > 1 ? chunk[chunk.size() - 2] : last_;
    last_ = chunk.back();
    dkim_body(message_.get(), octets(chunk), chunk.size());
  }

  // The library must not be asked twice: whatever it said by then stands.
  void finish(Resolver& resolver, Deadline deadline) {
    is_finished_ = true;
    if (trouble_.empty() && message_ == nullptr) start();
    const bool is_empty = last_ == '\0';
    if (!is_empty && (before_last_ != '\r' || last_ != '\n'))
      withhold(libopendkim::wrong_about("a body that does not end in CRLF"));
    if (!trouble_.empty()) return;
    KeyLookup keys(resolver, deadline);
    dkim_set_user_context(message_.get(), &keys);
    bool has_test_key = false;
    dkim_eom(message_.get(), &has_test_key);
    DKIM_SIGINFO** signatures = nullptr;
    int count = 0;
    dkim_getsiglist(message_.get(), &signatures, &count);
    int next = 0;
    for (Field& field : fields_) {
      if (!field.objection.empty()) continue;
      if (next >= count) return withhold("libopendkim lists fewer signatures than there are");
      field.opinion = opinion_of(signatures[next++], keys);
    }
    if (next != count) withhold("libopendkim lists more signatures than there are");
    message_.reset();
  }

  const HeaderList& headers_;
  std::string trouble_;  // why it is not asked about this message
  std::vector<Field> fields_;
  std::string spool_;
  Message message_;
  char before_last_ = '\0';  // octets of the body
  char last_ = '\0';
  bool is_finished_ = false;
};

SecondOpinions::SecondOpinions(const HeaderList& headers, AuthSources& sources)
    : headers_(headers), sources_(sources) {
  if (headers.count("DKIM-Signature") > 0) dkim_ = std::make_unique<Dkim>(headers);
}

SecondOpinions::~SecondOpinions() = default;

void SecondOpinions::body(std::string_view chunk) {
  if (dkim_) dkim_->body(chunk);
}

SecondOpinion SecondOpinions::dkim(std::size_t index, const DkimResult& ours, WallTime now,
                                   Deadline deadline) {
  if (!dkim_) return SecondOpinion::not_asked("there is no such signature");
  return dkim_->at(index, ours, now, sources_.resolver, deadline);
}

}  // namespace icm
