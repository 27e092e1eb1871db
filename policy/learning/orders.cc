// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/orders.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/backoff_batch.h"

namespace icm {
namespace {

constexpr std::chrono::seconds patience{20};  // with the store, for one call
constexpr std::ptrdiff_t most_added = 1000;   // by one call
constexpr std::size_t reply_said = 160;

std::string words_of(const AddressDecision& decision, bool is_done) {
  const Suppression& entry = decision.entry;
  const bool is_for_good = decision.effect == ReplyEffect::suppress;
  std::string text = is_done ? std::string() : std::string("would have ");
  text += is_for_good ? "suppressed" : "suspended";
  text += fmt::format(" {}", for_log(entry.address));
  if (entry.expires) text += fmt::format(" until {}", to_rfc3339(*entry.expires));
  const Evidence& evidence = entry.evidence.value();
  return text + fmt::format(": {} ({}, {} so far)", for_log(evidence.reply, reply_said),
                            evidence.pattern, evidence.count);
}

std::string subject_of(const Backoff& backoff) {
  switch (backoff.kind) {
    case BackoffKind::pause:
    case BackoffKind::slow:
      return backoff.subject == every_egress ? "all mail to Apple"
                                             : "mail that leaves by " + backoff.subject;
    case BackoffKind::recipient:
      return "mail to " + backoff.subject;
    case BackoffKind::from_domain:
      return "mail from " + backoff.subject;
    case BackoffKind::mail_template:
      return "mail of the form " + backoff.subject;
  }
  return backoff.subject;
}

// What led to it; a pause and a slowdown are a way's, and may have either cause.
std::optional<ReplyEffect> effect_of(BackoffKind kind) {
  switch (kind) {
    case BackoffKind::pause:
    case BackoffKind::slow:
      return std::nullopt;
    case BackoffKind::recipient:
      return ReplyEffect::slow_recipient;
    case BackoffKind::from_domain:
      return ReplyEffect::hold_domain;
    case BackoffKind::mail_template:
      return ReplyEffect::stop_template;
  }
  return std::nullopt;
}

std::string verb_of(const Backoff& backoff) {
  if (backoff.kind == BackoffKind::slow)
    return fmt::format("slowed to {} percent", backoff.percent);
  if (backoff.every.count() > 0) return fmt::format("let one in {} go of", to_span(backoff.every));
  return backoff.kind == BackoffKind::pause ? "paused" : "held back";
}

std::string words_of(const BackoffOrder& order, bool is_done) {
  const std::string_view would = is_done ? "" : "would have ";
  if (order.is_end) {
    return fmt::format("{}ended what held {} back", would, subject_of(order.backoff));
  }
  const std::string end =
      order.backoff.until ? " until " + to_rfc3339(*order.backoff.until) : std::string();
  return fmt::format("{}{} {}{}: {}", would, verb_of(order.backoff), subject_of(order.backoff), end,
                     for_log(order.backoff.why, reply_said));
}

using Known = std::map<std::pair<BackoffKind, std::string>, Backoff>;  // what is in force

bool changes_anything(const BackoffOrder& order, const Known& known) {
  const auto found = known.find(std::pair(order.backoff.kind, order.backoff.subject));
  if (found == known.end()) return !order.is_end;
  const Backoff& before = found->second;
  const bool is_foreign = before.by != learner_name;
  if (order.is_end) return !is_foreign;
  const std::optional<WallTime>& end = order.backoff.until;
  if (is_foreign && (!before.until || (end && *before.until >= *end))) return false;
  return before != order.backoff;
}

}  // namespace

bool is_carried_out(const RepliesConfig& config, ReplyEffect effect) {
  const auto& observed = config.only_observe;
  return config.mode == Mode::enforce &&
         std::find(observed.begin(), observed.end(), effect) == observed.end();
}

// Whether it was carried out.
bool Orders::count(LearnerFigures::Deeds& deeds, ReplyEffect effect) const {
  const bool is_done = is_carried_out(config_, effect);
  ++(is_done ? deeds.enforced : deeds.observed);
  return is_done;
}

Status Orders::carry_out(const std::vector<AddressDecision>& decisions, WallTime now) {
  // For each kind of answer a deed of its own.
  std::map<std::string, std::vector<Suppression>> by_pattern;
  for (const AddressDecision& decision : decisions) {
    if (!is_carried_out(config_, decision.effect)) continue;
    by_pattern[decision.entry.evidence->pattern].push_back(decision.entry);
  }
  for (const auto& [pattern, entries] : by_pattern) {
    const Deed deed{
        .kind = Deed::Kind::add, .who = std::string(learner_name), .at = now, .why = pattern};
    for (auto some = entries.begin(); some != entries.end();) {
      // However many there are: what was added need not be added again.
      const auto end = some + std::min<std::ptrdiff_t>(most_added, entries.end() - some);
      suppressions_.wait_until(Deadline::in(patience));
      ICM_CHECK(suppressions_.add_all({some, end}, deed));
      some = end;
    }
  }
  std::size_t said = 0;
  for (const AddressDecision& decision : decisions) {
    const bool is_done = count(begun_[decision.effect], decision.effect);
    if (++said > most_said) continue;
    say_(words_of(decision, is_done));
  }
  if (said > most_said) {
    say_(
        fmt::format("and {} more addresses; icloud-milterctl suppress list --reason hard-bounce, "
                    "--reason suspended",
                    said - most_said));
  }
  return {};
}

Status Orders::carry_out(const std::vector<BackoffOrder>& orders, WallTime now) {
  const bool is_any_enforced = std::ranges::any_of(
      orders, [&](const BackoffOrder& order) { return is_carried_out(config_, order.effect); });
  Known known;
  if (is_any_enforced) {
    ICM_TRY(const std::vector<Backoff> all, backoffs_.all(Deadline::in(patience)));
    for (const Backoff& one : all) {
      if (!one.until || *one.until > now) known.emplace(std::pair(one.kind, one.subject), one);
    }
  }
  std::vector<const BackoffOrder*> news;
  std::vector<Backoff> begun;
  for (const BackoffOrder& order : orders) {
    const bool is_enforced = is_carried_out(config_, order.effect);
    if (is_enforced && !changes_anything(order, known)) continue;
    news.push_back(&order);
    if (!is_enforced) continue;
    if (!order.is_end) {
      begun.push_back(order.backoff);
      continue;
    }
    ICM_CHECK(backoffs_.remove(order.backoff.kind, order.backoff.subject, Deadline::in(patience)));
  }
  if (!begun.empty()) ICM_CHECK(put_all(backoffs_, begun, Deadline::in(patience)));
  std::size_t said = 0;
  for (const BackoffOrder* const order : news) {
    const bool is_done = count(order->is_end ? ended_ : begun_[order->effect], order->effect);
    if (++said > most_said) continue;
    say_(words_of(*order, is_done));
  }
  if (said > most_said) {
    say_(
        fmt::format("and {} more are held back; icloud-milterctl throttle list", said - most_said));
  }
  return {};
}

Status Orders::end_future(WallTime now) {
  ICM_TRY(const std::vector<Backoff> ours, standing(now));
  std::vector<BackoffOrder> ends;
  for (const Backoff& one : ours) {
    const auto effect = effect_of(one.kind);
    if (!effect || one.since <= now) continue;
    ends.push_back({.effect = *effect, .backoff = one, .is_end = true});
  }
  return carry_out(ends, now);
}

Result<std::vector<Backoff>> Orders::standing(WallTime now) {
  ICM_TRY(std::vector<Backoff> all, backoffs_.all(Deadline::in(patience)));
  std::erase_if(all, [&](const Backoff& one) {
    return one.by != learner_name || (one.until && *one.until <= now);
  });
  return all;
}

}  // namespace icm
