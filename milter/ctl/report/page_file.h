// SPDX-License-Identifier: Apache-2.0
//
// Where a page is kept.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm::ctl::report {

// Puts the page at `path`, whole or not at all, readable by its owner and group: it names senders.
// Takes the place of an older page and of nothing else, since a log's name is soon typed there.
[[nodiscard]] Status write_page(const std::string& path, std::string_view page);

}  // namespace icm::ctl::report
