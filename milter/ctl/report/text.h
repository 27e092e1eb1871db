// SPDX-License-Identifier: Apache-2.0
//
// A report as plain text, for mail and terminals: ASCII, no line longer than a mail program shows
// without folding it.
#pragma once

#include <string>

#include "milter/ctl/report/facts.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::report {

inline constexpr int text_width = 78;  // RFC 5322 §2.1.1

// `colours` gives colours where it has them, never its width.
std::string text(const ReportFacts& facts, const Terminal& colours);

}  // namespace icm::ctl::report
