// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_lines.h"

#include <cerrno>
#include <cstring>

namespace icm::ctl {
namespace {

constexpr std::size_t piece = 256 * 1024;

}  // namespace

// Moves the rest to the front and reads behind it.
Status LineReader::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + piece);
  const std::size_t size = std::fread(buffer_.data() + kept, 1, piece, file_);
  buffer_.resize(kept + size);
  if (size == piece) return {};
  if (std::ferror(file_) != 0) {
    return fail(Code::temporary, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  at_end_ = true;
  return {};
}

Status LineReader::drop_line() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', begin_);
    begin_ = std::min(end, buffer_.size() - 1) + 1;
    if (end != std::string::npos || at_end_) return {};
    ICM_CHECK(fill());
    if (buffer_.empty()) return {};
  }
}

Result<std::optional<Line>> LineReader::next() {
  constexpr std::size_t longest = max_line_octets + 1;  // with a CR, which is not the line's
  std::size_t end = buffer_.find('\n', begin_);
  while (end == std::string::npos && !at_end_ && buffer_.size() - begin_ <= longest) {
    ICM_CHECK(fill());
    end = buffer_.find('\n', begin_);
  }
  if (begin_ == buffer_.size()) return std::nullopt;
  Line line{.number = ++number_, .text = {}, .is_too_long = false};
  const std::size_t size = std::min(end, buffer_.size()) - begin_;
  line.is_too_long = size > longest;
  if (line.is_too_long) {
    ICM_CHECK(drop_line());
    return line;
  }
  line.text = std::string_view(buffer_).substr(begin_, size);
  begin_ = std::min(begin_ + size + 1, buffer_.size());
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  if (line.text.size() > max_line_octets)
    line = {.number = number_, .text = {}, .is_too_long = true};
  return line;
}

Result<bool> LineReader::skip(std::string_view prefix) {
  while (buffer_.size() - begin_ < prefix.size() && !at_end_) ICM_CHECK(fill());
  if (!std::string_view(buffer_).substr(begin_).starts_with(prefix)) return false;
  begin_ += prefix.size();
  return true;
}

Status skip_byte_order_mark(LineReader& lines) {
  for (const std::string_view mark : {std::string_view("\xff\xfe"), std::string_view("\xfe\xff")}) {
    ICM_TRY(const bool is_marked, lines.skip(mark));
    if (is_marked) {
      return fail(Code::syntax, "expected UTF-8, found UTF-16; save the file as UTF-8");
    }
  }
  ICM_CHECK(lines.skip("\xef\xbb\xbf"));
  return {};
}

}  // namespace icm::ctl
