// SPDX-License-Identifier: Apache-2.0
#include "policy/throttle_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/recipient_findings.h"
#include "policy/store/rate_counter.h"
#include "policy/throttle.h"

namespace icm {
namespace {

constexpr std::size_t why_shown = 120;  // octets: a reply line has room for 512 in all

// RFC 3463 §3.8: X.7.1 is "delivery not authorized, message refused", what a filter of the site's
// own decides for a host or a recipient; with a 4 in front, not now. X.4.5, congestion, would say
// that a system has more than it can carry, which is not so: it could, and does not want to.
constexpr std::string_view enhanced = "5.7.1";

Finding deferral(std::string_view rule, std::string evidence, std::string when) {
  Finding finding;
  finding.rule = rule;
  finding.wish = Disposition::defer;
  finding.reply = {.code = 550,
                   .enhanced = std::string(enhanced),
                   .text = fmt::format("{}: {}; {}", rule, evidence, when)};
  finding.evidence = std::move(evidence);
  return finding;
}

// "1 recipient", "2000 messages"
std::string units_of(std::uint32_t amount, ThrottleUnit unit) {
  const std::string_view one = unit == ThrottleUnit::messages ? "message" : "recipient";
  return fmt::format("{} {}{}", amount, one, amount == 1 ? "" : "s");
}

// "hourly (stream news) allows 100 recipients in 1h"
std::string allowance(const PlannedCharge& planned) {
  const RateLimit& limit = planned.charge.limit;
  const std::string subject = for_log(planned.subject, why_shown);
  if (planned.day) {
    const std::string day = planned.day->day == 0 ? std::string("before its first day")
                                                  : fmt::format("on day {}", planned.day->day);
    return fmt::format("warm-up of {} allows {} {} (UTC)", subject,
                       units_of(limit.amount, planned.count), day);
  }
  if (planned.limit == nullptr) {
    return fmt::format("{} gets one message in {}", subject,
                       to_span(std::chrono::duration_cast<std::chrono::seconds>(limit.window)));
  }
  return fmt::format("{} ({}) allows {} in {}", planned.name, subject,
                     units_of(limit.amount, planned.count), to_span(planned.limit->within));
}

std::string because_of(const Backoff& backoff) {
  std::string words = fmt::format("since {} by {}", to_second(backoff.since), for_log(backoff.by));
  if (!backoff.why.empty()) words += fmt::format(": {}", for_log(backoff.why, why_shown));
  return words;
}

std::string again(const Backoff& backoff, WallTime now) {
  if (!backoff.until) return "try again later";
  return fmt::format("try again after {}", to_second(std::max(*backoff.until, now)));
}

// `what` as the command takes it: an address of egress or "all", or a kind and its subject.
std::string resume(std::string_view what) {
  return fmt::format("icloud-milterctl throttle resume {}, once the cause is mended", what);
}

bool is_of_account(const PlannedCharge& planned) {
  return std::ranges::any_of(
      limits_of(ThrottlePreset::icloud_account),
      [&](const ThrottleLimitConfig& limit) { return planned.limit == &limit; });
}

std::string fix_of(const PlannedCharge& planned) {
  if (planned.slowed && planned.limit == nullptr && !planned.day) {
    // "192.0.2.7" or "all"; "recipient ADDRESS", and an address may hold what a shell takes.
    constexpr std::string_view kind = "recipient ";
    const std::string subject = for_log(planned.subject, why_shown);
    const bool is_recipient = subject.starts_with(kind);
    return resume(is_recipient ? std::string(kind) + shell_word(subject.substr(kind.size()))
                               : subject);
  }
  std::string option = fmt::format("throttle.limits, name: {}", planned.name);
  if (planned.day) option = "throttle.warm_up";
  if (is_of_account(planned)) option = "throttle.preset: icloud-account";
  return fmt::format(
      "nothing, the mail goes later; icloud-milterctl throttle show tells how the "
      "limits stand, {} sets this one",
      option);
}

std::string prediction_of(const PlannedCharge& planned) {
  if (is_of_account(planned)) return "smtp.mail.me.com: You have exceeded your daily sending limit";
  const bool is_of_recipient =
      planned.rule == "throttle.spacing" || planned.rule == "throttle.recipient-slowed";
  if (is_of_recipient) return "421 4.7.1 Messages to this address deferred due to excessive volume";
  return "421 [HCM1] mail from this address deferred, or 451 4.7.1 Service unavailable, when Apple "
         "finds it too much; it publishes no figures";
}

}  // namespace

std::string to_second(WallTime time) {
  const std::string text = to_rfc3339(std::chrono::ceil<std::chrono::seconds>(time));
  return text.substr(0, text.find('.')) + "Z";
}

Finding used_up(const std::vector<PlannedCharge>& planned, const std::vector<RateUse>& uses,
                std::uint64_t claim, WallTime now) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    if (uses[i].is_refused && (!uses[last].is_refused || uses[i].free_at > uses[last].free_at)) {
      last = i;
    }
  }
  const PlannedCharge& limit = planned[last];
  const RateUse& use = uses[last];
  std::string evidence = fmt::format("{}, {} used", allowance(limit), use.used);
  if (limit.charge.share < 100) {
    evidence += fmt::format(", of which this mail may use {}",
                            share_of(limit.charge.limit.amount, limit.charge.share));
  }
  if (limit.slowed) evidence += fmt::format(", slowed {}", because_of(*limit.slowed));
  evidence += fmt::format(", free at {}", to_second(use.free_at));
  Finding finding =
      deferral(limit.rule, std::move(evidence),
               fmt::format("try again after {}", to_second(spread_retry(use.free_at, now, claim))));
  finding.fix = fix_of(limit);
  finding.prediction = prediction_of(limit);
  return finding;
}

Finding paused_way(const Backoff& pause, WallTime now) {
  const std::string way = pause.subject == every_egress
                              ? std::string("all mail to Apple is paused")
                              : fmt::format("mail that may leave by {} is paused", pause.subject);
  Finding finding =
      deferral("throttle.paused", fmt::format("{} {}", way, because_of(pause)), again(pause, now));
  finding.fix = resume(pause.subject);
  return finding;
}

Finding held_domain(const Backoff& hold, WallTime now) {
  Finding finding = deferral("throttle.domain-held",
                             fmt::format("mail of {} is held {}", hold.subject, because_of(hold)),
                             again(hold, now));
  finding.fix = resume("domain " + hold.subject);
  return finding;
}

Finding stopped_template(const Backoff& stop, WallTime now) {
  Finding finding =
      deferral("throttle.template-stopped",
               fmt::format("mail of this form ({}) is stopped {}", stop.subject, because_of(stop)),
               again(stop, now));
  finding.fix = resume("template " + stop.subject);
  return finding;
}

}  // namespace icm
