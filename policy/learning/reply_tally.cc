// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/reply_tally.h"

#include <algorithm>
#include <cstdlib>

namespace icm {
namespace {

constexpr std::chrono::minutes slot_length{10};

std::int64_t slot_of(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()) / slot_length;
}

WallTime begin_of(std::int64_t slot) { return WallTime(slot_length * slot); }

}  // namespace

Status ReplyTally::load(ReplyBook& book, WallTime now) {
  entries_.clear();
  all_.clear();
  unsaved_.clear();
  ICM_TRY(Query query, book.query("SELECT slot, entry, addresses FROM tally WHERE slot >= ?1"));
  query.bind(1, slot_of(now - usual_over - std::chrono::hours{48}));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return {};
    entries_[std::string(query.text(1))][query.number(0)].addresses += query.number(2);
    all_[query.number(0)].addresses += query.number(2);
  }
}

Status ReplyTally::save(ReplyBook& book) {
  for (const auto& [entry, slot] : unsaved_) {
    Count& count = entries_[entry][slot];
    ICM_TRY(Query query,
            book.query("INSERT INTO tally (slot, entry, answers, addresses) VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT DO UPDATE SET answers = answers + excluded.answers,"
                       " addresses = addresses + excluded.addresses"));
    query.bind(1, slot).bind(2, entry).bind(3, count.unsaved_answers);
    ICM_CHECK(query.bind(4, count.unsaved_addresses).run());
    count.unsaved_answers = count.unsaved_addresses = 0;
  }
  unsaved_.clear();
  return {};
}

// Whether the address has not counted for the entry within the window.
bool ReplyTally::is_first(std::string_view entry, std::int64_t slot, std::uint64_t address) {
  const std::int64_t span = std::max<std::int64_t>(1, window_ / slot_length);
  if (last_.size() >= most_addresses) {
    std::erase_if(last_, [&](const auto& one) { return slot - one.second >= span; });
    if (last_.size() >= most_addresses) last_.clear();
  }
  const std::uint64_t of_entry = std::hash<std::string_view>()(entry);
  const auto [place, is_new] = last_.try_emplace(address ^ of_entry, slot);
  if (is_new) return true;
  if (std::abs(slot - place->second) < span) return false;
  place->second = slot;
  return true;
}

void ReplyTally::add(std::string_view entry, WallTime time, std::uint64_t address, Weight weight) {
  const std::int64_t slot = slot_of(time);
  auto found = entries_.find(entry);
  if (found == entries_.end()) found = entries_.emplace(entry, Slots{}).first;
  Count& count = found->second[slot];
  if (count.unsaved_answers == 0) unsaved_.emplace_back(found->first, slot);
  ++count.unsaved_answers;
  if (weight == Weight::is_known || !is_first(entry, slot, address)) return;
  ++count.unsaved_addresses;
  ++count.addresses;
  ++all_[slot].addresses;
}

std::int64_t ReplyTally::count(const Slots& slots, TallySpan span,
                               const std::vector<TallySpan>& without) {
  std::int64_t sum = 0;
  for (auto slot = slots.lower_bound(slot_of(span.since)); slot != slots.end(); ++slot) {
    const WallTime begin = begin_of(slot->first);
    if (begin >= span.until) break;
    const bool is_left_out = std::any_of(without.begin(), without.end(), [&](TallySpan one) {
      return begin + slot_length > one.since && begin < one.until;
    });
    if (!is_left_out) sum += slot->second.addresses;
  }
  return sum;
}

TallyShare ReplyTally::share(std::string_view entry, TallySpan span,
                             const std::vector<TallySpan>& without) const {
  const auto found = entries_.find(entry);
  return {.hits = found == entries_.end() ? 0 : count(found->second, span, without),
          .answers = count(all_, span, without)};
}

std::chrono::milliseconds ReplyTally::longest_silence(TallySpan span) const {
  std::chrono::milliseconds longest{0};
  WallTime heard = span.since;
  for (auto slot = all_.lower_bound(slot_of(span.since)); slot != all_.end(); ++slot) {
    const WallTime begin = begin_of(slot->first);
    if (begin >= span.until) break;
    if (slot->second.addresses == 0) continue;
    longest = std::max(longest, begin - heard);
    heard = begin + slot_length;
  }
  return std::max(longest, span.until - heard);
}

void ReplyTally::forget_before(WallTime time) {
  const auto drop = [&](Slots& slots) {
    slots.erase(slots.begin(), slots.lower_bound(slot_of(time)));
  };
  drop(all_);
  for (auto& [entry, slots] : entries_) drop(slots);
}

Result<std::vector<EntryAnswers>> answers_since(ReplyBook& book, WallTime since) {
  return answers_within(book, {.since = since, .until = WallTime::max()});
}

Result<std::vector<EntryAnswers>> answers_within(ReplyBook& book, TallySpan span) {
  std::vector<EntryAnswers> all;
  ICM_TRY(Query query, book.query("SELECT entry, sum(answers) FROM tally WHERE slot >= ?1"
                                  " AND slot < ?2 GROUP BY entry ORDER BY 2 DESC, 1"));
  query.bind(1, slot_of(span.since)).bind(2, slot_of(span.until));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return all;
    all.push_back({.entry = std::string(query.text(0)), .answers = query.number(1)});
  }
}

}  // namespace icm
