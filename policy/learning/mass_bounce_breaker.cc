// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/mass_bounce_breaker.h"

#include <algorithm>

#include <fmt/format.h>

namespace icm {
namespace {

constexpr std::chrono::minutes slot{10};

// No outage of addresses has lasted for so long; and where most addresses are refused, a person has
// to look, however long it lasts.
constexpr std::chrono::hours longest_outage{24};
// And of a day in which the log was not read for so long nothing is known.
constexpr std::chrono::hours longest_silence{12};
constexpr std::int64_t most_usual = 500'000;  // in a million

double percent(std::int64_t in_a_million) { return static_cast<double>(in_a_million) / 10'000; }

}  // namespace

std::string words_of_begin(const BreakerOpening& opening) {
  return fmt::format(
      "an outage at Apple is suspected: of the last {} addresses {} had {} for an answer ({:.1f} "
      "percent; usual are {:.1f}); no address is suppressed until it is over",
      opening.share.answers, opening.share.hits, opening.entry,
      percent(opening.share.in_a_million()), percent(opening.usual));
}

std::string words_of_end(const BreakerOpening& opening) {
  const std::string begin = to_rfc3339(opening.opened);
  if (opening.learnt == 0) {
    return fmt::format(
        "the outage of {} that began at {} is over: what was answered so meanwhile "
        "counts when it comes again",
        opening.entry, begin);
  }
  return fmt::format(
      "what began at {} is no outage: for a day {} was the answer for {:.1f} percent "
      "of all addresses, and that is usual from now on",
      begin, opening.entry, percent(opening.learnt));
}

bool is_watched(const ReplyEntry& entry) {
  return (entry.scope == ReplyScope::address && entry.reply_class != ReplyClass::success &&
          entry.reply_class != ReplyClass::throttle) ||
         entry.nature == ReplyNature::outage_suspect || entry.reply_class == ReplyClass::outage;
}

Result<std::vector<BreakerOpening>> breaker_openings(ReplyBook& book) {
  std::vector<BreakerOpening> openings;
  ICM_TRY(Query query, book.query("SELECT entry, opened, hits, answers, usual, level, calm, closed,"
                                  " learnt FROM breaker ORDER BY opened DESC, entry"));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return openings;
    BreakerOpening one{.entry = std::string(query.text(0)),
                       .opened = stored_time(query.number(1)),
                       .share = {.hits = query.number(2), .answers = query.number(3)},
                       .usual = query.number(4),
                       .level = query.number(5),
                       .calm = {},
                       .closed = {},
                       .learnt = 0};
    if (!query.is_null(6)) one.calm = stored_time(query.number(6));
    if (!query.is_null(7)) one.closed = stored_time(query.number(7));
    one.learnt = query.number(8);
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
                                    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
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
    ICM_CHECK(query.bind(9, one.learnt).run());
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
    if (one.entry != entry || one.learnt > 0) continue;
    outages.push_back({doubted_since(one), one.closed.value_or(WallTime::max())});
  }
  return outages;
}

// Of the days before, but for outages; and where that was higher, what an opening has shown to be
// usual within these days: until they have it all, they say too little.
std::int64_t MassBounceBreaker::usual_share(std::string_view entry, WallTime time) const {
  // What the window has is no part of what is usual.
  const TallySpan before{.since = time - usual_over, .until = time - config_.window - slot};
  std::int64_t usual = tally_.share(entry, before, outages_of(entry)).in_a_million();
  for (const BreakerOpening& one : openings_) {
    const bool is_recent = one.entry == entry && one.closed && time - *one.closed < usual_over;
    if (is_recent) usual = std::max(usual, one.learnt);
  }
  return usual;
}

// The share, in a million, that has to be passed where so much is usual.
std::int64_t MassBounceBreaker::level_above(std::int64_t usual) const {
  return std::max(lowest_level(), std::min<std::int64_t>(usual * config_.times, 990'000));
}

// As observe() has it: at_least, and a share above the level.
BreakerApproach MassBounceBreaker::approach(std::string_view entry, WallTime time) const {
  const TallyShare share = tally_.share(entry, window_before(time));
  constexpr std::int64_t million = 1'000'000;
  const std::int64_t above = level_above(usual_share(entry, time)) + 1;
  const std::int64_t by_share = (above * share.answers + million - 1) / million;
  return {.addresses = share.hits, .threshold = std::max<std::int64_t>(config_.at_least, by_share)};
}

BreakerApproach MassBounceBreaker::nearest(const std::vector<ReplyEntry>& entries,
                                           WallTime time) const {
  BreakerApproach nearest{.addresses = 0, .threshold = config_.at_least};
  for (const ReplyEntry& entry : entries) {
    if (!is_watched(entry) || tally_.share(entry.id, window_before(time)).hits == 0) continue;
    const BreakerApproach one = approach(entry.id, time);
    if (one.addresses * nearest.threshold > nearest.addresses * one.threshold) nearest = one;
  }
  return nearest;
}

const BreakerOpening* MassBounceBreaker::observe(const std::string& entry, WallTime time) {
  if (is_open_for(entry)) return nullptr;
  const TallyShare share = tally_.share(entry, window_before(time));
  if (share.hits < config_.at_least || share.in_a_million() <= lowest_level()) return nullptr;
  const std::int64_t usual = usual_share(entry, time);
  const std::int64_t level = level_above(usual);
  if (share.in_a_million() <= level) return nullptr;
  openings_.insert(openings_.begin(), {.entry = entry,
                                       .opened = time,
                                       .share = share,
                                       .usual = usual,
                                       .level = level,
                                       .calm = {},
                                       .closed = {},
                                       .learnt = 0});
  return &openings_.front();
}

// Whether it has been open for so long that it is no outage.
bool MassBounceBreaker::has_become_usual(const BreakerOpening& one, WallTime now) const {
  if (now - one.opened < longest_outage) return false;
  const TallySpan day{.since = now - longest_outage, .until = now + slot};
  if (tally_.longest_silence(day) >= longest_silence) return false;
  const TallyShare share = tally_.share(one.entry, day);
  return share.hits > 0 && share.in_a_million() < most_usual;
}

std::vector<BreakerOpening> MassBounceBreaker::tick(WallTime now) {
  std::vector<BreakerOpening> closed;
  for (BreakerOpening& one : openings_) {
    if (one.closed || now < one.opened) continue;
    const TallyShare share = tally_.share(one.entry, window_before(now));
    const bool is_low = share.in_a_million() < one.level / 2;
    if (!is_low) {
      one.calm.reset();
    } else if (!one.calm) {
      one.calm = now;
    }
    const bool is_over = one.calm && now - *one.calm >= config_.calm;
    if (!is_over && !has_become_usual(one, now)) continue;
    one.closed = now;
    if (!is_over) {
      one.learnt = tally_.share(one.entry, {.since = now - longest_outage, .until = now + slot})
                       .in_a_million();
    }
    closed.push_back(one);
  }
  return closed;
}

bool MassBounceBreaker::is_open() const { return open_since().has_value(); }

std::optional<WallTime> MassBounceBreaker::open_since() const {
  std::optional<WallTime> since;
  for (const BreakerOpening& one : openings_) {
    if (!one.closed) since = std::min(doubted_since(one), since.value_or(WallTime::max()));
  }
  return since;
}

bool MassBounceBreaker::is_open_for(std::string_view entry) const {
  return std::any_of(openings_.begin(), openings_.end(),
                     [&](const BreakerOpening& one) { return !one.closed && one.entry == entry; });
}

}  // namespace icm
