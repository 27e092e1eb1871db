// SPDX-License-Identifier: Apache-2.0
//
// What icloud-milterctl log does: lists decisions, follows them, sums them up.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "milter/ctl/command.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/log_summary.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {

enum class Form {
  people,  // aligned lines, colours on a terminal
  brief,   // the same, one line a decision
  json,    // for programs; decisions stand as they stand in the log
};

// Which decisions, and how and where they are shown. What is wrong is said on standard error.
struct LogReview {
  std::vector<std::string> files;  // "-" is standard input
  LogFilter filter;
  Form form = Form::people;
  Terminal terminal = Terminal::plain();
  std::FILE* output = stdout;
};

// The newest `limit` decisions, or all when it is 0, newest last.
Exit list_decisions(const LogReview& review, std::size_t limit);

// The newest `limit` decisions of one file, then every further one as it is written. Ends when
// nobody reads the output any more.
Exit follow_decisions(const LogReview& review, std::size_t limit);

Exit sum_up_decisions(const LogReview& review, SummaryBy by, SummaryOf of, SummaryLimit limit);

}  // namespace icm::ctl
