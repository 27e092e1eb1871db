// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/mass_bounce_breaker.h"

#include <algorithm>

namespace icm {
namespace {

constexpr std::chrono::minutes slot{10};

}  // namespace

bool is_watched(const ReplyEntry& entry) {
  return (entry.scope == ReplyScope::address && entry.reply_class != ReplyClass::success &&
          entry.reply_class != ReplyClass::throttle) ||
         entry.nature == ReplyNature::outage_suspect || entry.reply_class == ReplyClass::outage;
}

Result<std::vector<BreakerOpening>> breaker_openings(ReplyBook& book) {
  std::vector<BreakerOpening> openings;
  ICM_TRY(Query query, book.query("SELECT entry, opened, hits, answers, usual, level, calm, closed"
                                  " FROM breaker ORDER BY opened DESC, entry"));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return openings;
    BreakerOpening one{.entry = std::string(query.text(0)),
                       .opened = stored_time(query.number(1)),
                       .share = {.hits = query.number(2), .answers = query.number(3)},
                       .usual = query.number(4),
                       .level = query.number(5),
                       .calm = {},
                       .closed = {}};
    if (!query.is_null(6)) one.calm = stored_time(query.number(6));
    if (!query.is_null(7)) one.closed = stored_time(query.number(7));
    openings.push_back(std::move(one));
  }
}

Status MassBounceBreaker::load(ReplyBook& book) {
  ICM_TRY(openings_, breaker_openings(book));
  return {};
}

Status MassBounceBreaker::save(ReplyBook& book) {
  for (const BreakerOpening& one : openings_) {
    ICM_TRY(Query query, book.query("INSERT OR REPLACE INTO breaker VALUES"
                                    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    query.bind(1, one.entry).bind(2, stored(one.opened));
    query.bind(3, one.share.hits).bind(4, one.share.answers);
    query.bind(5, one.usual).bind(6, one.level);
    const auto bind_time = [&](int parameter, const std::optional<WallTime>& time) {
      if (time) {
        query.bind(parameter, stored(*time));
      } else {
        query.bind_null(parameter);
      }
    };
    bind_time(7, one.calm);
    bind_time(8, one.closed);
    ICM_CHECK(query.run());
  }
  return {};
}

// By whole slots: the one that has begun counts, so the window may be up to a slot longer.
TallySpan MassBounceBreaker::window_before(WallTime time) const {
  return {.since = time - config_.window, .until = time + std::chrono::milliseconds{1}};
}

std::vector<TallySpan> MassBounceBreaker::outages_of(std::string_view entry) const {
  std::vector<TallySpan> outages;
  for (const BreakerOpening& one : openings_) {
    if (one.entry != entry) continue;
    outages.push_back({doubted_since(one), one.closed.value_or(WallTime::max())});
  }
  return outages;
}

const BreakerOpening* MassBounceBreaker::observe(const std::string& entry, WallTime time) {
  if (is_open_for(entry)) return nullptr;
  const TallySpan window = window_before(time);
  const TallyShare share = tally_.share(entry, window);
  if (share.hits < config_.at_least) return nullptr;
  // What the window has is no part of what is usual.
  const TallyShare usual = tally_.share(
      entry, {.since = time - replies_known_for, .until = window.since - slot}, outages_of(entry));
  const std::int64_t level =
      std::max<std::int64_t>(config_.share * std::int64_t{10'000},
                             std::min<std::int64_t>(usual.in_a_million() * config_.times, 990'000));
  if (share.in_a_million() <= level) return nullptr;
  openings_.insert(openings_.begin(), {.entry = entry,
                                       .opened = time,
                                       .share = share,
                                       .usual = usual.in_a_million(),
                                       .level = level,
                                       .calm = {},
                                       .closed = {}});
  return &openings_.front();
}

std::vector<BreakerOpening> MassBounceBreaker::tick(WallTime now) {
  std::vector<BreakerOpening> closed;
  for (BreakerOpening& one : openings_) {
    if (one.closed) continue;
    const TallyShare share = tally_.share(one.entry, window_before(now));
    const bool is_low = share.in_a_million() < one.level / 2;
    if (!is_low) {
      one.calm.reset();
    } else if (!one.calm) {
      one.calm = now;
    }
    if (!one.calm || now - *one.calm < config_.calm) continue;
    one.closed = now;
    closed.push_back(one);
  }
  return closed;
}

bool MassBounceBreaker::is_open() const {
  return std::any_of(openings_.begin(), openings_.end(),
                     [](const BreakerOpening& one) { return !one.closed; });
}

bool MassBounceBreaker::is_open_for(std::string_view entry) const {
  return std::any_of(openings_.begin(), openings_.end(),
                     [&](const BreakerOpening& one) { return !one.closed && one.entry == entry; });
}

}  // namespace icm
