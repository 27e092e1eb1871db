// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a reply table that could be read: entries that nothing reaches, and actions
// that would harm somebody for a fault that is not theirs.
#pragma once

#include <string>
#include <vector>

#include "policy/replies/reply_table.h"

namespace icm {

// One sentence each, the entry's id in front; none for a good table.
std::vector<std::string> check_reply_table(const ReplyTable& table);

// Whether this entry's action may be taken for its scope, class and nature: the rule that no
// address suffers for what is not its own. Empty when it may; otherwise why not.
std::string why_action_is_wrong(const ReplyEntry& entry);

}  // namespace icm
