// SPDX-License-Identifier: Apache-2.0
//
// The rules of every policy by name, as milter.conf, the log and the manuals know them.
#pragma once

#include <string_view>
#include <vector>

namespace icm {

struct Rule {
  std::string_view policy;    // "list_unsubscribe"
  std::string_view name;      // "post-missing"; findings carry "list_unsubscribe.post-missing"
  std::string_view sentence;  // what it asks for
};

// Every rule, policy by policy, in the order of rules.inc. Static storage.
const std::vector<Rule>& all_rules();

// The names of a policy's rules; empty for a policy that rules.inc does not know.
std::vector<std::string_view> rules_of(std::string_view policy);

}  // namespace icm
