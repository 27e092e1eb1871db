// SPDX-License-Identifier: Apache-2.0
//
// ReplyTally: how often each entry of the reply table was Apple's answer, of late.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/learning/reply_book.h"

namespace icm {

// A stretch of time: from the first moment on, before the second.
struct TallySpan {
  WallTime since{};
  WallTime until{};
};

// A share, exactly.
struct TallyShare {
  std::int64_t hits = 0;
  std::int64_t answers = 0;
  std::int64_t in_a_million() const { return answers == 0 ? 0 : hits * 1'000'000 / answers; }
  bool operator==(const TallyShare&) const = default;
};

// In memory, by ten minutes; what is added is written by save(). Used by one thread at a time.
class ReplyTally {
 public:
  // Those of eight days and a window before `now`; what was not saved is forgotten.
  [[nodiscard]] Status load(ReplyBook& book, WallTime now);
  [[nodiscard]] Status save(ReplyBook& book);

  void add(std::string_view entry, WallTime time);

  // The entry's share of all answers, by whole slots of ten minutes that begin within the span and
  // within none of `without`.
  TallyShare share(std::string_view entry, TallySpan span,
                   const std::vector<TallySpan>& without = {}) const;

  void forget_before(WallTime time);

 private:
  using Slots = std::map<std::int64_t, std::int64_t>;
  static std::int64_t count(const Slots& slots, TallySpan span,
                            const std::vector<TallySpan>& without);
  std::map<std::string, Slots, std::less<>> entries_;
  Slots all_;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> unsaved_;
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
