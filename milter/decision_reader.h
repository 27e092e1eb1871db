// SPDX-License-Identifier: Apache-2.0
//
// Reads the decision log back: one line of JSON, as milter/decision.h writes it, into a
// DecisionRecord. The log is input like any other: nothing in a line can do more than be refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

// One finding, as written. Members that the line does not have are empty.
struct FindingRecord {
  std::string_view policy;
  std::string_view rule;
  std::string_view mode;
  std::string_view weight;
  std::string_view effect;
  std::string_view would;
  std::string_view held_back;
  std::string_view disputed;
  std::string_view reply;
  std::string_view evidence;
  std::string_view fix;
  std::string_view prediction;
};

// One decision, as written; see to_json(Decision). Members that the line does not have, or has as
// null, are empty. Every view is valid until the reader that filled it reads again.
struct DecisionRecord {
  std::string_view time;  // never empty
  std::string_view event;
  std::string_view queue_id;
  std::string_view role;
  std::string_view origin;
  std::string_view origin_reason;
  std::string_view client;
  std::string_view client_name;
  std::string_view helo;
  std::string_view login;
  std::string_view mail_from;
  std::vector<std::string_view> from;
  std::string_view message_id;
  std::string_view form;
  std::vector<std::string_view> recipients;
  std::uint64_t apple_recipients = 0;
  std::string_view mail_class;
  std::string_view stream;
  std::string_view class_reason;
  std::string_view verdict;  // never empty
  std::string_view policy;
  std::string_view rule;
  std::string_view reply;
  std::vector<std::string_view> removed_recipients;
  std::string_view fix;
  double ms = 0;
  std::uint64_t bytes = 0;
  std::vector<FindingRecord> findings;
};

// Longer lines are no decisions of ours: JsonLine bounds every value, so that a message with a
// thousand recipients and a finding of every rule stays below a quarter of this.
inline constexpr std::size_t longest_decision_line = 16u << 20;

// Keeps its memory from line to line; one per thread.
class DecisionReader {
 public:
  DecisionReader();
  DecisionReader(DecisionReader&&) noexcept;
  ~DecisionReader();  // out of line, where Parser is complete

  // Reads one line without its LF. Members may come in any order, those we do not know are passed
  // over. Code::syntax says why a line is no decision; `record` is not to be used then.
  [[nodiscard]] Status read(std::string_view line, DecisionRecord& record);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace icm
