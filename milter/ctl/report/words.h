// SPDX-License-Identifier: Apache-2.0
//
// The words that a report's page and its text form share. All of them are printable ASCII; what
// came from outside was cleaned on the way.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

std::string time_words(WallTime time);  // "14 Nov 2026, 08:15"
std::string span_words(Span span);      // "14 Nov 2026, 08:15, to 21 Nov 2026, 08:15 (UTC)"
std::string step_words(std::chrono::seconds step);  // "6 hours", "day"

// "96.4%"; "0%" of nothing. What is not all is never "100%", what is something never "0.0%".
std::string share_words(std::uint64_t part, std::uint64_t all);

// "up 8.0%", "down 12%", "as before", "new", "none now"; empty when there is neither.
std::string change_words(std::uint64_t now, std::uint64_t before);

// What a reader who reads no further should know: sentences.
std::vector<std::string> lede(const LogFacts& log);

// Why there is nothing to compare with; empty when there is.
std::string no_comparison(const LogFacts& log);

// "12 answers of Apple's were learnt: 91.7% took the mail, 1 did not; ..."
std::string answers_words(const RepliesFacts& replies);

// What follows from one kind of answer: "as predicted", "unforeseen", ...
std::string_view reading_of(const AnswerFacts& answer);

// What the report was made of, and what is to be known of its numbers: sentences.
std::vector<std::string> remarks(const ReportFacts& facts);

}  // namespace icm::ctl::report
