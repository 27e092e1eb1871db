// SPDX-License-Identifier: Apache-2.0
//
// What a report tells, as plain values: gathered once, then drawn and written. Texts came from logs
// and answers and may hold anything; whoever writes them cleans them.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"

namespace icm::ctl::report {

// What became of a message, or of a recipient that was judged alone.
enum class Outcome {
  accepted,
  would_be_refused,  // went on, and would not have, had everything been enforced
  held,
  deferred,
  refused,
};
inline constexpr std::array all_outcomes = {Outcome::accepted, Outcome::would_be_refused,
                                            Outcome::held, Outcome::deferred, Outcome::refused};
std::string_view to_string(Outcome outcome);  // "would be refused"

struct Counts {
  std::array<std::uint64_t, all_outcomes.size()> by_outcome{};

  std::uint64_t& operator[](Outcome one) { return by_outcome[static_cast<std::size_t>(one)]; }
  std::uint64_t operator[](Outcome one) const { return by_outcome[static_cast<std::size_t>(one)]; }
  std::uint64_t all() const {
    return std::accumulate(by_outcome.begin(), by_outcome.end(), std::uint64_t{0});
  }
  bool operator==(const Counts&) const = default;
};

// From the first moment on, before the second.
struct Span {
  WallTime since{};
  WallTime until{};
  std::chrono::milliseconds length() const { return until - since; }
  bool has(WallTime time) const { return time >= since && time < until; }
  bool operator==(const Span&) const = default;
};

struct Step {
  WallTime begin{};
  Counts now;
  Counts before;  // of the step as long after the beginning of the span before
};

struct RuleFacts {
  std::string rule;     // "format.date-past"
  std::string meaning;  // what the rule asks for
  std::string page;     // "format.md"
  Counts now;           // by what the finding did; accepted stays 0
  Counts before;
  std::string example;  // a queue id
  std::string fix;      // as told for the example
};

struct SenderFacts {
  std::string sender;
  std::uint64_t unsure = 0;  // how many of the decisions may be another's, see TopSenders
  Counts counts;
  std::string rule;  // broken most often; empty when none was
};

// Of mail for Apple, by the decision log.
struct LogFacts {
  Span now;
  Span before;
  std::chrono::seconds step{};
  std::vector<Step> steps;
  Counts total;
  Counts total_before;
  std::vector<RuleFacts> rules;  // those that stopped most, or would have, first
  std::vector<SenderFacts> senders;
  std::uint64_t senders_left_out = 0;  // 0 also where nobody knows, see is_crowded
  bool is_crowded = false;             // more senders than are counted exactly
  std::optional<WallTime> begins;      // the earliest decision read, whenever it was
  std::vector<std::string> files;
  std::uint64_t decisions_read = 0;
  std::uint64_t bad_lines = 0;
  std::uint64_t junk_predicted = 0;  // decisions with such a prediction
  std::uint64_t silence_predicted = 0;

  bool has_before() const { return begins && *begins <= before.since + before.length() / 50; }
};

// One kind of answer: an entry of the reply table.
struct AnswerFacts {
  std::string entry;
  std::string meaning;
  bool is_success = false;
  std::uint64_t predicted_stopped = 0;  // for mail that was kept back here
  std::uint64_t predicted_sent = 0;     // for mail that went on all the same
  std::uint64_t answered = 0;           // by Apple, in the same span
  std::uint64_t answered_before = 0;
};

struct RepliesFacts {
  std::string problem;  // why Apple's answers are not known; empty: they are
  std::vector<AnswerFacts> answers;
  std::uint64_t unknown_samples = 0;  // answers that no entry explains
  std::vector<std::string> notices;   // sentences: what a person has to know
};

struct LimitFacts {
  std::string name;
  std::string subject;
  std::optional<std::uint64_t> used;
  std::uint64_t usable = 0;
  std::string window;   // "1h", "day"
  std::string remarks;  // "day 5 of a warm-up", "slowed to 50 percent"
};

struct PauseFacts {
  std::string what;   // "pause 192.0.2.7"
  std::string until;  // a time; empty: until it is resumed
  std::string why;
};

// As it is when the report is made, whatever span it is of.
struct ThrottleFacts {
  std::string problem;  // why it is not known; empty: it is
  std::string mode;
  std::vector<LimitFacts> limits;
  std::uint64_t limits_left_out = 0;
  std::vector<PauseFacts> pauses;
  std::uint64_t pauses_left_out = 0;
};

struct ReportFacts {
  std::string host;  // egress.helo; may be empty
  WallTime made{};
  LogFacts log;
  RepliesFacts replies;
  ThrottleFacts throttle;
};

}  // namespace icm::ctl::report
