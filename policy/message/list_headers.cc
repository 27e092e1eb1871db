// SPDX-License-Identifier: Apache-2.0
//
// RFC 2369 §2 and RFC 2919 §3.
#include "policy/message/list_headers.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_list_id = 255;  // RFC 2919 §3

constexpr bool is_blank(char c) { return is_wsp(c) || c == '\r' || c == '\n'; }

// The place behind blanks and comments from `at` on; npos when a comment is not closed.
std::size_t skip_cfws(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(') {
      ++depth;
    } else if (depth > 0) {
      if (c == ')') --depth;
      if (c == '\\') ++at;
    } else if (!is_blank(c)) {
      return at;
    }
  }
  return depth > 0 ? std::string_view::npos : text.size();
}

// Reads one field; stops at its first fault.
class ListReader {
 public:
  explicit ListReader(std::string_view text) : text_(text) {}

  ListUrls read() {
    if (!skip()) return std::move(out_);
    if (here_ == text_.size()) {
      fault(ListFault::Kind::empty, "the field is empty");
      return std::move(out_);
    }
    if (is_no()) {
      out_.is_no = true;
      return std::move(out_);
    }
    while (read_url() && read_comma()) {
    }
    return std::move(out_);
  }

 private:
  void fault(ListFault::Kind kind, std::string_view what) {
    out_.fault = ListFault{kind, here_, fmt::format("{}", what)};
  }

  std::string found() const { return excerpt(trim(text_.substr(here_)), 40); }

  bool skip() {
    const std::size_t next = skip_cfws(text_, here_);
    if (next == std::string_view::npos) {
      fault(ListFault::Kind::open_comment, fmt::format("comment not closed at octet {}", here_));
      return false;
    }
    here_ = next;
    return true;
  }

  bool is_no() const {
    if (!starts_with_ascii(text_.substr(here_), "no")) return false;
    return skip_cfws(text_, here_ + 2) == text_.size();
  }

  bool read_url() {
    if (text_[here_] != '<') {
      fault(ListFault::Kind::no_brackets,
            fmt::format("expected \"<\" at octet {}, found \"{}\"", here_, found()));
      return false;
    }
    const std::size_t end = text_.find_first_of("<>", here_ + 1);
    if (end == std::string_view::npos) {
      fault(ListFault::Kind::open_bracket, fmt::format("no \">\" after \"{}\"", found()));
      return false;
    }
    if (text_[end] == '<') {
      fault(ListFault::Kind::nested, fmt::format("\"<\" inside \"{}\"", found()));
      return false;
    }
    ListUrl url;
    for (const char c : text_.substr(here_ + 1, end - here_ - 1)) {
      if (is_blank(c)) {
        url.had_blanks = true;
      } else {
        url.text += c;
      }
    }
    if (url.text.empty()) {
      fault(ListFault::Kind::empty_url, fmt::format("nothing in the brackets at octet {}", here_));
      return false;
    }
    out_.urls.push_back(std::move(url));
    here_ = end + 1;
    return true;
  }

  // True when another URL must follow.
  bool read_comma() {
    if (!skip() || here_ == text_.size()) return false;
    if (text_[here_] != ',') {
      fault(ListFault::Kind::no_comma,
            fmt::format("expected \",\" at octet {}, found \"{}\"", here_, found()));
      return false;
    }
    ++here_;
    if (!skip()) return false;
    if (here_ == text_.size()) {
      fault(ListFault::Kind::ends_in_comma, "nothing after the last comma");
      return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t here_ = 0;
  ListUrls out_;
};

tl::unexpected<Error> refuse(std::string text) { return fail(Code::syntax, std::move(text)); }

// The place of "<" behind the phrase (RFC 5322 §3.2.5, dots as RFC 5322 §4.1 reads them).
Result<std::size_t> skip_phrase(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    at = skip_cfws(text, at);
    if (at == std::string_view::npos) return refuse("a comment is not closed");
    if (at == text.size()) return refuse("expected \"<\" and an identifier");
    if (text[at] == '<') return at;
    if (text[at] == '"') {
      do {
        at += at < text.size() && text[at] == '\\' ? 2u : 1u;
      } while (at < text.size() && text[at] != '"');
      if (at >= text.size()) return refuse("a quoted string is not closed");
      ++at;
    } else if (is_atext(text[at]) || text[at] == '.') {
      ++at;
    } else {
      return refuse(fmt::format("\"{}\" must be quoted in the name before \"<\"",
                                for_log(text.substr(at, 1))));
    }
  }
}

}  // namespace

ListUrls parse_list_urls(std::string_view value) { return ListReader(value).read(); }

Result<std::string> parse_list_id(std::string_view value) {
  ICM_TRY(const std::size_t open, skip_phrase(value));
  const std::size_t close = value.find('>', open);
  if (close == std::string_view::npos) return refuse("no \">\" after the identifier");
  // RFC 2919 §3: no comments here, unlike in most fields.
  if (!trim(value.substr(close + 1)).empty()) return refuse("something follows the \">\"");
  const std::string_view id = value.substr(open + 1, close - open - 1);
  if (id.size() > longest_list_id) {
    return refuse(fmt::format("the identifier has {} octets, at most 255 are allowed", id.size()));
  }
  const bool is_ascii =
      std::ranges::none_of(id, [](char c) { return static_cast<unsigned char>(c) > 127; });
  if (!is_ascii || !is_dot_atom(id) || id.find('.') == std::string_view::npos) {
    return refuse(
        fmt::format("\"{}\" is no identifier: labels joined by dots, without blanks", excerpt(id)));
  }
  return std::string(id);
}

}  // namespace icm
