// SPDX-License-Identifier: Apache-2.0
//
// One decision for people: what was decided about whose mail, and why, finding by finding.
#pragma once

#include <string>
#include <string_view>

#include "milter/ctl/terminal.h"
#include "milter/decision_reader.h"

namespace icm::ctl {

// The colour of a disposition's name: accept, tag, quarantine, defer, reject.
Style style_of(std::string_view disposition);

// What a finding does or would do, and the reason of the difference:
// "reject", "would reject", "would defer", "disputed", "advice", "no effect"; of a service "done"
// or "not done".
std::string effect_of(const FindingRecord& finding);

// The heading of the columns of print_decision().
std::string decision_heading(const Terminal& terminal);

// A line with time (UTC), verdict, queue id, sender and recipients in columns, then for each
// finding a line with its effect and rule, and below it what was found, the fix, what Apple would
// say, and under the one that decided what the sender was told. Ends with LF. Nothing in it is as
// the message had it: control characters are gone.
std::string print_decision(const DecisionRecord& decision, const Terminal& terminal);

// The first line alone, with the rule that decided behind it, or what would have refused had it been
// enforced.
std::string print_brief(const DecisionRecord& decision, const Terminal& terminal);

// The findings alone, as above, each line begun with `indent` blanks.
std::string print_findings(const DecisionRecord& decision, int indent, const Terminal& terminal);

}  // namespace icm::ctl
