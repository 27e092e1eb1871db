// SPDX-License-Identifier: Apache-2.0
//
// Where a report's facts come from: the decision log, what was learnt from Apple's answers, and the
// running daemon. What cannot be had, but for the log, is a fact, too: the report says why.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/log_reader.h"
#include "milter/ctl/report/facts.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm::ctl::report {

struct Sources {
  Config config;
  std::vector<std::string> logs;  // "-" is standard input
  std::string socket;             // of the daemon; empty: it has none
};

// The log as it is and those it was rotated to that can be read as they are: "PATH", "PATH.1", ...
std::vector<std::string> with_rotated(const std::string& path);

// `reading` gets what is to be said of the log's lines. The Error says which log, or which table of
// replies, cannot be read.
[[nodiscard]] Result<ReportFacts> gather(const Sources& sources, Span span, WallTime now,
                                         ReadingReport& reading);

// What throttle_json() wrote, or another version of it: nothing in it is trusted.
ThrottleFacts throttle_facts(const std::string& answer);

}  // namespace icm::ctl::report
