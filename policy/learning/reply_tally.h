// SPDX-License-Identifier: Apache-2.0
//
// ReplyTally: how often each entry of the reply table was Apple's answer, of late.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/learning/reply_book.h"

namespace icm {

// A stretch of time: from the first moment on, before the second.
struct TallySpan {
  WallTime since{};
  WallTime until{};
};

// A share, exactly: of addresses that were answered so, of all that were answered.
struct TallyShare {
  std::int64_t hits = 0;
  std::int64_t answers = 0;
  std::int64_t in_a_million() const { return answers == 0 ? 0 : hits * 1'000'000 / answers; }
  bool operator==(const TallyShare&) const = default;
};

// What is usual is told by so many days.
inline constexpr std::chrono::hours usual_over{24 * 7};

// In memory, by ten minutes; what is added is written by save(). Used by one thread at a time.
class ReplyTally {
 public:
  // An address that gives an answer again within `window` is one address.
  explicit ReplyTally(std::chrono::seconds window) : window_(window) {}

  // Those of usual_over and two days before `now`; what was not saved is forgotten.
  [[nodiscard]] Status load(ReplyBook& book, WallTime now);
  [[nodiscard]] Status save(ReplyBook& book);

  // What one answer says of an outage: nothing, where the address has said so for long.
  enum class Weight { counts, is_known };
  // `address` is a hash.
  void add(std::string_view entry, WallTime time, std::uint64_t address, Weight weight);

  // The entry's share of all addresses, by whole slots of ten minutes that begin within the span
  // and within none of `without`.
  TallyShare share(std::string_view entry, TallySpan span,
                   const std::vector<TallySpan>& without = {}) const;

  // The longest stretch of the span in which nobody was answered, by whole slots.
  std::chrono::milliseconds longest_silence(TallySpan span) const;

  void forget_before(WallTime time);

 private:
  struct Count {
    std::int64_t addresses = 0;
    std::int64_t unsaved_answers = 0;
    std::int64_t unsaved_addresses = 0;
  };
  using Slots = std::map<std::int64_t, Count>;
  static std::int64_t count(const Slots& slots, TallySpan span,
                            const std::vector<TallySpan>& without);
  bool is_first(std::string_view entry, std::int64_t slot, std::uint64_t address);

  // More addresses within a window than this count each time: some 16 MB.
  static constexpr std::size_t most_addresses = 1u << 18;

  std::chrono::seconds window_;
  std::map<std::string, Slots, std::less<>> entries_;
  Slots all_;
  std::vector<std::pair<std::string, std::int64_t>> unsaved_;  // entry and slot
  std::unordered_map<std::uint64_t, std::int64_t> last_;  // slot in which an address counted for an
                                                          // entry, by a hash of both
};

struct EntryAnswers {
  std::string entry;
  std::int64_t answers = 0;
};

// How often each entry was the answer since then, by whole slots; the most frequent first.
[[nodiscard]] Result<std::vector<EntryAnswers>> answers_since(ReplyBook& book, WallTime since);

// The same from the slot of its first moment on, before the slot of its end: what follows begins
// there.
[[nodiscard]] Result<std::vector<EntryAnswers>> answers_within(ReplyBook& book, TallySpan span);

}  // namespace icm
