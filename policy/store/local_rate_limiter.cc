// SPDX-License-Identifier: Apache-2.0
#include "policy/store/local_rate_limiter.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace icm {
namespace {

constexpr std::int64_t micros = 1000;
constexpr std::int64_t moment = 2000;  // milliseconds; a clock that was set differs by more

RateTime milliseconds(WallTime time) { return time.time_since_epoch().count(); }

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// Who waits for a small share does not keep others from theirs.
std::string line_of(const RateCharge& charge) {
  return fmt::format("{} {}", charge.limit.counter, charge.share);
}

}  // namespace

LocalRateLimiter::LocalRateLimiter(const Uptime& uptime, WallTime now, Tell tell, std::size_t most)
    : uptime_(uptime),
      base_(milliseconds(now) - uptime.now().count()),
      tell_(std::move(tell)),
      most_(most) {
  memory_.with([&](Memory& memory) { memory.most = most; });
}

Result<std::unique_ptr<LocalRateLimiter>> LocalRateLimiter::open(const std::string& path,
                                                                 const Uptime& uptime, WallTime now,
                                                                 Tell tell, Deadline deadline) {
  auto limiter = std::make_unique<LocalRateLimiter>(uptime, now, tell);
  auto journal = std::make_unique<RateJournal>(path, std::move(tell));
  ICM_CHECK(journal->hold(deadline));
  ICM_TRY(const auto entries, journal->read());
  limiter->journal_.with([&](auto& kept) { kept = std::move(journal); });
  limiter->restore(entries, now);
  return limiter;
}

// ---- Memory -----------------------------------------------------------------------------------

LocalRateLimiter::Named* LocalRateLimiter::Memory::find(const std::string& name) {
  const auto known = by_name.find(name);
  return known == by_name.end() ? nullptr : &*known->second;
}

LocalRateLimiter::Named& LocalRateLimiter::Memory::use(const RateLimit& limit) {
  const auto known = by_name.find(limit.counter);
  if (known != by_name.end()) {
    order.splice(order.begin(), order, known->second);
    return order.front();
  }
  order.push_front({.name = limit.counter,
                    .counter = RateCounter(slots_of(limit.window, limit.reckoning)),
                    .reckoning = limit.reckoning,
                    .is_pinned = limit.is_pinned});
  by_name.emplace(order.front().name, order.begin());
  if (!limit.is_pinned) ++unpinned;
  return order.front();
}

void LocalRateLimiter::Memory::forget(Order::iterator place) {
  by_name.erase(place->name);
  if (!place->is_pinned) --unpinned;
  order.erase(place);
}

// The last one is idle in most cases: it was used before all others.
void LocalRateLimiter::Memory::make_room(RateTime now) {
  while (unpinned > 0) {
    const auto last = std::prev(order.end());
    if (last->is_pinned) {
      order.splice(order.begin(), order, last);  // it stays, and is in nobody's way
    } else if (last->counter.is_idle(now)) {
      forget(last);
    } else {
      break;
    }
  }
  for (auto place = order.end(); unpinned > most && place != order.begin();) {
    --place;
    if (place->is_pinned) continue;
    is_full = is_full || !place->counter.is_idle(now);
    forget(place++);
  }
  if (unpinned <= most / 4 * 3) is_full = false;
}

// ---- Time -------------------------------------------------------------------------------------

RateTime LocalRateLimiter::counted(WallTime now, Reckoning reckoning) const {
  return reckoning == Reckoning::calendar ? milliseconds(now) : base_ + uptime_.now().count();
}

// How far the wall clock is from the counted time. Between the question and here a moment passes;
// that is no clock that was set.
std::int64_t LocalRateLimiter::ahead(WallTime now, Reckoning reckoning) const {
  const std::int64_t difference = milliseconds(now) - counted(now, reckoning);
  return difference > -moment && difference < moment ? 0 : difference;
}

WallTime LocalRateLimiter::told(RateTime time, WallTime now, Reckoning reckoning) const {
  return WallTime(std::chrono::milliseconds(time + milliseconds(now) - counted(now, reckoning)));
}

// ---- Questions --------------------------------------------------------------------------------

RateUse LocalRateLimiter::use_of(Memory& memory, const RateCharge& charge, std::uint64_t claim,
                                 WallTime now) const {
  const Named* named = memory.find(charge.limit.counter);
  if (named == nullptr) return {.used = 0, .free_at = now};
  const RateTime time = counted(now, named->reckoning);
  std::uint32_t kept_free = 0;
  if (claim != 0 && !memory.waiting.is_known(claim, uptime_.now().count())) {
    kept_free = std::min(memory.waiting.length(line_of(charge), uptime_.now().count()),
                         share_of(charge.limit.amount, charge.share) / 2);
  }
  const RateTime free = charge.is_owed ? time : named->counter.free_at(charge, kept_free, time);
  return {.used = named->counter.used(time),
          .free_at = told(free, now, named->reckoning),
          .is_refused = free > time};
}

Result<RateAnswer> LocalRateLimiter::take(const RateRequest& request, WallTime now, Deadline) {
  RateAnswer answer;
  bool was_full = false;
  bool is_full = false;
  journal_.with([&](const std::unique_ptr<RateJournal>& journal) {
    std::vector<RateEntry> written;
    memory_.with([&](Memory& memory) {
      was_full = memory.is_full;
      answer.is_granted = true;
      for (const RateCharge& charge : request.charges) {
        answer.uses.push_back(use_of(memory, charge, request.claim, now));
        if (!answer.uses.back().is_refused) continue;
        if (answer.is_granted) {
          memory.waiting.turn_away(line_of(charge), request.claim, uptime_.now().count());
        }
        answer.is_granted = false;
      }
      if (answer.is_granted) take_all(memory, request, now, answer, written);
      is_full = memory.is_full;
    });
    write(journal.get(), written, now);
  });
  say_when_full(was_full, is_full);
  return answer;
}

void LocalRateLimiter::take_all(Memory& memory, const RateRequest& request, WallTime now,
                                RateAnswer& answer, std::vector<RateEntry>& written) {
  memory.waiting.served(request.claim);
  for (const RateCharge& charge : request.charges) {
    Named& named = memory.use(charge.limit);
    const RateTime time = counted(now, named.reckoning);
    const std::int64_t pace_before = named.counter.pace();
    named.counter.take(charge, time);
    const std::int64_t slot = named.counter.shape().of(time);
    answer.receipt.taken.push_back({.counter = charge.limit.counter,
                                    .slot = slot,
                                    .units = charge.units,
                                    .pace_before = pace_before,
                                    .pace_after = named.counter.pace()});
    const std::int64_t set = ahead(now, named.reckoning);
    written.push_back(
        {.counter = charge.limit.counter,
         .slots = named.counter.shape(),
         .reckoning = named.reckoning,
         .is_pinned = named.is_pinned,
         .at = slot * named.counter.shape().length + set,
         .units = charge.units,
         .pace = named.counter.pace() == 0 ? 0 : named.counter.pace() + set * micros});
  }
  memory.make_room(counted(now, Reckoning::sliding));
  ahead_ = ahead(now, Reckoning::sliding);
}

void LocalRateLimiter::say_when_full(bool was_full, bool is_full) {
  if (was_full == is_full || !tell_) return;
  tell_(is_full ? fmt::format("throttle: limits count more than {} senders, logins and recipients; "
                              "those that came by least recently are forgotten, and may go sooner "
                              "than their limit says",
                              most_)
                : std::string("throttle: no sender, login or recipient is forgotten any more"));
}

Status LocalRateLimiter::give_back(const RateReceipt& receipt, Deadline) {
  journal_.with([&](const std::unique_ptr<RateJournal>& journal) {
    std::vector<RateEntry> written;
    const WallTime now{std::chrono::milliseconds(counted({}, Reckoning::sliding) + ahead_)};
    memory_.with([&](Memory& memory) {
      for (const RateReceipt::Taken& taken : receipt.taken) {
        Named* named = memory.find(taken.counter);
        if (named == nullptr) continue;
        const std::int64_t set = ahead(now, named->reckoning);
        named->counter.give_back(taken.slot, taken.units);
        if (taken.pace_after != taken.pace_before && named->counter.pace() == taken.pace_after) {
          named->counter.set_pace(taken.pace_before);
        }
        written.push_back(
            {.counter = taken.counter,
             .slots = named->counter.shape(),
             .reckoning = named->reckoning,
             .is_pinned = named->is_pinned,
             .at = taken.slot * named->counter.shape().length + set,
             .units = -std::int64_t{taken.units},
             .pace = named->counter.pace() == 0 ? 0 : named->counter.pace() + set * micros});
      }
    });
    write(journal.get(), written, now);
  });
  return {};
}

Result<std::vector<RateUse>> LocalRateLimiter::look(const std::vector<RateCharge>& charges,
                                                    WallTime now, Deadline) {
  return memory_.with([&](Memory& memory) {
    std::vector<RateUse> uses;
    for (const RateCharge& charge : charges) uses.push_back(use_of(memory, charge, 0, now));
    return uses;
  });
}

std::size_t LocalRateLimiter::counters() const {
  return memory_.with([](const Memory& memory) { return memory.order.size(); });
}

// ---- Journal ----------------------------------------------------------------------------------

// Lines that were written before the clock was set tell times of another clock.
void LocalRateLimiter::write(RateJournal* journal, const std::vector<RateEntry>& written,
                             WallTime now) {
  if (journal == nullptr || written.empty()) return;
  const std::int64_t set = ahead(now, Reckoning::sliding);
  if (std::abs(set - written_ahead_) > moment) {
    journal->spoil();
    written_ahead_ = set;
  }
  journal->append(written, [&] { return entries(now); });
}

std::vector<RateEntry> LocalRateLimiter::entries(WallTime now) const {
  return memory_.with([&](const Memory& memory) {
    std::vector<RateEntry> all;
    for (auto named = memory.order.rbegin(); named != memory.order.rend(); ++named) {
      const RateTime time = counted(now, named->reckoning);
      if (named->counter.is_idle(time)) continue;
      const std::int64_t set = ahead(now, named->reckoning);
      const RateCounter& counter = named->counter;
      RateEntry entry{.counter = named->name,
                      .slots = counter.shape(),
                      .reckoning = named->reckoning,
                      .is_pinned = named->is_pinned,
                      .at = counter.shape().of(time) * counter.shape().length + set,
                      .units = 0,
                      .pace = counter.pace() == 0 ? 0 : counter.pace() + set * micros};
      if (counter.slots().empty()) all.push_back(entry);
      for (const RateCounter::Slot& slot : counter.slots()) {
        entry.at = slot.index * counter.shape().length + set;
        entry.units = slot.units;
        all.push_back(entry);
      }
    }
    return all;
  });
}

// What a journal tells of the future was written under a clock that has been set back since: it is
// counted as of now, which holds nothing back for longer than a window.
void LocalRateLimiter::restore(const std::vector<RateEntry>& entries, WallTime now) {
  memory_.with([&](Memory& memory) {
    for (const RateEntry& entry : entries) {
      const RateTime time = counted(now, entry.reckoning);
      const std::int64_t length = entry.slots.length;
      std::int64_t slot = ceil_div(entry.at, length);
      if (entry.reckoning == Reckoning::sliding) {
        const std::int64_t current = entry.slots.of(time);
        slot = std::min(slot, current);
        if (slot <= current - entry.slots.slots && entry.pace <= time * micros) continue;
      }
      Named& named = memory.use({.counter = entry.counter,
                                 .window = std::chrono::milliseconds(length),
                                 .reckoning = entry.reckoning,
                                 .is_pinned = entry.is_pinned});
      if (named.counter.shape() != entry.slots) {
        named.counter = RateCounter(entry.slots);
        named.reckoning = entry.reckoning;
      }
      if (entry.units > 0) named.counter.add(slot, static_cast<std::uint32_t>(entry.units));
      if (entry.units < 0) named.counter.give_back(slot, static_cast<std::uint32_t>(-entry.units));
      const std::int64_t farthest = (time + entry.slots.slots * length) * micros;
      const std::int64_t pace = std::min(entry.pace, farthest);
      named.counter.set_pace(entry.units < 0 ? pace : std::max(pace, named.counter.pace()));
      memory.make_room(time);
    }
  });
}

}  // namespace icm
