// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/ways.h"

#include <algorithm>

namespace icm {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr int enough_faults = 3;
constexpr minutes fault_span{10};
// What is logged right behind a refusal was taken before it, on another connection.
constexpr minutes taken_after{1};
constexpr hours renewal{1};

// Whether anything is asked of this way.
bool is_quiet(const Way& way, WallTime now) {
  return !way.stopped && way.percent == 100 && way.paused <= now;
}

Way way_of(const Query& row) {
  Way way{.egress = std::string(row.text(0)),
          .entry = std::string(row.text(1)),
          .reply = std::string(row.text(2)),
          .asked = stored_time(row.number(3)),
          .paused = stored_time(row.number(4)),
          .pauses = static_cast<int>(row.number(5)),
          .percent = static_cast<int>(row.number(6)),
          .recovered = stored_time(row.number(7)),
          .taken = stored_time(row.number(8)),
          .faults = static_cast<int>(row.number(10)),
          .fault = stored_time(row.number(11)),
          .ordered = stored_time(row.number(12))};
  if (!row.is_null(9)) way.stopped = stored_time(row.number(9));
  return way;
}

// Twice as long for each pause before, without overflow.
std::chrono::seconds doubled(std::chrono::seconds span, int times, std::chrono::seconds longest) {
  for (; times > 0 && span < longest; --times) span *= 2;
  return std::min(span, longest);
}

}  // namespace

Result<std::vector<Way>> all_ways(ReplyBook& book) {
  std::vector<Way> ways;
  ICM_TRY(
      Query query,
      book.query("SELECT egress, entry, reply, asked, paused, pauses, percent, recovered, taken,"
                 " stopped, faults, fault, ordered FROM way ORDER BY egress"));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return ways;
    ways.push_back(way_of(query));
  }
}

Status Ways::load() {
  ways_.clear();
  ICM_TRY(const std::vector<Way> all, all_ways(book_));
  for (const Way& way : all) ways_.emplace(way.egress, way);
  ordered_ = ways_;
  return {};
}

Status Ways::save() {
  for (const auto& [egress, way] : ways_) {
    ICM_TRY(Query query, book_.query("INSERT OR REPLACE INTO way VALUES"
                                     " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"));
    query.bind(1, egress).bind(2, way.entry).bind(3, way.reply).bind(4, stored(way.asked));
    query.bind(5, stored(way.paused)).bind(6, std::int64_t{way.pauses});
    query.bind(7, std::int64_t{way.percent}).bind(8, stored(way.recovered));
    query.bind(9, stored(way.taken));
    if (way.stopped) {
      query.bind(10, stored(*way.stopped));
    } else {
      query.bind_null(10);
    }
    query.bind(11, std::int64_t{way.faults}).bind(12, stored(way.fault));
    ICM_CHECK(query.bind(13, stored(way.ordered)).run());
  }
  return {};
}

Way& Ways::way(std::string_view egress) {
  auto found = ways_.find(egress);
  if (found == ways_.end()) {
    Way fresh;
    fresh.egress = egress;
    found = ways_.emplace(std::string(egress), std::move(fresh)).first;
  }
  return found->second;
}

void Ways::ask_for_less(const WayAnswer& answer) {
  Way& way = this->way(answer.egress);
  // While it is paused, or stopped, what comes is of mail that had left before.
  if (way.stopped || answer.time < way.paused || answer.time < way.asked) return;
  way.entry = answer.entry;
  way.reply = answer.reply;
  way.asked = answer.time;
  way.paused = answer.time + doubled(config_.pause, way.pauses, config_.longest_pause);
  ++way.pauses;
  way.percent = std::max(config_.slowest, way.percent / 2);
  way.recovered = way.paused;
}

void Ways::fault(const WayAnswer& answer) {
  Way& way = this->way(answer.egress);
  if (way.faults == 0 || answer.time - way.fault > fault_span) {
    way.faults = 0;
    way.fault = answer.time;
  }
  if (++way.faults < enough_faults) return;
  way.faults = 0;
  ask_for_less(answer);
}

void Ways::refuse(const WayAnswer& answer) {
  Way& way = this->way(answer.egress);
  if (answer.time < way.asked) return;
  way.entry = answer.entry;
  way.reply = answer.reply;
  way.asked = answer.time;
  if (!way.stopped) way.stopped = answer.time;
}

void Ways::taken_by(Way& way, WallTime time) {
  way.taken = std::max(way.taken, time);
  if (!way.stopped || time < way.asked + taken_after) return;
  way.stopped.reset();
  way.percent = config_.slowest;
  way.recovered = time;
}

void Ways::take(std::string_view egress, WallTime time) {
  for (const std::string_view name : {egress, every_egress}) {
    const auto found = ways_.find(name);
    if (found != ways_.end()) taken_by(found->second, time);
    if (egress == every_egress) return;
  }
}

void Ways::recover(Way& way, WallTime now) const {
  if (way.stopped || way.percent == 100 || way.paused > now) return;
  // An hour in which nothing was sent shows nothing: it is not counted, and the next one begins.
  while (now - way.recovered >= hours{1} && way.percent < 100) {
    const bool has_taken = way.taken > way.recovered;
    way.recovered = has_taken ? way.recovered + hours{1} : now;
    if (has_taken) way.percent = std::min(100, way.percent + config_.recovery);
  }
  if (way.percent == 100) way.pauses = 0;
}

// What only is said stands in no book.
bool Ways::can_be_seen(const Way& way) const {
  return is_carried_out(replies_, way.stopped ? ReplyEffect::stop : ReplyEffect::slow);
}

void Ways::add_orders(const Way& way, const Way& before, WallTime now,
                      std::vector<BackoffOrder>& orders) const {
  const auto order = [&](ReplyEffect effect, BackoffKind kind) {
    BackoffOrder made;
    made.effect = effect;
    made.backoff.kind = kind;
    made.backoff.subject = way.egress;
    made.backoff.since = way.asked;
    made.backoff.until = now + way_order_lasts;
    made.backoff.by = learner_name;
    made.backoff.why = way.reply;
    return made;
  };
  if (way.stopped) {
    orders.push_back(order(ReplyEffect::stop, BackoffKind::pause));
    orders.back().backoff.since = *way.stopped;
    orders.back().backoff.every = config_.probe;
  } else if (way.paused > now) {
    orders.push_back(order(ReplyEffect::pause, BackoffKind::pause));
    orders.back().backoff.until = way.paused;
  } else if (before.stopped) {
    orders.push_back(order(ReplyEffect::stop, BackoffKind::pause));
    orders.back().is_end = true;
  }
  const bool is_slow = way.percent < 100 && !way.stopped;
  const bool was_slow = before.percent < 100 && !before.stopped;
  if (!is_slow && !was_slow) return;
  orders.push_back(order(ReplyEffect::slow, BackoffKind::slow));
  orders.back().backoff.percent = way.percent;
  orders.back().is_end = !is_slow;
}

Result<std::vector<BackoffOrder>> Ways::orders(
    WallTime now, const std::function<Result<std::vector<Backoff>>()>& standing) {
  std::vector<BackoffOrder> orders;
  for (auto& [name, way] : ways_) {
    const std::string& egress = name;
    recover(way, now);
    const auto found = ordered_.find(egress);
    const Way before = found == ordered_.end() ? Way{} : found->second;
    const bool is_same = before.stopped == way.stopped && before.paused == way.paused &&
                         before.percent == way.percent;
    if (is_same && (is_quiet(way, now) || now - way.ordered < renewal)) continue;
    if (is_same && can_be_seen(way)) {
      ICM_TRY(const std::vector<Backoff> ours, standing());
      const bool is_there = std::any_of(ours.begin(), ours.end(),
                                        [&](const Backoff& one) { return one.subject == egress; });
      if (!is_there) {
        way.stopped.reset();
        way.percent = 100;
        way.pauses = 0;
        way.paused = std::min(way.paused, now);
        ordered_.insert_or_assign(egress, way);
        continue;
      }
    }
    add_orders(way, before, now, orders);
    way.ordered = now;
    ordered_.insert_or_assign(egress, way);
  }
  return orders;
}

}  // namespace icm
