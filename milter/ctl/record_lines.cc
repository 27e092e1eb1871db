// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/record_lines.h"

namespace icm::ctl {

Status RecordLines::begin() {
  const Status is_text = skip_byte_order_mark(lines_);
  return is_text ? is_text : fail_at(name_, is_text.error());
}

Result<std::optional<std::string_view>> RecordLines::next() {
  if (held_back_) {
    first_ = *std::move(held_back_);
    held_back_.reset();
    return first_;
  }
  const Result<std::optional<Line>> read = lines_.next();
  if (!read) return fail_at(name_, read.error());
  if (!*read) return std::nullopt;
  number_ = (*read)->number;
  if ((*read)->is_too_long) {
    return fail(Code::syntax, fmt::format("expected a line of at most {} octets", max_line_octets));
  }
  return (*read)->text;
}

}  // namespace icm::ctl
