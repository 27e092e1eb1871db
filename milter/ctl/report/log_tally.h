// SPDX-License-Identifier: Apache-2.0
//
// LogTally: the decision log's part of a report, in one pass and in memory that does not grow with
// the log.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "milter/ctl/forecast.h"
#include "milter/ctl/report/facts.h"
#include "milter/ctl/report/top_senders.h"
#include "milter/decision_reader.h"
#include "policy/replies/reply_table.h"

namespace icm::ctl::report {

// What was predicted of mail, by the entry of the reply table that explains the prediction.
struct Predicted {
  std::uint64_t stopped = 0;  // of mail that was kept back
  std::uint64_t sent = 0;     // of mail that went on
};
using PredictedByEntry = std::map<std::string, Predicted, std::less<>>;

// Not synchronised.
class LogTally {
 public:
  // `table` must outlive it.
  LogTally(Span now, const ReplyTable& table);

  void add(const DecisionRecord& decision);

  // What was counted; files and what reading them came to are the reader's to add.
  LogFacts facts() const;
  const PredictedByEntry& predicted() const { return predicted_; }

 private:
  struct Rule {
    Counts now;
    Counts before;
    std::string example;
    std::string fix;
  };
  void add_now(const DecisionRecord& decision, Outcome outcome);
  void add_prediction(std::string_view prediction, Outcome outcome);
  Rule* rule_of(const FindingRecord& finding, Outcome done);
  const std::string& entry_of(std::string_view prediction);
  std::vector<RuleFacts> rules() const;
  std::vector<SenderFacts> senders() const;

  LogFacts facts_;
  const ReplyTable& table_;
  std::map<std::string, Rule, std::less<>> rules_;  // of rules.inc alone
  TopSenders senders_;
  PredictedByEntry predicted_;
  std::unordered_map<std::string, std::string> entries_;  // of predictions met of late
};

}  // namespace icm::ctl::report
