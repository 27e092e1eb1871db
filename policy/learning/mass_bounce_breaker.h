// SPDX-License-Identifier: Apache-2.0
//
// MassBounceBreaker: tells an outage at Apple from addresses that are gone. It opens for an entry
// of the reply table that far more addresses have than used to; while it is open for any, no
// address suffers. A share that stays for a day is no outage's: it is the list's own, and usual
// from then on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/config/replies_config.h"
#include "policy/learning/learner_figures.h"
#include "policy/learning/reply_book.h"
#include "policy/learning/reply_tally.h"
#include "policy/replies/reply_table.h"

namespace icm {

// The time for which the breaker was open for an entry, and why.
struct BreakerOpening {
  std::string entry;
  WallTime opened{};
  TallyShare share;              // in the window before
  std::int64_t usual = 0;        // its share until then, in a million
  std::int64_t level = 0;        // the share above which it opened, in a million
  std::optional<WallTime> calm;  // since when the share is below half of that
  std::optional<WallTime> closed;
  std::int64_t learnt = 0;  // the share that it closed for, since it had become usual; 0: it fell
  bool operator==(const BreakerOpening&) const = default;
};

// What a person is told of it: when it has opened, and when it has closed.
std::string words_of_begin(const BreakerOpening& opening);
std::string words_of_end(const BreakerOpening& opening);

// Whether too many of this answer are an outage's: those about addresses, and those that are known
// to have been one.
bool is_watched(const ReplyEntry& entry);

// Used by one thread at a time; both must outlive it.
class MassBounceBreaker {
 public:
  MassBounceBreaker(const BreakerConfig& config, const ReplyTally& tally)
      : config_(config), tally_(tally) {}

  [[nodiscard]] Status load(ReplyBook& book);
  [[nodiscard]] Status save(ReplyBook& book);

  // After the tally was told of an answer that is_watched(): the opening, when it opens by it.
  const BreakerOpening* observe(const std::string& entry, WallTime time);

  // What closes, as time goes by; `now` is how far the log was read.
  std::vector<BreakerOpening> tick(WallTime now);

  // As the book forgets them.
  void forget_closed_before(WallTime time) {
    std::erase_if(openings_, [&](const auto& one) { return one.closed && *one.closed < time; });
  }

  // Of the entries that are watched, the one that is nearest to opening it at `time`.
  BreakerApproach nearest(const std::vector<ReplyEntry>& entries, WallTime time) const;

  bool is_open() const;
  bool is_open_for(std::string_view entry) const;

  // From when on no answer about an address is believed; nullopt while it is closed.
  std::optional<WallTime> open_since() const;

  // From when on the answers of this opening are not believed.
  WallTime doubted_since(const BreakerOpening& opening) const {
    return opening.opened - config_.window;
  }

 private:
  TallySpan window_before(WallTime time) const;
  std::vector<TallySpan> outages_of(std::string_view entry) const;
  std::int64_t usual_share(std::string_view entry, WallTime time) const;
  std::int64_t lowest_level() const { return config_.share * std::int64_t{10'000}; }
  std::int64_t level_above(std::int64_t usual) const;
  BreakerApproach approach(std::string_view entry, WallTime time) const;
  bool has_become_usual(const BreakerOpening& one, WallTime now) const;

  const BreakerConfig& config_;
  const ReplyTally& tally_;
  std::vector<BreakerOpening> openings_;  // those of the last days, and all that are open
};

// All that are kept, the latest first.
[[nodiscard]] Result<std::vector<BreakerOpening>> breaker_openings(ReplyBook& book);

}  // namespace icm
