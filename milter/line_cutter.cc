// SPDX-License-Identifier: Apache-2.0
#include "milter/line_cutter.h"

#include <cstring>

namespace icm {
namespace {

// What one read(2) may bring. Larger ones were not faster and fall out of the second-level cache.
constexpr std::size_t chunk = 256u << 10;

}  // namespace

LineCutter::LineCutter(std::size_t longest) : longest_(longest), buffer_(chunk) {}

std::span<char> LineCutter::room() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (end_ > longest_) {  // next() found no LF in it
    dropping_ = true;
    end_ = scanned_ = 0;
  }
  if (buffer_.size() - end_ < chunk / 2) buffer_.resize(buffer_.size() + chunk);
  return {buffer_.data() + end_, buffer_.size() - end_};
}

void LineCutter::filled(std::size_t count) { end_ += count; }

std::optional<LineCutter::Line> LineCutter::next() {
  const char* from = buffer_.data() + scanned_;
  const auto* feed = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
  if (feed == nullptr) {
    scanned_ = end_;
    return std::nullopt;
  }
  const std::string_view text(buffer_.data() + begin_, feed);
  scanned_ = begin_ = static_cast<std::size_t>(feed - buffer_.data()) + 1;
  const bool too_long = dropping_ || text.size() > longest_;
  dropping_ = false;
  return Line{too_long ? std::string_view() : text, ++lines_, too_long};
}

std::optional<LineCutter::Line> LineCutter::rest() {
  const std::string_view text(buffer_.data() + begin_, end_ - begin_);
  const bool too_long = dropping_ || text.size() > longest_;
  if (text.empty() && !too_long) return std::nullopt;
  begin_ = scanned_ = end_ = 0;
  dropping_ = false;
  return Line{too_long ? std::string_view() : text, ++lines_, too_long};
}

void LineCutter::restart() {
  begin_ = scanned_ = end_ = 0;
  lines_ = 0;
  dropping_ = false;
}

}  // namespace icm
