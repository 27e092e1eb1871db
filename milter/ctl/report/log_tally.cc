// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/log_tally.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "milter/ctl/report/span_steps.h"
#include "policy/base/text.h"
#include "policy/replies/received_reply.h"
#include "policy/rules.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t sender_places = 1000;
constexpr std::size_t senders_shown = 15;
constexpr std::size_t predictions_remembered = 4096;
constexpr std::size_t longest_fix = 300;
constexpr std::size_t longest_queue_id = 64;

Outcome outcome_of(Disposition done, Outcome otherwise) {
  switch (done) {
    case Disposition::reject:
      return Outcome::refused;
    case Disposition::defer:
      return Outcome::deferred;
    case Disposition::quarantine:
      return Outcome::held;
    case Disposition::accept:
    case Disposition::tag:
      break;
  }
  return otherwise;
}

Outcome outcome_of(const Forecast& forecast) {
  return outcome_of(forecast.now,
                    forecast.would_be_refused() ? Outcome::would_be_refused : Outcome::accepted);
}

// What one finding did, or would have; accepted: nothing that stops mail.
Outcome outcome_of(const FindingRecord& finding) {
  if (!is_violation(finding)) return Outcome::accepted;
  const bool would_stop =
      is_held_back(finding) && disposition_of(finding.would) >= Disposition::defer;
  return outcome_of(disposition_of(finding.effect),
                    would_stop ? Outcome::would_be_refused : Outcome::accepted);
}

// Mailings have an envelope sender for each recipient, so the author tells more; a recipient that
// is refused is refused before there is one.
std::string_view sender_of(const DecisionRecord& decision) {
  if (!decision.from.empty()) return decision.from.front();
  return decision.mail_from.empty() ? "<>" : decision.mail_from;
}

const std::map<std::string_view, std::string_view>& sentences() {
  static const std::map<std::string_view, std::string_view> all = [] {
    static const std::vector<std::string> names = [] {
      std::vector<std::string> made;
      for (const Rule& rule : all_rules()) {
        made.push_back(fmt::format("{}.{}", rule.policy, rule.name));
      }
      return made;
    }();
    std::map<std::string_view, std::string_view> made;
    for (std::size_t i = 0; i < names.size(); ++i) made[names[i]] = all_rules()[i].sentence;
    return made;
  }();
  return all;
}

}  // namespace

LogTally::LogTally(Span now, const ReplyTable& table) : table_(table), senders_(sender_places) {
  facts_.now = now;
  facts_.before = span_before(now);
  facts_.step = step_of(now.length());
  facts_.steps = steps_of(now, facts_.step);
}

void LogTally::add(const DecisionRecord& decision) {
  const Result<WallTime> time = parse_time(decision.time);
  if (!time) return;
  if (!facts_.begins || *time < *facts_.begins) facts_.begins = *time;
  if (decision.role == "arrival") return;  // judges nothing
  const Outcome outcome = outcome_of(Forecast(decision));
  if (const auto step = step_at(facts_.now, facts_.step, *time)) {
    ++facts_.steps[*step].now[outcome];
    ++facts_.total[outcome];
    add_now(decision, outcome);
  } else if (const auto earlier = step_at(facts_.before, facts_.step, *time)) {
    ++facts_.steps[*earlier].before[outcome];
    ++facts_.total_before[outcome];
    for (const FindingRecord& finding : decision.findings) {
      const Outcome done = outcome_of(finding);
      if (Rule* const rule = rule_of(finding, done)) ++rule->before[done];
    }
  }
}

void LogTally::add_now(const DecisionRecord& decision, Outcome outcome) {
  TopSenders::Sender& sender = senders_.add(sender_of(decision));
  ++sender.counts[outcome];
  std::string_view prediction;
  for (const FindingRecord& finding : decision.findings) {
    if (!is_violation(finding)) continue;
    if (prediction.empty()) prediction = finding.prediction;
    const Outcome done = outcome_of(finding);
    Rule* const rule = rule_of(finding, done);
    if (rule == nullptr) continue;
    ++rule->now[done];
    ++sender.rules[std::string(finding.rule)];
    if (rule->example.empty()) rule->example = decision.queue_id.substr(0, longest_queue_id);
    if (rule->fix.empty()) rule->fix = excerpt(finding.fix, longest_fix);
  }
  if (!prediction.empty()) add_prediction(prediction, outcome);
}

void LogTally::add_prediction(std::string_view prediction, Outcome outcome) {
  if (prediction == no_answer_known) {
    ++facts_.silence_predicted;
    return;
  }
  if (prediction.starts_with("junk folder")) {
    ++facts_.junk_predicted;
    return;
  }
  const bool went_on = outcome == Outcome::accepted || outcome == Outcome::would_be_refused;
  Predicted& counted = predicted_[entry_of(prediction)];
  ++(went_on ? counted.sent : counted.stopped);
}

// Rules of later versions, and words that somebody wrote into the log, have no row of their own.
LogTally::Rule* LogTally::rule_of(const FindingRecord& finding, Outcome done) {
  if (done == Outcome::accepted || !sentences().contains(finding.rule)) return nullptr;
  const auto found = rules_.find(finding.rule);
  return found != rules_.end() ? &found->second : &rules_[std::string(finding.rule)];
}

const std::string& LogTally::entry_of(std::string_view prediction) {
  const std::string key(prediction.substr(0, max_reply_octets));
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= predictions_remembered) entries_.clear();
  return entries_.emplace(key, table_.classify(parse_received_reply(key)).id).first->second;
}

LogFacts LogTally::facts() const {
  LogFacts facts = facts_;
  facts.rules = rules();
  facts.senders = senders();
  facts.is_crowded = senders_.is_crowded();
  if (!facts.is_crowded) facts.senders_left_out = senders_.size() - facts.senders.size();
  return facts;
}

std::vector<RuleFacts> LogTally::rules() const {
  std::vector<RuleFacts> all;
  for (const auto& [name, counted] : rules_) {
    all.push_back({.rule = name,
                   .meaning = std::string(sentences().at(name)),
                   .page = name.substr(0, name.find('.')) + ".md",
                   .now = counted.now,
                   .before = counted.before,
                   .example = counted.example,
                   .fix = counted.fix});
  }
  const auto rank = [](const RuleFacts& rule) {
    const std::uint64_t did = rule.now.all() - rule.now[Outcome::would_be_refused];
    return std::tuple(rule.now.all(), did, rule.before.all());
  };
  std::ranges::stable_sort(all, [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  return all;
}

std::vector<SenderFacts> LogTally::senders() const {
  std::vector<SenderFacts> all;
  for (const TopSenders::Sender& sender : senders_.top(senders_shown)) {
    const auto most =
        std::ranges::max_element(sender.rules, {}, [](const auto& rule) { return rule.second; });
    all.push_back({.sender = sender.name,
                   .unsure = sender.unsure,
                   .counts = sender.counts,
                   .rule = most == sender.rules.end() ? std::string() : most->first});
  }
  return all;
}

}  // namespace icm::ctl::report
