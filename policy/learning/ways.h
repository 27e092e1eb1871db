// SPDX-License-Identifier: Apache-2.0
//
// Ways: how Apple treats each address that our mail leaves from. Asked for less, it is paused,
// each time twice as long, and its limits are halved; while mail is taken they grow again. Refused
// altogether, it is stopped but for a message now and then, until one is taken.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/replies_config.h"
#include "policy/learning/orders.h"
#include "policy/learning/reply_book.h"

namespace icm {

// How long an order stands that is not renewed: whoever reads replies may have ended.
inline constexpr std::chrono::hours way_order_lasts{48};

struct Way {
  std::string egress;  // IpAddress::text() or every_egress
  std::string entry;   // of the latest answer that asked for less
  std::string reply;
  WallTime asked{};                   // when it came
  WallTime paused{};                  // until when
  int pauses = 0;                     // in a row
  int percent = 100;                  // of every limit
  WallTime recovered{};               // when that was changed
  WallTime taken{};                   // when mail was taken
  std::optional<WallTime> stopped{};  // since when
  int faults = 0;                     // of the connection, of late
  WallTime fault{};                   // the first of them
  WallTime ordered{};                 // when the orders were last given
  bool operator==(const Way&) const = default;
};

struct WayAnswer {
  std::string egress;
  std::string entry;
  std::string reply;
  WallTime time{};
};

// Used by one thread at a time; all that is handed in must outlive it.
class Ways {
 public:
  Ways(ReplyBook& book, const RepliesConfig& config)
      : book_(book), replies_(config), config_(config.destination) {}

  [[nodiscard]] Status load();
  [[nodiscard]] Status save();

  void ask_for_less(const WayAnswer& answer);

  // What may be a cable, or one of Apple's hosts: three within ten minutes ask for less.
  void fault(const WayAnswer& answer);

  void refuse(const WayAnswer& answer);
  void take(std::string_view egress, WallTime time);

  // What is to be ordered now; `standing` is what the book of backoffs has of ours, asked only when
  // orders are to be renewed: what is missing there was ended by a person, and is over.
  [[nodiscard]] Result<std::vector<BackoffOrder>> orders(
      WallTime now, const std::function<Result<std::vector<Backoff>>()>& standing);

 private:
  Way& way(std::string_view egress);
  void taken_by(Way& way, WallTime time);
  void recover(Way& way, WallTime now) const;
  void add_orders(const Way& way, const Way& before, WallTime now,
                  std::vector<BackoffOrder>& orders) const;
  bool can_be_seen(const Way& way) const;

  ReplyBook& book_;
  const RepliesConfig& replies_;
  const DestinationRepliesConfig& config_;
  std::map<std::string, Way, std::less<>> ways_;
  std::map<std::string, Way, std::less<>> ordered_;  // as they were when orders were last given
};

[[nodiscard]] Result<std::vector<Way>> all_ways(ReplyBook& book);

}  // namespace icm
