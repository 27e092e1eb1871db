// SPDX-License-Identifier: Apache-2.0
//
// From the words of a refusal to the fix: one index, as icloud-milter-rules(7) and as
// policy/rules.md.
#pragma once

#include <string>

#include "milter/ctl/manual/man_pages.h"

namespace icm::ctl {

ManualPage rules_page();

// The same with a link to each policy's page.
std::string rules_markdown();

}  // namespace icm::ctl
