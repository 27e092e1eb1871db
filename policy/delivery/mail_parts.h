// SPDX-License-Identifier: Apache-2.0
//
// The parts of a mail (RFC 2046 §5.1), as far as reading a report asks for it: one after the other,
// nested ones, too, each with what its Content-Transfer-Encoding took out of sight.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "policy/message/header.h"
#include "policy/message/structured.h"

namespace icm {

// Adds the fields at the beginning of `text` up to the first empty line; gives what is behind that.
// Lines end with CRLF or LF. What is no field is passed over.
std::string_view take_fields(std::string_view text, HeaderList& fields);

struct PartLimits {
  std::size_t parts;  // all in all
  std::size_t depth;  // of multiparts within each other
};

// Calls `see` with the type and the content of every part of `mail` that is no multipart.
void for_each_part(std::string_view mail, PartLimits limits,
                   const std::function<void(const ContentType&, std::string_view)>& see);

}  // namespace icm
