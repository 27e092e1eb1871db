// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_summary.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include <fmt/format.h>

#include "milter/ctl/decision_print.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

std::string_view name_of_sender(const DecisionRecord& decision) {
  return decision.mail_from.empty() ? "<>" : decision.mail_from;
}

}  // namespace

void LogSummary::add(const DecisionRecord& decision) {
  if (first_.empty() || decision.time < first_) first_ = decision.time;
  if (decision.time > last_) last_ = decision.time;
  const Forecast forecast(decision);
  NowAndEnforced& counts = decision.event == "recipient" ? recipients_ : messages_;
  ++counts.now[static_cast<std::size_t>(forecast.now)];
  ++counts.if_enforced[static_cast<std::size_t>(forecast.if_enforced)];

  const std::uint64_t message = identity_of(decision);
  if (!is_by_finding()) {
    if (of_ == SummaryOf::everything || forecast.if_enforced > forecast.now) {
      add_decision(decision, forecast, message);
    }
    return;
  }
  for (const FindingRecord& finding : decision.findings) {
    if (of_ == SummaryOf::everything || is_held_back(finding)) {
      add_finding(decision, finding, message);
    }
  }
}

// Short queue ids come again after a while, so the day belongs to a message's identity.
std::uint64_t LogSummary::identity_of(const DecisionRecord& decision) {
  if (decision.queue_id.empty()) return ++nameless_;
  return hash_ignoring_case(decision.queue_id) * 31 +
         hash_ignoring_case(decision.time.substr(0, 10));
}

void LogSummary::add_finding(const DecisionRecord& decision, const FindingRecord& finding,
                             std::uint64_t message) {
  Row& counted =
      row(by_ == SummaryBy::rule ? finding.rule : finding.policy, finding.mode, effect_of(finding));
  counted.messages.add(message);
  counted.senders.add(hash_ignoring_case(name_of_sender(decision)));
  for (const std::string_view recipient : decision.recipients) {
    counted.recipients.add(hash_ignoring_case(recipient));
  }
  if (counted.example.empty()) counted.example = decision.queue_id;
  if (counted.fix.empty()) counted.fix = finding.fix;
}

void LogSummary::add_decision(const DecisionRecord& decision, const Forecast& forecast,
                              std::uint64_t message) {
  const std::string name = by_ == SummaryBy::sender  ? lower_ascii(name_of_sender(decision))
                           : decision.stream.empty() ? fmt::format("({})", decision.mail_class)
                                                     : std::string(decision.stream);
  Row& counted = row(name, {}, {});
  counted.messages.add(message);
  counted.senders.add(hash_ignoring_case(name_of_sender(decision)));
  for (const std::string_view recipient : decision.recipients) {
    counted.recipients.add(hash_ignoring_case(recipient));
  }
  if (forecast.is_refused()) counted.refused.add(message);
  if (forecast.would_be_refused()) counted.would_be_refused.add(message);
  for (const FindingRecord& finding : decision.findings) {
    if (!is_violation(finding)) continue;
    const auto found = counted.rules.find(finding.rule);
    found != counted.rules.end() ? ++found->second : ++counted.rules[std::string(finding.rule)];
    if (counted.fix.empty()) counted.fix = finding.fix;
    if (counted.example.empty()) counted.example = decision.queue_id;
  }
}

LogSummary::Row& LogSummary::row(std::string_view name, std::string_view mode,
                                 std::string_view effect) {
  key_.assign(name);
  for (const std::string_view part : {mode, effect}) {
    key_ += '\0';
    key_ += part;
  }
  Row& found = rows_[key_];
  if (found.name.empty()) {
    found.name = name;
    found.mode = mode;
    found.effect = effect;
  }
  return found;
}

// Those that concern the most mail first; names decide among equals, so that the order is stable.
std::vector<const LogSummary::Row*> LogSummary::sorted(SummaryLimit limit) const {
  std::vector<const Row*> rows;
  for (const auto& [key, counted] : rows_) rows.push_back(&counted);
  const auto rank = [](const Row* a) {
    return std::tuple(a->refused.count() + a->would_be_refused.count(), a->messages.count());
  };
  std::ranges::sort(rows, [&](const Row* a, const Row* b) {
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    return std::tie(a->name, a->mode, a->effect) < std::tie(b->name, b->mode, b->effect);
  });
  if (limit.rows > 0 && rows.size() > limit.rows) rows.resize(limit.rows);
  return rows;
}

}  // namespace icm::ctl
