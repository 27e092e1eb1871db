// SPDX-License-Identifier: Apache-2.0
#include "milter/metrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "milter/metric_page.h"
#include "milter/process_metrics.h"
#include "policy/auth/key_publication.h"
#include "policy/auth/key_record.h"
#include "policy/policy_set.h"
#include "policy/rules.h"
#include "policy/store/rate_counter.h"
#include "policy/store/snapshot_list.h"
#include "policy/throttle_plan.h"

namespace icm {
namespace {

using Labels = MetricPage::Labels;

constexpr std::chrono::milliseconds patience{500};  // for counters that the store has
constexpr std::string_view none = "none";

std::string named(std::string_view text) { return std::string(text.empty() ? none : text); }

double flag(bool is_so) { return is_so ? 1 : 0; }

double seconds_since_1970(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void verdicts(MetricPage& page, const TallyFigures& figures) {
  page.counter("icloud_milter_messages_total",
               "Messages for Apple that were judged at their end, by what was decided.");
  for (std::size_t i = 0; i < figures.messages.size(); ++i) {
    const auto disposition = static_cast<Disposition>(i);
    page.add(figures.messages[i], {{"disposition", std::string(to_string(disposition))}});
  }
  page.counter("icloud_milter_recipients_total",
               "Apple recipients refused or deferred at RCPT, or removed from mixed messages.")
      .add(figures.refused_recipients, {{"outcome", "refused"}})
      .add(figures.deferred_recipients, {{"outcome", "deferred"}})
      .add(figures.removed_recipients, {{"outcome", "removed"}});
  page.counter("icloud_milter_decisions_total",
               "Decisions about messages and recipients, by the policy and rule that decided; none "
               "where nobody objected.");
  for (const auto& [deciding, count] : figures.decided) {
    // A rule is named POLICY.RULE; the label has the second part.
    const std::string_view rule = deciding.rule.substr(deciding.rule.find('.') + 1);
    page.add(count,
             {{"event", deciding.event == Decision::Event::message ? "message" : "recipient"},
              {"disposition", std::string(to_string(deciding.disposition))},
              {"policy", named(deciding.policy)},
              {"rule", named(rule)}});
  }
}

void rules(MetricPage& page, const TallyFigures& figures) {
  using Rule = TallyFigures::Rule;
  using Count = TallyFigures::Count;
  const std::pair<std::pair<std::string_view, std::string_view>, Count Rule::*> metrics[] = {
      {{"icloud_milter_rule_findings_total",
        "Violations, advice and services found, observed ones included."},
       &Rule::found},
      {{"icloud_milter_rule_actions_total", "Of the findings those with an effect on mail."},
       &Rule::acted},
      {{"icloud_milter_predictions_total",
        "Of the findings those with an answer of Apple's to be "
        "expected."},
       &Rule::predicted},
      {{"icloud_milter_disputes_total",
        "Of the findings those that an independent library found otherwise."},
       &Rule::disputed}};
  for (const auto& [words, member] : metrics) {
    page.counter(words.first, words.second);
    for (const icm::Rule& rule : all_rules()) {
      const std::string name = std::string(rule.policy) + "." + std::string(rule.name);
      const auto found = figures.rules.find(name);
      page.add(found == figures.rules.end() ? Count{0} : found->second.*member,
               {{"policy", std::string(rule.policy)}, {"rule", std::string(rule.name)}});
    }
  }
  const auto sealed = figures.rules.find("arc_sealing.sealed");
  page.counter("icloud_milter_seals_total", "Messages that got an ARC set of ours.")
      .add(sealed == figures.rules.end() ? Count{0} : sealed->second.acted);
}

void sessions(MetricPage& page, const DaemonFigures& figures) {
  const SessionMeters& meters = *figures.meters;
  page.histogram("icloud_milter_message_seconds",
                 "Time to judge a message at its end, DNS and stores included.")
      .add(figures.status.figures.latency);
  page.histogram("icloud_milter_recipient_seconds", "Time to judge an Apple recipient at RCPT.")
      .add(meters.recipient.figures());
  page.gauge("icloud_milter_connections", "Connections of the mail server open now.")
      .add(static_cast<double>(figures.status.connections));
  page.counter("icloud_milter_connections_total", "Connections of the mail server opened.")
      .add(meters.connections.load());
  page.gauge("icloud_milter_messages_under_way", "Messages between MAIL and their last answer now.")
      .add(static_cast<double>(figures.status.messages_under_way));
  page.counter("icloud_milter_messages_turned_away_total",
               "Messages deferred since limits.concurrent_judgements others were being judged.")
      .add(meters.turned_away.load());
}

void dns(MetricPage& page, const World& world) {
  const DnsFigures figures = world.names()->figures();
  page.counter("icloud_milter_dns_questions_total", "DNS questions that somebody waited for.")
      .add(figures.asked);
  page.counter("icloud_milter_dns_kept_total", "Of the questions those answered from memory.")
      .add(figures.kept);
  page.counter("icloud_milter_dns_answers_total", "Answers of the name servers.");
  constexpr std::array<std::string_view, 5> words = {"ok", "no_data", "no_such_name", "temporary",
                                                     "bogus"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    page.add(figures.answers[i], {{"status", std::string(words[i])}});
  }
  page.counter("icloud_milter_dns_timeouts_total", "Questions given up before an answer came.")
      .add(figures.timed_out);
  page.counter("icloud_milter_dns_turned_away_total",
               "Questions not sent, since too many were on their way.")
      .add(figures.turned_away);
  page.gauge("icloud_milter_dns_on_their_way", "Questions on their way now.")
      .add(figures.on_their_way);
  page.histogram("icloud_milter_dns_seconds", "Time from sending a question to its answer.")
      .add(figures.took);
}

void routes(MetricPage& page, const DaemonFigures& figures) {
  const auto& by_mx = figures.status.world->by_mx();
  const AppleByMx::Figures judged = by_mx == nullptr ? AppleByMx::Figures() : by_mx->figures();
  page.counter("icloud_milter_mx_judgements_total",
               "Domains judged by their MX, by where the answer came from; nothing: the DNS failed "
               "and nothing was known.")
      .add(judged.kept, {{"by", "memory"}})
      .add(judged.asked - judged.failed, {{"by", "dns"}})
      .add(judged.stood_in, {{"by", "stale"}})
      .add(judged.failed - judged.stood_in, {{"by", "nothing"}});
  page.counter("icloud_milter_socketmap_requests_total", "Postfix's questions for routes.");
  constexpr std::array<std::string_view, 4> words = {"ok", "notfound", "temp", "perm"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    page.add(figures.routes[i], {{"answer", std::string(words[i])}});
  }
  page.gauge("icloud_milter_socketmap_connections", "Connections of Postfix for routes open now.")
      .add(static_cast<double>(figures.route_connections));
}

void store(MetricPage& page, const DaemonStatus& status) {
  page.gauge("icloud_milter_store_up", "1: the store answers.")
      .add(flag(status.store.problem.empty()));
  SnapshotState state;
  SnapshotSuppressionList::Lookups lookups;
  if (const auto& snapshot = status.world->snapshot()) {
    state = snapshot->state();
    lookups = snapshot->lookups();
  }
  page.gauge("icloud_milter_store_snapshot_ready", "1: the suppression list is in memory, too.")
      .add(flag(state.is_ready));
  page.gauge("icloud_milter_store_snapshot_entries", "Entries of the list in memory.")
      .add(state.entries);
  page.gauge("icloud_milter_store_snapshot_recent_entries",
             "Of these, changes since all of it was put together.")
      .add(state.recent);
  page.gauge("icloud_milter_store_snapshot_bytes", "Memory of the list.")
      .add(static_cast<std::uint64_t>(state.memory));
  page.counter("icloud_milter_store_lookups_total",
               "Lookups in the suppression list, by who answered.")
      .add(lookups.memory, {{"answer", "memory"}})
      .add(lookups.store, {{"answer", "store"}})
      .add(lookups.failed, {{"answer", "failed"}});
}

void limits(MetricPage& page, const ThrottlePlan& plan, const ThrottleMeans& means,
            const Backoffs& backoffs, WallTime now) {
  const std::vector<PlannedCharge> planned = plan.overview(backoffs, now);
  std::vector<RateCharge> charges;
  for (const PlannedCharge& one : planned) charges.push_back(one.charge);
  const auto uses = means.limiter()->look(charges, now, Deadline::in(patience));
  const auto labels = [](const PlannedCharge& one) {
    return Labels{{"limit", one.name}, {"subject", one.subject}};
  };
  page.gauge("icloud_milter_throttle_limit_amount",
             "Units that a limit of milter.conf allows now, warm-up and slow-downs included.");
  for (const PlannedCharge& one : planned) {
    page.add(std::uint64_t{share_of(one.charge.limit.amount, one.charge.share)}, labels(one));
  }
  if (!uses) return;
  page.gauge("icloud_milter_throttle_limit_used", "Units of it that are in use.");
  for (std::size_t i = 0; i < planned.size(); ++i) {
    page.add(std::uint64_t{(*uses)[i].used}, labels(planned[i]));
  }
}

void throttle(MetricPage& page, const DaemonStatus& status) {
  const auto& means = status.world->throttle();
  std::shared_ptr<const Backoffs> backoffs = std::make_shared<const Backoffs>();
  if (means != nullptr && means->backoffs() != nullptr) {
    // Unknown until the store answered for the first time; `status` says so.
    if (auto known = means->backoffs()->known()) backoffs = std::move(known);
  }
  page.gauge("icloud_milter_throttle_backoff_active",
             "Pauses and slow-downs in force, as the reply follower or people set them.");
  for (const BackoffKind kind : all_backoff_kinds) {
    const auto is_in_force = [&](const Backoff& one) {
      return one.kind == kind && (!one.until || *one.until > status.now);
    };
    const auto count = std::ranges::count_if(backoffs->all(), is_in_force);
    page.add(static_cast<double>(count), {{"kind", std::string(to_string(kind))}});
  }
  if (means == nullptr || means->limiter() == nullptr) return;
  limits(page, ThrottlePlan(status.world->config()), *means, *backoffs, status.now);
}

void configuration(MetricPage& page, const DaemonStatus& status) {
  page.gauge("icloud_milter_policy_mode", "1 for the mode that a policy has.");
  for (const std::string_view name : policy_names()) {
    const Mode mode = settings_of(status.world->config(), name)->mode;
    for (const Mode one : {Mode::off, Mode::observe, Mode::enforce}) {
      page.add(flag(one == mode),
               {{"policy", std::string(name)}, {"mode", std::string(to_string(one))}});
    }
  }
  page.gauge("icloud_milter_sealing_key_published",
             "1: the DNS has the key's record; 0: not, or it was not compared.");
  std::vector<std::string> told;  // one key may stand in the configuration for different mail
  for (const SealingKey& key : status.world->sealing_keys().all()) {
    const std::string name = key_name(key.domain, key.selector);
    if (std::ranges::find(told, name) != told.end()) continue;
    told.push_back(name);
    const bool is_published = std::ranges::any_of(status.keys, [&](const WatchedKey& one) {
      return one.publication.name == name && one.publication.state == KeyPublication::State::match;
    });
    page.add(flag(is_published), {{"key", name}});
  }
  page.gauge("icloud_milter_configuration_reload_failed",
             "1: the last reload failed, and an earlier configuration is in use.")
      .add(flag(status.configuration.failed.has_value()));
  page.gauge("icloud_milter_configuration_loaded_timestamp_seconds",
             "When the configuration in use was loaded.")
      .add(seconds_since_1970(status.configuration.loaded));
  page.gauge("icloud_milter_attentions",
             "What an administrator should see to; icloud-milterctl status says it.")
      .add(static_cast<std::uint64_t>(attentions(status)));
  page.gauge("icloud_milter_build_info", "1, with the version.")
      .add(1.0, {{"version", ICM_VERSION}});
}

void doors(MetricPage& page, const DaemonStatus& status) {
  page.gauge("icloud_milter_door_open",
             "1: the door of this section of milter.conf is open; 0: nobody is answered there.");
  for (const DoorState& door : status.doors) {
    page.add(flag(door.problem.empty()), {{"door", door.name}});
  }
}

}  // namespace

std::string metrics_text(const DaemonFigures& figures) {
  MetricPage page;
  verdicts(page, figures.status.figures);
  rules(page, figures.status.figures);
  sessions(page, figures);
  dns(page, *figures.status.world);
  routes(page, figures);
  store(page, figures.status);
  throttle(page, figures.status);
  configuration(page, figures.status);
  doors(page, figures.status);
  add_process_metrics(page, figures.process);
  return page.text();
}

}  // namespace icm
