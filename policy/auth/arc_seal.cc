// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/arc_seal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/auth/auth_results.h"
#include "policy/auth/auth_results_grammar.h"
#include "policy/auth/authserv_id.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t line_length = 76;  // RFC 5322 §2.1.1 wants 78 with the fold's blank

constexpr std::string_view oversigned[] = {"from",
                                           "sender",
                                           "to",
                                           "cc",
                                           "subject",
                                           "date",
                                           "reply-to",
                                           "message-id",
                                           "mime-version",
                                           "content-type",
                                           "content-transfer-encoding"};
constexpr std::string_view signed_when_there[] = {"from",
                                                  "sender",
                                                  "reply-to",
                                                  "subject",
                                                  "date",
                                                  "message-id",
                                                  "to",
                                                  "cc",
                                                  "in-reply-to",
                                                  "references",
                                                  "resent-from",
                                                  "resent-to",
                                                  "resent-cc",
                                                  "resent-date",
                                                  "resent-message-id",
                                                  "list-id",
                                                  "list-help",
                                                  "list-post",
                                                  "list-owner",
                                                  "list-archive",
                                                  "list-subscribe",
                                                  "list-unsubscribe",
                                                  "list-unsubscribe-post",
                                                  "feedback-id",
                                                  "mime-version",
                                                  "content-type",
                                                  "content-transfer-encoding",
                                                  "content-disposition",
                                                  "content-id",
                                                  "content-description",
                                                  "auto-submitted",
                                                  "dkim-signature"};

// Collects words into lines, folded before the word that would not fit.
class Folder {
 public:
  // `glue` stands before the word when it stays on the line, and is dropped at a fold when blank.
  void add(std::string_view word, std::string_view glue = " ") {
    if (!text_.empty() && column_ + glue.size() + word.size() > line_length) {
      text_ += "\r\n ";
      column_ = 1;
    } else if (!text_.empty()) {
      text_ += glue;
      column_ += glue.size();
    }
    text_ += word;
    column_ += word.size();
  }
  void new_line() { column_ = line_length; }

  // A long run that may be folded anywhere, such as base64.
  void add_run(std::string_view run) {
    for (; !run.empty(); run.remove_prefix(std::min(run.size(), line_length - 4))) {
      add(run.substr(0, line_length - 4), "");
      new_line();
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t column_ = 26;  // about the longest field name with its colon
};

std::string folded_words(std::string_view text) {
  Folder folder;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) folder.add(word);
  }
  return folder.take();
}

// Everything behind the authserv-id of a field body that was parsed before: comments and quoted
// strings may hold semicolons of their own.
std::string_view payload_of(std::string_view value) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\') {
      ++i;
    } else if (quoted) {
      quoted = c != '"';
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      depth = std::max(depth - 1, 0);
    } else if (depth == 0 && c == '"') {
      quoted = true;
    } else if (depth == 0 && c == ';') {
      return value.substr(i + 1);
    }
  }
  return {};
}

bool has_overlong_word(std::string_view text) {
  constexpr std::size_t longest = 900;  // RFC 5322 §2.1.1: 998, the name of the field included
  return std::ranges::any_of(split(text, ' '),
                             [](std::string_view word) { return word.size() > longest; });
}

// One line of printable ASCII, without the comments that hold a semicolon or a quote.
std::string tidy_payload(std::string_view payload) {
  std::string tidy;
  std::string comment;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    char c = payload[i];
    if (c == '\r' || c == '\n' || c == '\t') c = ' ';
    if (c < ' ' || c > '~') c = '?';
    std::string unit(1, c);
    if (c == '\\' && i + 1 < payload.size()) {
      const char escaped = payload[++i];
      // A blank needs no backslash, and a fold must not stand behind one.
      unit = is_blank(escaped) ? " " : unit + (escaped > ' ' && escaped <= '~' ? escaped : '?');
    } else if (depth == 0 && c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && c == ')' && depth > 0 && --depth == 0) {
      comment += unit;
      if (comment.find_first_of(";\"") == std::string::npos) tidy += comment;
      comment.clear();
      continue;
    }
    std::string& to = depth > 0 ? comment : tidy;
    if (!quoted && unit == " " && to.ends_with(' ')) continue;
    to += unit;
  }
  std::string_view text = trim(tidy);
  while (text.ends_with(';')) text = trim(text.substr(0, text.size() - 1));
  return std::string(text);
}

std::string message_signature(const ArcSealing& sealing, int instance,
                              const std::vector<std::string>& fields,
                              const Sha256Digest& body_hash) {
  Folder folder;
  folder.add(fmt::format("i={};", instance));
  folder.add(fmt::format("a={}-sha256;", to_string(sealing.key.type())));
  folder.add("c=relaxed/relaxed;");
  folder.add(fmt::format("d={};", sealing.domain));
  folder.add(fmt::format("s={};", sealing.selector));
  folder.add(fmt::format("t={};", sealing.timestamp));
  folder.new_line();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool first = i == 0;
    folder.add(
        fmt::format("{}{}{}", first ? "h=" : "", fields[i], i + 1 == fields.size() ? ";" : ":"),
        first ? " " : "");
  }
  folder.add(fmt::format("bh={};", to_base64(octets_of(body_hash))));
  folder.add("b=");
  return folder.take();
}

std::string seal_without_signature(const ArcSealing& sealing, int instance, ChainValue cv) {
  Folder folder;
  folder.add(fmt::format("i={};", instance));
  folder.add(fmt::format("a={}-sha256;", to_string(sealing.key.type())));
  folder.add(fmt::format("t={};", sealing.timestamp));
  folder.add(fmt::format("cv={};", to_string(cv)));
  folder.add(fmt::format("d={};", sealing.domain));
  folder.add(fmt::format("s={};", sealing.selector));
  folder.add("b=");
  return folder.take();
}

// `value` ends in "b="; the signature follows on lines of its own.
std::string with_signature(std::string value, std::string_view signature) {
  Folder folder;
  folder.new_line();
  folder.add_run(to_base64(signature));
  return value + "\r\n " + folder.take();
}

// The header as it will be: the new set's fields on top of the old ones.
HeaderList with_set_on_top(const HeaderList& headers, const ArcSetValues& set) {
  HeaderList combined;
  combined.add(arc_seal_field, " " + set.seal);
  combined.add(arc_message_field, " " + set.message);
  combined.add(arc_results_field, " " + set.results);
  for (std::size_t i = 0; i < headers.size(); ++i) combined.add(headers[i].name, headers[i].value);
  return combined;
}

struct Next {
  int instance = 1;
  ChainValue cv = ChainValue::none;
};

Result<Next> next_set(const ArcResult& chain) {
  switch (chain.status) {
    case ArcStatus::none:
      return Next{};
    case ArcStatus::temp_error:
      return fail(Code::temporary,
                  fmt::format("the chain could not be validated: {}", chain.reason));
    case ArcStatus::pass:
    case ArcStatus::fail:
      break;
  }
  // §5.1.2 and §5.2: nobody adds to a chain that has ended.
  if (chain.ended)
    return fail(Code::permanent,
                fmt::format("the chain has ended: i={} says cv=fail", chain.instance));
  if (chain.instance >= max_arc_instances) {
    return fail(Code::permanent,
                fmt::format("the chain stands at {} sets, no more are allowed", max_arc_instances));
  }
  return Next{chain.instance + 1,
              chain.status == ArcStatus::pass ? ChainValue::pass : ChainValue::fail};
}

// What an h= can say: names of fields (RFC 5322 §2.2), but none that would end the tag.
Status check_fields(const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    const bool is_name = !field.empty() && std::ranges::all_of(field, [](char c) {
      return c > ' ' && c <= '~' && c != ':' && c != ';';
    });
    if (!is_name)
      return fail(Code::config,
                  fmt::format("h=: expected the name of a field, got \"{}\"", for_log(field, 40)));
    // RFC 8617 §4.1.2: ARC-Seal MUST NOT be signed here.
    if (equal_ascii(field, arc_seal_field))
      return fail(Code::config, "h=: ARC-Seal must not be signed (RFC 8617 section 4.1.2)");
  }
  return {};
}

}  // namespace

std::vector<std::string> sealed_fields(const HeaderList& headers) {
  std::vector<std::string> fields;
  for (const std::string_view name : signed_when_there) {
    const bool once_more = std::ranges::find(oversigned, name) != std::end(oversigned);
    fields.insert(fields.end(), headers.count(name) + (once_more ? 1 : 0), std::string(name));
  }
  return fields;
}

std::string results_payload(std::vector<MethodResult> results) {
  AuthenticationResults field;
  field.authserv_id = "x";
  field.results = std::move(results);
  const std::string payload = tidy_payload(payload_of(to_field_value(field)));
  return payload.empty() ? "none" : payload;
}

std::string collect_results(const HeaderList& headers, std::string_view authserv_id) {
  std::string collected;
  for (const HeaderField& field : headers.all(auth_results_field)) {
    const auto parsed = AuthenticationResults::parse(field.value);
    if (!parsed || parsed->results.empty() ||
        !is_same_authserv_id(parsed->authserv_id, authserv_id))
      continue;
    std::string payload = tidy_payload(payload_of(field.value));
    // A word that no line can hold: what can be written is written anew.
    if (has_overlong_word(payload)) payload = results_payload(parsed->results);
    if (!payload.empty()) collected += (collected.empty() ? "" : "; ") + payload;
  }
  return collected.empty() ? "none" : collected;
}

Result<ArcSetValues> make_arc_set(const HeaderList& headers, const ArcHeaders& sets,
                                  const ArcResult& chain, std::string_view results,
                                  const Sha256Digest& body_hash, const ArcSealing& sealing) {
  ICM_TRY(const Next next, next_set(chain));
  ArcSetValues set;
  set.instance = next.instance;
  set.results =
      folded_words(fmt::format("i={}; {}; {}", next.instance, sealing.authserv_id, results));

  SignatureTags tags;
  tags.header_form = Canonicalization::relaxed;
  tags.fields = sealing.fields.empty() ? sealed_fields(headers) : sealing.fields;
  ICM_CHECK(check_fields(tags.fields));
  for (std::string& field : tags.fields) field = lower_ascii(field);
  set.message = message_signature(sealing, next.instance, tags.fields, body_hash);
  HeaderList with_results;
  with_results.add(arc_results_field, " " + set.results);
  for (std::size_t i = 0; i < headers.size(); ++i)
    with_results.add(headers[i].name, headers[i].value);
  ICM_TRY(const std::string message_signed,
          sealing.key.sign(hash_header(with_results, tags, {arc_message_field, set.message})));
  set.message = with_signature(std::move(set.message), message_signed);

  set.seal = seal_without_signature(sealing, next.instance, next.cv);
  const HeaderList combined = with_set_on_top(headers, set);
  std::vector<ArcSet> scope;
  if (next.cv == ChainValue::pass) {
    for (ArcSet old : sets.sets) {
      old.results += 3;
      old.message += 3;
      old.seal += 3;
      scope.push_back(std::move(old));
    }
  }
  ArcSet own;
  own.seal = 0;
  own.message = 1;
  own.results = 2;
  scope.push_back(std::move(own));
  ICM_TRY(const std::string seal_signed,
          sealing.key.sign(sha256(seal_scope(combined, scope, scope.size() - 1))));
  set.seal = with_signature(std::move(set.seal), seal_signed);
  return set;
}

}  // namespace icm
