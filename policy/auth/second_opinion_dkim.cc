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
#include "policy/auth/tag_list.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_spool = std::size_t{256} * 1024;  // of the body, until the library starts
constexpr std::size_t max_signatures = DkimLimits{}.signatures;
constexpr std::size_t max_tag = 1000;     // its buffer for c= and q= has 1,025 octets
constexpr std::size_t max_fields = 4000;  // its buffer for h= has 4,096
constexpr std::size_t max_identity = 250;
constexpr std::size_t max_key = 1000;  // its buffer for a key record has 1,025

std::string wrong_about(std::string_view what) {
  return fmt::format("libopendkim is known to be wrong about {}", what);
}

// A CR that does not begin a CRLF; `next` is what follows the text.
bool has_bare_cr(std::string_view text, char next) {
  for (auto at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if ((at + 1 < text.size() ? text[at + 1] : next) != '\n') return true;
  }
  return false;
}

bool is_number(const TagList& list, std::string_view name) {
  const Tag* const tag = list.find(name);
  return tag == nullptr || parse_number(tag->value).has_value();
}

// "" when the library may see the names and sizes of the tags.
std::string objection_to_tags(const TagList& list, std::string_view field_value) {
  for (const Tag& tag : list.tags()) {
    const auto same = [&](const Tag& other) { return equal_ascii(other.name, tag.name); };
    if (std::ranges::count_if(list.tags(), same) > 1)
      return wrong_about("tags that differ in case only");
    // It cuts out the value of whatever ends in "b=".
    if (tag.name != "b" && tag.name.ends_with('b'))
      return wrong_about("tags whose names end in \"b\"");
    if (tag.name == "b" && field_value[tag.value_begin - 2] != 'b')
      return wrong_about("a blank before the \"=\" of b=");
    if ((tag.name == "c" || tag.name == "q") && tag.value.size() > max_tag)
      return fmt::format("{}= has more than {} octets", tag.name, max_tag);
  }
  if (list.value("h").size() > max_fields)
    return fmt::format("h= has more than {} octets", max_fields);
  if (list.value("i").size() > max_identity)
    return fmt::format("i= has more than {} octets", max_identity);
  return {};
}

// "" when libopendkim survives the field and judges it rightly.
std::string objection_to(std::string_view field_value) {
  if (!is_ascii(field_value)) return wrong_about("signatures that are not ASCII (RFC 8616)");
  const auto list = TagList::parse(field_value);
  if (!list) return wrong_about("tag lists that are malformed; " + list.error().text);
  if (auto objection = objection_to_tags(*list, field_value); !objection.empty()) return objection;
  if (equal_ascii(list->value("a"), "rsa-sha1"))
    return wrong_about("rsa-sha1, which it accepts (RFC 8301)");
  for (const std::string_view name : {"t", "x", "l"}) {
    if (!is_number(*list, name)) return wrong_about(fmt::format("{}= without a number", name));
  }
  const auto methods = colon_list(list->value("q", "dns/txt"));
  if (std::ranges::find(methods, "dns/txt") == methods.end())
    return wrong_about("q= without dns/txt");
  if (std::ranges::count(list->value("i"), '@') > 1) return wrong_about("i= with several \"@\"");
  for (const std::string& name : colon_list(list->value("h"))) {
    if (name.empty()) return wrong_about("empty names in h=");
    // When h= takes every field of the message and names one more, it writes behind its array.
    if (equal_ascii(name, "DKIM-Signature")) return wrong_about("h= with DKIM-Signature");
  }
  return {};
}

// "" when the library may see the header as a whole.
std::string objection_to(const HeaderList& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    const bool plain_name =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
    const bool plain_value = std::ranges::none_of(value, [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && !is_wsp(c) && c != '\r' && c != '\n');
    });
    if (!plain_name || !plain_value || name.find(';') != std::string_view::npos ||
        has_bare_cr(value, '\0')) {
      return wrong_about("control characters in the header; field " + for_log(name, 40));
    }
  }
  return {};
}

// Its clock is the machine's. "" when that makes no difference to the answer.
std::string clock_objection(const DkimResult& ours, WallTime now) {
  if (!ours.tags) return {};
  const auto seconds = [](auto time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  const auto machine =
      static_cast<std::uint64_t>(std::max<std::int64_t>(seconds(SystemClock().now()), 0));
  const auto judged = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds(now), 0));
  if (ours.tags->signed_at && *ours.tags->signed_at > machine)
    return "libopendkim takes a t= in the future for an error";
  if (ours.tags->expires_at &&
      (machine >= *ours.tags->expires_at) != (judged > *ours.tags->expires_at))
    return "libopendkim judges x= by the machine's clock";
  return {};
}

// RFC 6376 erratum 3017: p= holds a bare RSAPublicKey, whose first member is a number.
bool is_bare_rsa_key(std::string_view octets) {
  if (octets.size() < 6 || octets[0] != 0x30) return false;
  const auto length = static_cast<unsigned char>(octets[1]);
  const std::size_t at = 2u + (length & 0x80 ? length & 0x7fu : 0u);
  return at < octets.size() && octets[at] == 0x02;
}

// "" when libopendkim reads the key record as RFC 6376 §3.6.1 says.
std::string objection_to_key(std::string_view text) {
  if (text.size() > max_key)
    return fmt::format("the key record has {} octets, libopendkim takes {}", text.size(), max_key);
  if (!is_ascii(text)) return wrong_about("key records that are not ASCII");
  const auto list = TagList::parse(text);
  if (!list) return wrong_about("key records that are malformed; " + list.error().text);
  const Tag* const version = list->find("v");
  if (version != nullptr && version != &list->tags().front())
    return wrong_about("v= that is not first in the key record");
  const auto key = from_base64(without_blanks(list->value("p")));
  if (!key) return wrong_about("p= that is no base64");
  if (list->value("k", "rsa") == "rsa" && is_bare_rsa_key(*key))
    return wrong_about("bare RSA keys in p= (RFC 6376 erratum 3017)");
  return {};
}

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

  // The key could not be fetched.
  bool failed(DKIM_SIGINFO* signature) const { return failures_.count(signature) > 0; }
  std::string failure(DKIM_SIGINFO* signature) const { return failures_.at(signature); }
  // The key was withheld from the library.
  std::string objection(DKIM_SIGINFO* signature) const {
    const auto known = objections_.find(signature);
    return known == objections_.end() ? std::string() : known->second;
  }

 private:
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
    std::string objection = answer.texts.size() > 1 ? wrong_about("several key records at one name")
                                                    : objection_to_key(answer.texts.front());
    const std::string& record = answer.texts.front();
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
  std::map<DKIM_SIGINFO*, std::string> failures_;
  std::map<DKIM_SIGINFO*, std::string> objections_;
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
  if (keys.failed(signature)) return {.result = "temperror", .reason = keys.failure(signature)};
  const int error = dkim_sig_geterror(signature);
  const bool passed = (dkim_sig_getflags(signature) & DKIM_SIGFLAG_PASSED) != 0;
  const int body = dkim_sig_getbh(signature);
  if (passed && body == DKIM_SIGBH_MATCH && error == DKIM_SIGERROR_OK)
    return {.result = "pass", .reason = {}};
  const char* const words = dkim_sig_geterrorstr(error);
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
  explicit Dkim(const HeaderList& headers) : headers_(headers), trouble_(objection_to(headers)) {
    for (std::size_t i = 0; i < headers.size(); ++i) {
      if (!equal_ascii(headers[i].name, "DKIM-Signature")) continue;
      Field& field = fields_.emplace_back();
      field.header_index = i;
      field.objection = fields_.size() > max_signatures
                            ? fmt::format("more than {} signatures", max_signatures)
                            : objection_to(headers[i].value);
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
    if (auto objection = clock_objection(ours, now); !objection.empty())
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
    if (split_cr || has_bare_cr(chunk, '\n')) return withhold(wrong_about("a bare CR in the body"));
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
      withhold(wrong_about("a body that does not end in CRLF"));
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
    : sources_(sources) {
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
