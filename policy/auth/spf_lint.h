// SPDX-License-Identifier: Apache-2.0
//
// What is wrong or unwise in the SPF records of a sender, whoever the client is: what receivers
// stumble on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/spf_budget.h"

namespace icm {

enum class SpfLintKind {
  no_record,         // there is none, or it could not be fetched
  several_records,   // RFC 7208 §4.5: permerror
  syntax,            // §4.6: permerror
  lookups,           // §4.6.4: more than ten, or as many
  void_lookups,      // §4.6.4: more than two
  broken_branch,     // an include or redirect that leads nowhere, or back
  unfetched_branch,  // one whose record could not be fetched now: nothing is known of it
  passes_everybody,  // +all
  ptr,               // §5.5: "do not use"
  unreachable,       // mechanisms behind all, redirect beside it
  no_all,            // neither all nor redirect: everybody else is neutral
  long_record,       // §3.4: may not fit one UDP answer
};
std::string_view to_string(SpfLintKind kind);  // "several_records" …

struct SpfLint {
  SpfLintKind kind = SpfLintKind::syntax;
  std::string domain;  // whose record it is about
  std::string text;    // what is wrong and what to do about it
};

// Findings in the order of the walk, the sender's own record first; empty when all is well.
std::vector<SpfLint> lint_spf(const SpfBudget& budget);

}  // namespace icm
