// SPDX-License-Identifier: Apache-2.0
//
// What the rules say when they refuse, for the manuals: from the words of a bounce to the fix.
#pragma once

#include <string_view>
#include <vector>

namespace icm {

struct KnownRefusal {
  std::string_view policy;  // "format"
  std::string_view rule;    // "from-missing"
  std::string_view reply;   // "550 5.6.0", several with commas between; "advice" or "done"
  std::string_view words;   // of the reply, behind the rule's name; "…" stands for what varies
  std::string_view fix;
};

// One for every rule, in the order of rules.inc. Static storage.
const std::vector<KnownRefusal>& known_refusals();

}  // namespace icm
