// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_rate_limiter.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/store/rate_counter.h"
#include "policy/store/redis_rate_scripts.h"
#include "policy/store/waiting_list.h"

namespace icm {
namespace {

constexpr std::size_t numbers_of_charge = 6;
constexpr std::size_t numbers_ahead = 2;
constexpr std::int64_t micros = 1000;
constexpr std::uint32_t no_bound = 0x7fffffff;  // of what may be in use
constexpr std::uint32_t taken_alone = 1;        // RateReceipt::source of a host that is alone

const RedisScript& take_script() {
  static const RedisScript script{std::string(rate_take_script)};
  return script;
}

const RedisScript& give_back_script() {
  static const RedisScript script{std::string(rate_give_back_script)};
  return script;
}

WallTime time_of(std::int64_t number) { return WallTime(std::chrono::milliseconds(number)); }

Error unexpected(const RedisReply& reply) {
  return {Code::temporary,
          fmt::format("redis: expected the numbers of a decision, got {}", to_string(reply))};
}

}  // namespace

std::string RedisRateLimiter::key_of(std::string_view kind, std::string_view name) const {
  return fmt::format("{{{}:throttle}}:{}:{}", prefix_, kind, name);
}

Result<RateAnswer> RedisRateLimiter::ask(const std::vector<RateCharge>& charges,
                                         std::uint64_t claim, Purpose purpose, WallTime now,
                                         Deadline deadline) {
  RateAnswer answer;
  if (charges.empty()) {
    answer.is_granted = true;
    return answer;
  }
  RedisCall call;
  for (const RateCharge& charge : charges) {
    call.keys.push_back(key_of("counter", charge.limit.counter));
  }
  for (const RateCharge& charge : charges) {
    call.keys.push_back(key_of("line", fmt::format("{}/{}", charge.limit.counter, charge.share)));
  }
  call.arguments = {
      time_ == TimeOf::server ? "" : fmt::format("{}", now.time_since_epoch().count()),
      fmt::format("{}", claim), fmt::format("{}", WaitingList::patience),
      fmt::format("{}", WaitingList::most_claims), purpose == Purpose::take ? "take" : "look"};
  for (const RateCharge& charge : charges) {
    const RateLimit& limit = charge.limit;
    const RateSlots slots = slots_of(limit.window, limit.reckoning);
    const std::int64_t pace =
        limit.burst == 0 ? 0 : (limit.window.count() * micros + limit.amount - 1) / limit.amount;
    const auto usable = [&](std::uint32_t amount) {
      return std::int64_t{charge.is_owed ? no_bound : share_of(amount, charge.share)};
    };
    for (const std::int64_t number : {slots.length, slots.slots, usable(limit.amount), pace,
                                      usable(limit.burst), std::int64_t{charge.units}}) {
      call.arguments.push_back(fmt::format("{}", number));
    }
  }
  ICM_TRY(const RedisReply reply, client_->run(take_script(), call, deadline));
  const std::size_t expected = numbers_ahead + charges.size() * numbers_of_charge;
  const bool is_whole = reply.items.size() == expected &&
                        std::ranges::all_of(reply.items, [](const RedisReply& item) {
                          return item.kind == RedisReply::Kind::number;
                        });
  if (!is_whole) return tl::make_unexpected(unexpected(reply));
  answer.is_granted = reply.items[0].number == 1;
  // The server's time is not ours: what is told is how long from now.
  const std::int64_t ahead = now.time_since_epoch().count() - reply.items[1].number;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const auto* numbers = &reply.items[numbers_ahead + i * numbers_of_charge];
    answer.uses.push_back({.used = static_cast<std::uint32_t>(numbers[0].number),
                           .free_at = time_of(numbers[1].number + ahead),
                           .is_refused = numbers[2].number == 1});
    if (!answer.is_granted) continue;
    answer.receipt.taken.push_back({.counter = charges[i].limit.counter,
                                    .slot = numbers[3].number,
                                    .units = charges[i].units,
                                    .pace_before = numbers[4].number,
                                    .pace_after = numbers[5].number});
  }
  return answer;
}

Result<RateAnswer> RedisRateLimiter::take(const RateRequest& request, WallTime now,
                                          Deadline deadline) {
  return ask(request.charges, request.claim, Purpose::take, now, deadline);
}

Status RedisRateLimiter::give_back(const RateReceipt& receipt, Deadline deadline) {
  if (receipt.taken.empty()) return {};
  RedisCall call;
  for (const RateReceipt::Taken& taken : receipt.taken) {
    call.keys.push_back(key_of("counter", taken.counter));
    for (const std::int64_t number :
         {taken.slot, std::int64_t{taken.units}, taken.pace_before, taken.pace_after}) {
      call.arguments.push_back(fmt::format("{}", number));
    }
  }
  ICM_TRY(const RedisReply reply, client_->run(give_back_script(), call, deadline));
  if (reply.kind != RedisReply::Kind::number) return tl::make_unexpected(unexpected(reply));
  return {};
}

Result<std::vector<RateUse>> RedisRateLimiter::look(const std::vector<RateCharge>& charges,
                                                    WallTime now, Deadline deadline) {
  ICM_TRY(RateAnswer answer, ask(charges, 0, Purpose::look, now, deadline));
  return std::move(answer.uses);
}

// ---- FleetRateLimiter ---------------------------------------------------------------------------

void FleetRateLimiter::heard(const Error* error) {
  const bool is_away = error != nullptr;
  const bool is_news =
      is_away_.with([&](bool& was_away) { return std::exchange(was_away, is_away) != is_away; });
  if (!is_news) return;
  if (!is_away) return tell_("throttle: the fleet's limits are counted together again");
  tell_(fmt::format("throttle: {}; {}", error->text,
                    own_ != nullptr ? "until it answers, this host counts as if it were alone"
                                    : "until it answers, throttle.on_error decides"));
}

Result<RateAnswer> FleetRateLimiter::take(const RateRequest& request, WallTime now,
                                          Deadline deadline) {
  auto answer = fleet_->take(request, now, deadline);
  heard(answer ? nullptr : &answer.error());
  if (answer || own_ == nullptr) return answer;
  answer = own_->take(request, now, deadline);
  if (answer) answer->receipt.source = taken_alone;
  return answer;
}

Status FleetRateLimiter::give_back(const RateReceipt& receipt, Deadline deadline) {
  if (receipt.source == taken_alone && own_ != nullptr) return own_->give_back(receipt, deadline);
  return fleet_->give_back(receipt, deadline);
}

Result<std::vector<RateUse>> FleetRateLimiter::look(const std::vector<RateCharge>& charges,
                                                    WallTime now, Deadline deadline) {
  auto uses = fleet_->look(charges, now, deadline);
  heard(uses ? nullptr : &uses.error());
  return uses || own_ == nullptr ? uses : own_->look(charges, now, deadline);
}

}  // namespace icm
