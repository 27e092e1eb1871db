// SPDX-License-Identifier: Apache-2.0
//
// Writing Authentication-Results. Whatever the parts hold, what comes out is the grammar.
#include "policy/auth/auth_results.h"

#include "policy/auth/auth_results_grammar.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t line_length = 78;    // RFC 5322 §2.1.1, SHOULD
constexpr std::size_t longest_word = 900;  // the MUST there is 998 octets, name and blanks included

// Words, one blank or one fold between any two.
class FoldedText {
 public:
  explicit FoldedText(std::string_view field_name) : column_(field_name.size() + 2) {}

  void add(std::string_view word) {
    if (!text_.empty()) {
      const bool fits = column_ + 1 + word.size() <= line_length;
      text_ += fits ? " " : "\r\n ";
      column_ = fits ? column_ + 1 : 1;
    }
    text_ += word;
    column_ += word.size();
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t column_;
};

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) safe += c >= ' ' && c < 0x7f ? c : '?';
  return safe;
}

std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// RFC 8601 §2.2 value. "?" is a tspecial, so what had to be replaced is quoted.
std::string value_of(std::string_view text) {
  const std::string safe = printable(text);
  return is_token(safe) ? safe : quoted_string(safe);
}

// RFC 8601 §2.2 pvalue.
std::string pvalue_of(std::string_view text) {
  const std::string safe = printable(text);
  return is_address_value(safe) ? safe : value_of(safe);
}

// "method=result", then each further part as a word of its own; empty when it cannot be written.
std::vector<std::string> words_of(const MethodResult& result) {
  if (!is_keyword(result.method) || !is_keyword(result.result)) return {};
  std::string method = lower_ascii(result.method);
  if (result.version != 1) method += fmt::format("/{}", result.version);
  std::vector<std::string> words = {fmt::format("{}={}", method, lower_ascii(result.result))};
  if (!result.reason.empty()) words.push_back("reason=" + value_of(result.reason));
  for (const ResultProperty& one : result.properties) {
    if (!is_keyword(one.ptype) || !is_keyword(one.property)) continue;
    words.push_back(fmt::format("{}.{}={}", lower_ascii(one.ptype), lower_ascii(one.property),
                                pvalue_of(one.value)));
  }
  if (words.front().size() > longest_word) return {};
  std::erase_if(words, [](const std::string& word) { return word.size() > longest_word; });
  return words;
}

}  // namespace

std::string to_field_value(const AuthenticationResults& results) {
  std::string id = value_of(results.authserv_id);
  if (id.size() > longest_word) id = "\"\"";
  std::vector<std::string> words = {std::move(id)};
  if (results.version != 1) words.push_back(fmt::format("{}", results.version));
  bool has_result = false;
  for (const MethodResult& result : results.results) {
    const std::vector<std::string> further = words_of(result);
    if (further.empty()) continue;
    has_result = true;
    words.back() += ';';
    words.insert(words.end(), further.begin(), further.end());
  }
  if (!has_result) {
    words.back() += ';';
    words.push_back("none");
  }
  FoldedText text(auth_results_field);
  for (const std::string& word : words) text.add(word);
  return text.take();
}

}  // namespace icm
