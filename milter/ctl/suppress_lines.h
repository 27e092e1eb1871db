// SPDX-License-Identifier: Apache-2.0
//
// LineReader: a file of any size and any content, line by line, in bounded memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm::ctl {

// Room for an address, a source, a note of 1000 octets with every one of them a quote, and then
// some.
inline constexpr std::size_t max_line_octets = 16 * 1024;

struct Line {
  std::uint64_t number = 0;  // from 1
  std::string_view text;     // without its LF or CRLF; valid until the next call
  bool is_too_long = false;  // more than max_line_octets; `text` is empty then
};

class LineReader {
 public:
  // `file` stays the caller's and must outlive this.
  explicit LineReader(std::FILE* file) : file_(file) {}

  // The next line; nothing at the end of the file. A last line without LF is a line. An Error when
  // the file cannot be read further.
  [[nodiscard]] Result<std::optional<Line>> next();

  // Whether what is yet to come begins with these octets, which are taken off then.
  [[nodiscard]] Result<bool> skip(std::string_view prefix);

 private:
  [[nodiscard]] Status fill();
  [[nodiscard]] Status drop_line();

  std::FILE* file_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been handed out, in buffer_
  bool at_end_ = false;
  std::uint64_t number_ = 0;
};

// Takes a byte order mark of UTF-8 off the beginning. Code::syntax when there is one of UTF-16.
[[nodiscard]] Status skip_byte_order_mark(LineReader& lines);

}  // namespace icm::ctl
