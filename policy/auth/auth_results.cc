// SPDX-License-Identifier: Apache-2.0
//
// Reading Authentication-Results: one cursor over octets that anybody wrote.
#include "policy/auth/auth_results.h"

#include "policy/auth/auth_results_grammar.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_field = 64 * 1024;
constexpr std::size_t most_results = 100;
constexpr std::size_t most_properties = 500;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<AuthenticationResults> read() {
    if (text_.size() > longest_field) {
      return fail(Code::syntax, fmt::format("{}: {} octets, at most {} are read",
                                            auth_results_field, text_.size(), longest_field));
    }
    skip_cfws();
    if (at_end()) {
      return fail(Code::syntax,
                  fmt::format("{}: expected an authserv-id, found nothing", auth_results_field));
    }
    read_head();
    if (at_end() && out_.results.empty()) odd("no result and no \"none\"");
    while (!at_end()) {
      ++here_;  // the semicolon
      read_statement();
      if (out_.results.size() > most_results || properties_ > most_properties) {
        return fail(Code::syntax, fmt::format("{}: more than {} results or {} properties",
                                              auth_results_field, most_results, most_properties));
      }
    }
    return std::move(out_);
  }

 private:
  bool at_end() const { return here_ == text_.size(); }
  bool at(char c) const { return !at_end() && text_[here_] == c; }
  bool at_statement_end() const { return at_end() || at(';'); }

  void odd(std::string_view what) {
    if (!out_.oddity.empty()) return;
    out_.oddity = fmt::format("at octet {}: {}", here_, what);
  }

  // RFC 5322 §3.2.2, comments nested without recursion.
  void skip_cfws() {
    while (!at_end()) {
      if (is_blank(text_[here_])) {
        ++here_;
      } else if (at('(')) {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    std::size_t depth = 0;
    while (!at_end()) {
      const char c = text_[here_++];
      if (c == '(') ++depth;
      if (c == ')' && --depth == 0) return;
      if (c == '\\' && !at_end()) ++here_;
    }
    odd("a comment is not closed");
  }

  std::string read_quoted() {
    std::string content;
    ++here_;
    while (!at_end()) {
      char c = text_[here_++];
      if (c == '"') return content;
      if (c == '\\' && !at_end()) c = text_[here_++];
      if (c == '\r' || c == '\n') continue;  // RFC 5322 §3.2.4: a fold is not part of it
      if (is_control(c)) odd("a control character in a quoted string");
      content += c;
    }
    odd("a quoted string is not closed");
    return content;
  }

  // Octets up to a blank, a comment, a semicolon or one of `ends`.
  std::string_view read_until(std::string_view ends) {
    const std::size_t begin = here_;
    while (!at_statement_end() && !at('(') && !is_blank(text_[here_]) &&
           ends.find(text_[here_]) == std::string_view::npos) {
      ++here_;
    }
    return text_.substr(begin, here_ - begin);
  }

  void skip_statement() {
    while (!at_statement_end()) {
      if (at('(')) {
        skip_comment();
      } else if (at('"')) {
        read_quoted();
      } else {
        ++here_;
      }
    }
  }

  // authserv-id [ CFWS authres-version ], up to the first semicolon.
  void read_head() {
    const std::size_t begin = here_;
    if (at('"')) {
      out_.authserv_id = read_quoted();
    } else {
      const std::string_view id = read_until("");
      skip_cfws();
      if (id.find('=') != std::string_view::npos || at('=')) {
        here_ = begin;
        odd("the authserv-id is missing");
        read_resinfo();
        return;
      }
      if (!is_token(id)) odd("the authserv-id is no token");
      out_.authserv_id = id;
    }
    skip_cfws();
    if (at_statement_end()) return;
    const std::string_view version = read_until("");
    const auto number = parse_number(version);
    if (number) out_.version = *number;
    skip_cfws();
    if (!number || !at_statement_end()) odd("expected a version or \";\" after the authserv-id");
    skip_statement();
  }

  void read_statement() {
    skip_cfws();
    if (at_statement_end()) {
      odd("nothing between semicolons");
    } else {
      read_resinfo();
    }
  }

  // One resinfo or no-result; the cursor stands on its first octet.
  void read_resinfo() {
    MethodResult result;
    result.method = lower_ascii(read_until("=/"));
    skip_cfws();
    if (result.method == "none" && at_statement_end()) {
      if (said_none_ || !out_.results.empty()) odd("\"none\" beside other results");
      said_none_ = true;
      return;
    }
    if (at('/')) read_method_version(result);
    if (!at('=')) {
      odd("expected method=result");
      skip_statement();
      return;
    }
    ++here_;
    skip_cfws();
    result.result = lower_ascii(read_until("="));
    if (!is_keyword(result.method)) odd("the method is no keyword");
    if (!is_keyword(result.result)) odd("the result is no keyword");
    if (said_none_) odd("\"none\" beside other results");
    read_properties(result);
    out_.results.push_back(std::move(result));
  }

  void read_method_version(MethodResult& result) {
    ++here_;
    skip_cfws();
    if (const auto number = parse_number(read_until("="))) {
      result.version = *number;
    } else {
      odd("the version of the method is no number");
    }
    skip_cfws();
  }

  // [ CFWS reasonspec ] [ CFWS 1*propspec ], and whatever else stands there.
  void read_properties(MethodResult& result) {
    for (skip_cfws(); !at_statement_end(); skip_cfws()) {
      const std::size_t begin = here_;
      std::string name = lower_ascii(read_until("=.\""));
      skip_cfws();
      std::string ptype;
      if (at('.')) {
        ++here_;
        skip_cfws();
        ptype = std::exchange(name, lower_ascii(read_until("=\"")));
        skip_cfws();
        if (!is_keyword(ptype) || !is_keyword(name)) odd("a property is no keyword");
      }
      if (at('=')) {
        ++here_;
        read_value(result, std::move(ptype), std::move(name));
      } else {
        odd("expected ptype.property=value");
        if (at('"')) read_quoted();
      }
      if (here_ == begin) ++here_;  // no octet can hold us up
    }
  }

  void read_value(MethodResult& result, std::string ptype, std::string name) {
    skip_cfws();
    std::string value = read_pvalue();
    if (!ptype.empty()) {
      ++properties_;
      result.properties.push_back({std::move(ptype), std::move(name), std::move(value)});
    } else if (name == "reason") {
      if (!result.reason.empty() || !result.properties.empty()) {
        odd("the reason must stand once, before the properties");
      }
      if (result.reason.empty()) result.reason = std::move(value);
    } else {
      odd("a property has no ptype");
      ++properties_;
      if (!name.empty()) result.properties.push_back({{}, std::move(name), std::move(value)});
    }
  }

  std::string read_pvalue() {
    if (!at('"')) {
      const std::string_view raw = read_until("");
      if (!is_token(raw) && !is_address_value(raw)) odd("a value is neither a word nor an address");
      return std::string(raw);
    }
    const std::size_t begin = here_;
    std::string content = read_quoted();
    if (!at('@')) return content;
    read_until("");  // a quoted local part: the quotes belong to the address
    std::string address = unfold(text_.substr(begin, here_ - begin));
    if (!is_address_value(address)) odd("a value is neither a word nor an address");
    return address;
  }

  std::string_view text_;
  std::size_t here_ = 0;
  std::size_t properties_ = 0;
  bool said_none_ = false;
  AuthenticationResults out_;
};

}  // namespace

std::string_view MethodResult::property(std::string_view ptype, std::string_view name) const {
  for (const ResultProperty& one : properties) {
    if (one.ptype == ptype && one.property == name) return one.value;
  }
  return {};
}

Result<AuthenticationResults> AuthenticationResults::parse(std::string_view value) {
  return Reader(value).read();
}

std::vector<const MethodResult*> AuthenticationResults::of(std::string_view method) const {
  std::vector<const MethodResult*> found;
  for (const MethodResult& result : results) {
    if (result.method == method) found.push_back(&result);
  }
  return found;
}

}  // namespace icm
