// SPDX-License-Identifier: Apache-2.0
//
// Which decisions of the log the administrator wants to see.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/decision_reader.h"
#include "policy/base/clock.h"
#include "policy/base/result.h"

namespace icm::ctl {

// What an address is compared with, never looking at the case of ASCII letters:
//   news@shop.example   that address
//   shop.example        any address of that domain, not of those below it
//   *@*.shop.example    a pattern: * stands for any number of octets, ? for one
//   <>                  the null sender of bounces
class AddressPattern {
 public:
  explicit AddressPattern(std::string_view text);
  bool matches(std::string_view address) const;

 private:
  std::string glob_;  // lower case; empty for the null sender
};

// Whether `text` fits `glob` as a whole; `glob` is in lower case. Takes no more steps than the
// product of both lengths.
bool matches_glob(std::string_view text, std::string_view glob);

// "24h" (that long ago) or anything parse_time reads.
[[nodiscard]] Result<WallTime> parse_moment(std::string_view text, WallTime now);

// As the user gave them. An empty list or absent time lets everything pass; within a list one of
// the values has to fit, and every list has to.
struct LogCriteria {
  std::optional<WallTime> since;  // decisions of that time and later
  std::optional<WallTime> until;  // decisions before that time
  std::vector<std::string> verdicts;
  std::vector<std::string> policies;    // of any finding, also one that was only observed
  std::vector<std::string> rules;       // likewise: "format.date-past"
  std::vector<std::string> senders;     // address patterns: envelope sender or From
  std::vector<std::string> recipients;  // address patterns
  std::vector<std::string> queue_ids;
  std::vector<std::string> roles;
  std::vector<std::string> origins;
  std::vector<std::string> streams;
};

// Immutable.
class LogFilter {
 public:
  explicit LogFilter(LogCriteria criteria);

  bool admits(const DecisionRecord& decision) const;

 private:
  bool admits_time(std::string_view time) const;
  bool admits_findings(const DecisionRecord& decision) const;

  LogCriteria criteria_;
  std::string since_;  // as the log writes it; empty when not asked for
  std::string until_;
  std::vector<AddressPattern> senders_;
  std::vector<AddressPattern> recipients_;
};

}  // namespace icm::ctl
