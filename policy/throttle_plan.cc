// SPDX-License-Identifier: Apache-2.0
#include "policy/throttle_plan.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/classification.h"
#include "policy/store/rate_counter.h"

namespace icm {
namespace {

constexpr std::string_view rate_rule = "throttle.rate";
constexpr std::string_view spacing_rule = "throttle.spacing";
constexpr std::string_view warm_up_rule = "throttle.warm-up";
constexpr std::string_view paused_rule = "throttle.paused";
constexpr std::string_view slowed_rule = "throttle.recipient-slowed";

constexpr std::size_t longest_subject = 80;  // octets of a counter's name; beyond, a hash

// As one word of printable ASCII, short, and the same for the same subject. Of what the
// configuration names.
std::string word_of(std::string_view subject) {
  std::string word;
  for (const char c : lower_ascii(subject)) {
    if (c > ' ' && c <= '~' && c != '%') {
      word += c;
    } else {
      word += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (word.size() <= longest_subject) return word;
  return word.substr(0, longest_subject - 17) + person_word(subject);
}

// The configuration bounds them in number, and they name nobody.
bool is_bounded(ThrottlePer per) {
  return per == ThrottlePer::all || per == ThrottlePer::stream || per == ThrottlePer::egress;
}

std::string counter_of(const ThrottleLimitConfig& limit, std::string_view subject) {
  return fmt::format(
      "{}/{}/{}/{}", limit.name, limit.count == ThrottleUnit::messages ? "messages" : "recipients",
      to_span(limit.within), is_bounded(limit.per) ? word_of(subject) : person_word(subject));
}

ThrottleMail mail_of(const StreamConfig* stream) {
  if (stream == nullptr) return ThrottleMail::undeclared;
  return stream->kind == StreamKind::bulk ? ThrottleMail::bulk : ThrottleMail::transactional;
}

template <class T>
bool has(const std::vector<T>& list, const T& one) {
  return std::ranges::find(list, one) != list.end();
}

std::string sender_of(const Envelope& envelope) {
  const ReversePath& path = envelope.reverse_path;
  if (path.mailbox) return path.mailbox->key();
  return fmt::format("<{}>", path.text);
}

// A charge of a limit, for the counter of a subject.
PlannedCharge planned_charge(const ThrottleLimitConfig& limit, std::string_view key,
                             std::string subject) {
  return {.charge = {.limit = {.counter = counter_of(limit, key),
                               .amount = static_cast<std::uint32_t>(limit.at_most),
                               .window = limit.within,
                               .burst = static_cast<std::uint32_t>(limit.burst),
                               .is_pinned = is_bounded(limit.per)}},
          .rule = limit.per == ThrottlePer::recipient ? spacing_rule : rate_rule,
          .name = limit.name,
          .subject = std::move(subject),
          .count = limit.count,
          .day = {},
          .slowed = {},
          .limit = &limit};
}

// Who is slowed may use a part of every limit.
void slow(PlannedCharge& planned, const std::optional<Backoff>& slowed) {
  if (!slowed) return;
  planned.slowed = slowed;
  planned.charge.share = std::max(1, planned.charge.share * slowed->percent / 100);
}

// Who may use a part of a limit goes at that part of its pace, too: by a counter of its own, since
// one pace cannot be two.
void add_paces(std::vector<PlannedCharge>& planned) {
  const std::size_t given = planned.size();
  for (std::size_t i = 0; i < given; ++i) {
    const int share = planned[i].charge.share;
    if (planned[i].charge.limit.burst == 0 || share == 100) continue;
    PlannedCharge part = planned[i];
    RateLimit& limit = part.charge.limit;
    limit.counter += fmt::format("@{}", share);
    limit.amount = share_of(limit.amount, share);
    limit.burst = share_of(limit.burst, share);
    part.charge.share = 100;
    planned.push_back(std::move(part));
  }
}

}  // namespace

WarmUpDay warm_up_day(const WarmUpConfig& plan, WallTime now) {
  using std::chrono::days;
  const auto cap = static_cast<std::uint64_t>(plan.cap);
  std::uint64_t figure = std::min(static_cast<std::uint64_t>(plan.first_day), cap);
  const auto start = std::chrono::floor<days>(plan.start.value_or(now));
  const auto today = std::chrono::floor<days>(now);
  const auto passed = (today - start).count();
  for (auto day = passed; day > 0 && figure < cap; --day) {
    // At least one more, or little figures would never grow.
    figure =
        std::min(cap, std::max(figure + 1, figure * static_cast<std::uint64_t>(plan.growth) / 100));
  }
  return {.day = passed < 0 ? 0 : static_cast<int>(passed) + 1,
          .cap = static_cast<std::uint32_t>(figure),
          .is_grown = figure == cap};
}

std::optional<Backoff> backoff_of(BackoffKind kind, const std::vector<IpAddress>& egress,
                                  const Backoffs& backoffs, WallTime now) {
  if (!backoffs.has(kind)) return std::nullopt;
  std::optional<Backoff> strictest;
  const auto take = [&](const Backoff* found) {
    if (found == nullptr) return;
    const bool is_stricter = !strictest || found->percent < strictest->percent ||
                             (found->every.count() == 0 && strictest->every.count() > 0);
    if (is_stricter) strictest = *found;
  };
  take(backoffs.find(kind, every_egress, now));
  for (const IpAddress& address : egress) take(backoffs.find(kind, address.text(), now));
  return strictest;
}

std::optional<WallTime> first_probe(const Backoff& pause) {
  if (pause.kind != BackoffKind::pause || pause.every.count() == 0) return std::nullopt;
  return pause.since + pause.every;
}

// What is known of a recipient's mail when it is named.
struct ThrottlePlan::Mail {
  const Envelope& envelope;
  const Recipient& recipient;
  const StreamConfig* stream;
  const std::vector<IpAddress>& egress;
  bool is_message_paid;
  const Backoffs& backoffs;
  WallTime now;
};

ThrottlePlan::ThrottlePlan(const Config& config) : config_(config), apple_(config.apple.domains) {
  for (const auto& limit : limits_of(config.throttle.preset)) limits_.push_back(&limit);
  for (const auto& limit : config.throttle.limits) limits_.push_back(&limit);
}

Mode ThrottlePlan::mode_of(std::string_view rule) const {
  const auto found = config_.throttle.rules.find(std::string(rule.substr(rule.find('.') + 1)));
  return found == config_.throttle.rules.end() ? config_.throttle.mode : found->second;
}

const StreamConfig* ThrottlePlan::stream_at_rcpt(const Envelope& envelope) const {
  if (envelope.stream.empty()) return stream_of_envelope(config_.streams, envelope);
  Envelope known;
  known.login = envelope.login;
  known.reverse_path = envelope.reverse_path;
  return stream_of_envelope(config_.streams, known);
}

const StreamConfig* ThrottlePlan::stream_named(const std::string& name) const {
  const auto found = std::ranges::find(config_.streams, name, &StreamConfig::name);
  return name.empty() || found == config_.streams.end() ? nullptr : &*found;
}

const std::vector<IpAddress>& ThrottlePlan::egress_of(const StreamConfig* stream) const {
  return stream == nullptr || stream->egress.empty() ? config_.egress.addresses : stream->egress;
}

std::vector<IpAddress> ThrottlePlan::all_egress() const {
  std::vector<IpAddress> all = config_.egress.addresses;
  for (const StreamConfig& stream : config_.streams) {
    for (const IpAddress& address : stream.egress) {
      if (!has(all, address)) all.push_back(address);
    }
  }
  return all;
}

std::vector<PlannedCharge> ThrottlePlan::charges(const Envelope& envelope,
                                                 const Recipient& recipient,
                                                 const StreamConfig* stream, bool is_message_paid,
                                                 const Backoffs& backoffs, WallTime now) const {
  const Mail mail{.envelope = envelope,
                  .recipient = recipient,
                  .stream = stream,
                  .egress = egress_of(stream),
                  .is_message_paid = is_message_paid,
                  .backoffs = backoffs,
                  .now = now};
  std::vector<PlannedCharge> planned;
  for (const ThrottleLimitConfig* limit : limits_) add_limit(*limit, mail, planned);
  for (const IpAddress& address : mail.egress) add_warm_up(address, backoffs, now, planned);
  add_slowed_recipient(mail, planned);
  add_probe(mail, planned);
  add_paces(planned);
  std::erase_if(planned, [&](const PlannedCharge& one) { return mode_of(one.rule) == Mode::off; });
  return planned;
}

std::vector<PlannedCharge> ThrottlePlan::charges(const Envelope& envelope,
                                                 const StreamConfig* stream,
                                                 const Backoffs& backoffs, WallTime now) const {
  std::vector<PlannedCharge> all;
  std::unordered_map<std::string, std::size_t> places;  // of counters in `all`
  for (const Recipient& recipient : envelope.recipients) {
    if (!recipient.is_apple && !config_.throttle.counts_everybody()) continue;
    for (PlannedCharge& one : charges(envelope, recipient, stream, false, backoffs, now)) {
      const auto [place, is_new] = places.emplace(one.charge.limit.counter, all.size());
      if (is_new) {
        all.push_back(std::move(one));
      } else if (one.count == ThrottleUnit::recipients) {
        ++all[place->second].charge.units;
      }
    }
  }
  return all;
}

void ThrottlePlan::add_limit(const ThrottleLimitConfig& limit, const Mail& mail,
                             std::vector<PlannedCharge>& planned) const {
  if (!limit.mail.empty() && !has(limit.mail, mail_of(mail.stream))) return;
  if (!limit.streams.empty() && (mail.stream == nullptr || !has(limit.streams, mail.stream->name)))
    return;
  if (limit.relay_only &&
      !(mail.recipient.mailbox && apple_.is_private_relay(mail.recipient.mailbox->domain()))) {
    return;
  }
  if (limit.count == ThrottleUnit::messages && mail.is_message_paid) return;
  const auto add = [&](std::string_view key, std::string subject) {
    planned.push_back(planned_charge(limit, key, std::move(subject)));
    if (mail_of(mail.stream) == ThrottleMail::bulk) {
      planned.back().charge.share = limit.bulk_share;
    }
    if (limit.per != ThrottlePer::recipient) {
      slow(planned.back(), backoff_of(BackoffKind::slow, mail.egress, mail.backoffs, mail.now));
    }
  };
  switch (limit.per) {
    case ThrottlePer::all:
      return add("", "all");
    case ThrottlePer::stream: {
      const std::string name = mail.stream == nullptr ? "" : mail.stream->name;
      return add(name, name.empty() ? "mail of no stream" : "stream " + name);
    }
    case ThrottlePer::egress:
      for (const IpAddress& address : mail.egress) add(address.text(), address.text());
      return;
    case ThrottlePer::sender: {
      const std::string sender = sender_of(mail.envelope);
      return add(sender, "sender " + sender);
    }
    case ThrottlePer::login:
      if (!mail.envelope.login.empty()) {
        add(mail.envelope.login, "login " + mail.envelope.login);
      }
      return;
    case ThrottlePer::recipient: {
      const Recipient& to = mail.recipient;
      const std::string key = to.mailbox ? to.mailbox->key() : to.text;
      return add(key, "recipient " + key);
    }
  }
}

void ThrottlePlan::add_warm_up(const IpAddress& egress, const Backoffs& backoffs, WallTime now,
                               std::vector<PlannedCharge>& planned) const {
  for (const WarmUpConfig& plan : config_.throttle.warm_up) {
    if (!has(plan.egress, egress)) continue;
    const WarmUpDay day = warm_up_day(plan, now);
    planned.push_back({.charge = {.limit = {.counter = "warm-up/" + egress.text(),
                                            .amount = day.cap,
                                            .window = std::chrono::hours{24},
                                            .reckoning = Reckoning::calendar,
                                            .is_pinned = true}},
                       .rule = warm_up_rule,
                       .name = "warm-up",
                       .subject = egress.text(),
                       .day = day,
                       .slowed = {}});
    slow(planned.back(), backoff_of(BackoffKind::slow, {egress}, backoffs, now));
    return;
  }
}

void ThrottlePlan::add_slowed_recipient(const Mail& mail,
                                        std::vector<PlannedCharge>& planned) const {
  if (!mail.recipient.mailbox || !mail.backoffs.has(BackoffKind::recipient)) return;
  const std::string key = mail.recipient.mailbox->key();
  const Backoff* slowed = mail.backoffs.find(BackoffKind::recipient, person_word(key), mail.now);
  if (slowed == nullptr) return;
  planned.push_back(
      {.charge = {.limit = {.counter = fmt::format("slowed/{}/{}", to_span(slowed->every),
                                                   slowed->subject),
                            .amount = 1,
                            .window = slowed->every}},
       .rule = slowed_rule,
       .name = "slowed recipient",
       .subject = "recipient " + key,
       .day = {},
       .slowed = *slowed});
}

void ThrottlePlan::add_probe(const Mail& mail, std::vector<PlannedCharge>& planned) const {
  const auto pause = backoff_of(BackoffKind::pause, mail.egress, mail.backoffs, mail.now);
  const auto probe = pause ? first_probe(*pause) : std::nullopt;
  if (!probe || mail.now < *probe) return;
  planned.push_back({.charge = {.limit = {.counter = fmt::format(
                                              "probe/{}/{}", to_span(pause->every), pause->subject),
                                          .amount = 1,
                                          .window = pause->every,
                                          .is_pinned = true}},
                     .rule = paused_rule,
                     .name = "probe",
                     .subject = pause->subject,
                     .day = {},
                     .slowed = *pause});
}

std::vector<PlannedCharge> ThrottlePlan::overview(const Backoffs& backoffs, WallTime now) const {
  std::vector<PlannedCharge> planned;
  const auto add = [&](const ThrottleLimitConfig& limit, std::string_view key, std::string subject,
                       const std::vector<IpAddress>& egress) {
    planned.push_back(planned_charge(limit, key, std::move(subject)));
    slow(planned.back(), backoff_of(BackoffKind::slow, egress, backoffs, now));
  };
  for (const ThrottleLimitConfig* const one : limits_) {
    const ThrottleLimitConfig& limit = *one;
    switch (limit.per) {
      case ThrottlePer::all:
        add(limit, "", "all", {});
        break;
      case ThrottlePer::stream: {
        for (const StreamConfig& stream : config_.streams) {
          const bool is_meant = (limit.streams.empty() || has(limit.streams, stream.name)) &&
                                (limit.mail.empty() || has(limit.mail, mail_of(&stream)));
          if (is_meant) add(limit, stream.name, "stream " + stream.name, stream.egress);
        }
        const bool has_rest = limit.streams.empty() &&
                              (limit.mail.empty() || has(limit.mail, ThrottleMail::undeclared));
        if (has_rest) add(limit, "", "mail of no stream", {});
        break;
      }
      case ThrottlePer::egress:
        for (const IpAddress& address : all_egress()) {
          add(limit, address.text(), address.text(), {address});
        }
        break;
      case ThrottlePer::sender:
      case ThrottlePer::login:
      case ThrottlePer::recipient:
        break;
    }
  }
  for (const WarmUpConfig& plan : config_.throttle.warm_up) {
    for (const IpAddress& address : plan.egress) add_warm_up(address, backoffs, now, planned);
  }
  return planned;
}

}  // namespace icm
