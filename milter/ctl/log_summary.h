// SPDX-License-Identifier: Apache-2.0
//
// Many decisions in a few lines: which rules refuse whose mail, and what would have been refused if
// what is only observed had been enforced.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "milter/ctl/distinct_count.h"
#include "milter/ctl/forecast.h"
#include "milter/ctl/log_reader.h"
#include "milter/ctl/terminal.h"
#include "milter/decision_reader.h"
#include "policy/verdict.h"

namespace icm::ctl {

enum class SummaryBy { rule, policy, sender, stream };

// Everything, or only what was held back from acting.
enum class SummaryOf { everything, observed };

// How many rows are shown; 0 stands for all.
struct SummaryLimit {
  std::size_t rows = 0;
};

// In rising strength, as the tables show them.
inline constexpr Disposition summed_dispositions[] = {Disposition::accept, Disposition::tag,
                                                      Disposition::quarantine, Disposition::defer,
                                                      Disposition::reject};

// Counts in one pass. A message counts once in a row, however many of its recipients were judged
// one by one (its queue id tells); one that is deferred and tried again comes under a new queue id,
// and counts again. Not synchronised.
class LogSummary {
 public:
  LogSummary(SummaryBy by, SummaryOf of) : by_(by), of_(of) {}

  void add(const DecisionRecord& decision);

  // Tables for people; `report` says what was read.
  std::string text(const ReadingReport& report, SummaryLimit limit, const Terminal& terminal) const;

  // The same as one JSON object without LF.
  std::string json(const ReadingReport& report, SummaryLimit limit) const;

 private:
  // How many events ended with each disposition, in the order of Disposition.
  using Counts = std::array<std::uint64_t, std::size(summed_dispositions)>;
  struct NowAndEnforced {
    Counts now{};
    Counts if_enforced{};
  };

  struct Row {
    std::string name;    // of the rule, policy, sender or stream
    std::string mode;    // of a rule or policy
    std::string effect;  // of a rule or policy: "reject", "would reject", "disputed", "advice"
    DistinctCount messages;
    DistinctCount refused;           // messages that were deferred or rejected
    DistinctCount would_be_refused;  // and those that would have been
    DistinctCount recipients;
    DistinctCount senders;
    std::map<std::string, std::uint64_t, std::less<>> rules;  // how often each was violated
    std::string example;                                      // a queue id
    std::string fix;
  };

  std::uint64_t identity_of(const DecisionRecord& decision);
  void add_finding(const DecisionRecord& decision, const FindingRecord& finding,
                   std::uint64_t message);
  void add_decision(const DecisionRecord& decision, const Forecast& forecast,
                    std::uint64_t message);
  Row& row(std::string_view name, std::string_view mode, std::string_view effect);
  std::vector<const Row*> sorted(SummaryLimit limit) const;
  std::string totals_text(const ReadingReport& report, const Terminal& terminal) const;
  std::string finding_rows(const std::vector<const Row*>& rows, const Terminal& terminal) const;
  std::string decision_rows(const std::vector<const Row*>& rows, const Terminal& terminal) const;
  std::string fixes(const std::vector<const Row*>& rows, const Terminal& terminal) const;
  bool is_by_finding() const { return by_ == SummaryBy::rule || by_ == SummaryBy::policy; }

  SummaryBy by_;
  SummaryOf of_;
  std::string first_;  // time of the earliest decision, as the log writes it
  std::string last_;
  std::uint64_t nameless_ = 0;  // events without queue id
  NowAndEnforced messages_;
  NowAndEnforced recipients_;  // those that were judged one by one
  std::unordered_map<std::string, Row> rows_;
  std::string key_;  // of a row; kept for its memory
};

}  // namespace icm::ctl
