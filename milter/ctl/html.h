// SPDX-License-Identifier: Apache-2.0
//
// The door through which text goes into HTML.
#pragma once

#include <string>
#include <string_view>

namespace icm::ctl {

// `text` as HTML shows it, between tags or in a quoted attribute: nothing in it begins a tag, ends
// the attribute or names a character. Other octets stay as they are.
std::string escaped_html(std::string_view text);

}  // namespace icm::ctl
