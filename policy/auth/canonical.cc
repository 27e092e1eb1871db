// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/canonical.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t buffer_size = 16u << 10;  // fits the first-level cache, few calls of the hash

}  // namespace

std::string_view to_string(Canonicalization form) {
  switch (form) {
    case Canonicalization::simple:
      return "simple";
    case Canonicalization::relaxed:
      return "relaxed";
  }
  return "invalid";
}

void append_canonical_header(std::string& to, const HeaderField& field, Canonicalization form) {
  if (form == Canonicalization::simple) {
    to.append(field.name).append(":").append(field.value).append("\r\n");
    return;
  }
  // §3.4.2: name in lower case, no blanks around the colon, folds undone, runs of blanks become
  // one space, none at the end.
  std::string_view name = field.name;
  while (!name.empty() && is_wsp(name.back())) name.remove_suffix(1);
  for (const char c : name) to += lower_ascii(c);
  to += ':';
  const std::size_t begin = to.size();
  bool blank = false;
  const std::string_view value = field.value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\r' && i + 1 < value.size() && value[i + 1] == '\n') {
      ++i;  // the CRLF of a fold
    } else if (is_wsp(c)) {
      blank = true;
    } else {
      if (blank && to.size() > begin) to += ' ';
      blank = false;
      to += c;
    }
  }
  to += "\r\n";
}

BodyCanonicalizer::BodyCanonicalizer(Canonicalization form, Sink sink)
    : form_(form), sink_(std::move(sink)) {
  buffer_.reserve(buffer_size);
}

void BodyCanonicalizer::put(char c) {
  if (buffer_.size() == buffer_size) flush();
  buffer_ += c;
}

void BodyCanonicalizer::put(std::string_view text) {
  while (!text.empty()) {
    if (buffer_.size() == buffer_size) flush();
    const std::size_t part = std::min(text.size(), buffer_size - buffer_.size());
    buffer_.append(text.substr(0, part));
    text.remove_prefix(part);
  }
}

void BodyCanonicalizer::flush() {
  if (!buffer_.empty()) sink_(buffer_);
  buffer_.clear();
}

void BodyCanonicalizer::write_empty_lines() {
  for (; empty_lines_ > 0; --empty_lines_) put("\r\n");
  any_ = true;
}

void BodyCanonicalizer::feed(std::string_view chunk) {
  form_ == Canonicalization::simple ? feed_simple(chunk) : feed_relaxed(chunk);
}

// §3.4.3: only empty lines at the end are ignored. Line ends are held back as `empty_lines_`: the
// end of a line with text counts too, and is owed in finish().
void BodyCanonicalizer::feed_simple(std::string_view chunk) {
  while (!chunk.empty()) {
    if (pending_cr_) {
      pending_cr_ = false;
      if (chunk.front() == '\n') {
        ++empty_lines_;
        chunk.remove_prefix(1);
        continue;
      }
      write_empty_lines();
      put('\r');  // a bare CR is an octet like any other
    }
    const std::size_t text = std::min(chunk.find('\r'), chunk.size());
    if (text > 0) {
      write_empty_lines();
      put(chunk.substr(0, text));
    }
    pending_cr_ = text < chunk.size();
    chunk.remove_prefix(std::min(text + 1, chunk.size()));
  }
}

// §3.4.4: blanks at a line's end go, other runs of blanks become one space; a line of blanks only
// is an empty line.
void BodyCanonicalizer::feed_relaxed(std::string_view chunk) {
  const auto text = [this] {
    if (empty_lines_ > 0 || !any_) write_empty_lines();
    if (pending_blank_) put(' ');
    pending_blank_ = false;
  };
  for (std::size_t at = 0; at < chunk.size();) {
    const char c = chunk[at];
    if (pending_cr_) {
      pending_cr_ = false;
      if (c == '\n') {
        pending_blank_ = false;
        ++empty_lines_;
        ++at;
        continue;
      }
      text();
      put('\r');
      continue;
    }
    if (c == '\r') {
      pending_cr_ = true;
      ++at;
      continue;
    }
    if (is_wsp(c)) {
      pending_blank_ = true;
      ++at;
      continue;
    }
    text();
    // The common stretch: words with single spaces between them, copied in one go.
    const std::size_t begin = at;
    while (at < chunk.size() && chunk[at] != '\r' && chunk[at] != '\t' &&
           (chunk[at] != ' ' || (at + 1 < chunk.size() && chunk[at + 1] != ' ' &&
                                 chunk[at + 1] != '\t' && chunk[at + 1] != '\r'))) {
      ++at;
    }
    put(chunk.substr(begin, at - begin));
  }
}

void BodyCanonicalizer::finish() {
  if (pending_cr_) {
    pending_cr_ = false;
    write_empty_lines();
    if (pending_blank_) put(' ');
    put('\r');
  }
  // A body that has text ends in exactly one CRLF, whether or not it came with one; an empty body
  // is one CRLF in simple form (§3.4.3) and nothing in relaxed form (§3.4.4).
  if (any_ || form_ == Canonicalization::simple) put("\r\n");
  flush();
}

}  // namespace icm
