// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/follower_metrics.h"

#include <array>
#include <string_view>
#include <utility>

#include "milter/metric_page.h"
#include "milter/process_metrics.h"
#include "policy/config/config.h"

namespace icm::ctl {
namespace {

template <class Key>
std::uint64_t at(const std::map<Key, std::uint64_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

void answers(MetricPage& page, const FollowerFigures& figures) {
  page.counter(
      "icloud_milter_replies_total",
      "Answers of Apple's to our mail, each once, by what the reply table says of them and "
      "by their code.");
  constexpr std::array<std::pair<int, std::string_view>, 4> codes = {
      {{2, "2xx"}, {4, "4xx"}, {5, "5xx"}, {0, "none"}}};
  for (const std::string_view word : reply_spellings<ReplyClass>()) {
    const ReplyClass reply_class = reply_word<ReplyClass>(word).value_or(ReplyClass::unknown);
    for (const auto& [severity, code] : codes) {
      page.add(at(figures.learnt.answers, std::pair(reply_class, severity)),
               {{"class", std::string(word)}, {"code", std::string(code)}});
    }
  }
  page.counter("icloud_milter_replies_deliveries_total",
               "Deliveries to Apple that the mail server's log told of.");
  for (const DeliveryStatus status : {DeliveryStatus::sent, DeliveryStatus::deferred,
                                      DeliveryStatus::bounced, DeliveryStatus::expired}) {
    page.add(at(figures.deliveries, status), {{"status", std::string(to_string(status))}});
  }
  page.counter("icloud_milter_replies_bounces_total",
               "Bounces that icloud-milterctl replies intake took, since the book was begun.")
      .add(figures.learnt.bounces);
}

void actions(MetricPage& page, const LearnerFigures& learnt) {
  const auto add = [&](const LearnerFigures::Deeds& deeds, std::string_view action) {
    page.add(deeds.enforced, {{"action", std::string(action)}, {"mode", "enforce"}});
    page.add(deeds.observed, {{"action", std::string(action)}, {"mode", "observe"}});
  };
  page.counter("icloud_milter_replies_actions_total",
               "What followed from answers; with the mode observe it was only said. end: what held "
               "mail back was ended.");
  for (const EnumName<ReplyEffect>& effect : enum_names<ReplyEffect>()) {
    const auto found = learnt.begun.find(effect.value);
    add(found == learnt.begun.end() ? LearnerFigures::Deeds() : found->second, effect.name);
  }
  add(learnt.ended, "end");
  page.gauge("icloud_milter_replies_addresses_waiting",
             "Addresses whose answer leads to nothing before an outage would have shown.")
      .add(static_cast<double>(learnt.addresses_owed));
  page.counter("icloud_milter_replies_alerts_total", "Alerts that were told, by what they are of.");
  for (const AlertKind kind : {AlertKind::answer, AlertKind::breaker, AlertKind::unknown}) {
    page.add(at(learnt.alerts, kind), {{"kind", std::string(to_string(kind))}});
  }
  page.counter("icloud_milter_replies_alerts_lost_total",
               "Of the alerts those that replies.alerts.command or mail did not take.")
      .add(learnt.alerts_lost);
}

void breaker(MetricPage& page, const LearnerFigures& learnt) {
  page.gauge("icloud_milter_replies_breaker_open",
             "1: an outage at Apple is suspected, and no address is suppressed.")
      .add(learnt.is_breaker_open ? 1.0 : 0.0);
  page.counter("icloud_milter_replies_breaker_openings_total",
               "How often an answer of the log has opened it since the start.")
      .add(learnt.breaker_openings);
  page.gauge("icloud_milter_replies_breaker_addresses",
             "Addresses that had the same answer within replies.breaker.window, of the answer that "
             "is nearest to opening the breaker.")
      .add(static_cast<double>(learnt.nearest.addresses));
  page.gauge("icloud_milter_replies_breaker_threshold_addresses",
             "So many of them open it, as mail is now.")
      .add(static_cast<double>(learnt.nearest.threshold));
}

void log(MetricPage& page, const FollowerFigures& figures, FollowerFigures::Moment now) {
  page.counter("icloud_milter_replies_lines_total",
               "Lines of the mail server's log, by what was made of them.")
      .add(figures.lines.deliveries, {{"kind", "delivery"}})
      .add(figures.lines.others, {{"kind", "other"}})
      .add(figures.lines.unreadable, {{"kind", "unreadable"}})
      .add(figures.lines.strangers, {{"kind", "stranger"}});
  page.gauge("icloud_milter_replies_log_behind_seconds",
             "How many seconds ago the log was last read to its end.")
      .add(std::chrono::duration<double>(now - figures.at_end).count());
  page.gauge("icloud_milter_replies_log_behind_bytes",
             "Octets of the log that are still to be read; missing with the journal.");
  if (figures.left) page.add(*figures.left);
}

void configuration(MetricPage& page, const FollowerFigures& figures) {
  page.gauge("icloud_milter_replies_mode", "1 for the mode that replies has.");
  for (const Mode mode : {Mode::off, Mode::observe, Mode::enforce}) {
    page.add(mode == figures.mode ? 1.0 : 0.0, {{"mode", std::string(to_string(mode))}});
  }
  page.gauge("icloud_milter_replies_configuration_loaded_timestamp_seconds",
             "When the configuration in use was loaded: at the start.")
      .add(std::chrono::duration<double>(figures.loaded.time_since_epoch()).count());
  page.gauge("icloud_milter_replies_build_info", "1, with the version.")
      .add(1.0, {{"version", ICM_VERSION}});
}

}  // namespace

std::string follower_metrics_text(const FollowerFigures& figures, FollowerFigures::Moment now,
                                  const ProcessFigures& process) {
  MetricPage page;
  answers(page, figures);
  actions(page, figures.learnt);
  breaker(page, figures.learnt);
  log(page, figures, now);
  configuration(page, figures);
  add_process_metrics(page, process);
  return page.text();
}

}  // namespace icm::ctl
