// SPDX-License-Identifier: Apache-2.0
//
// A host's clock that was ahead and was set back: what was learnt meanwhile stands in the future,
// and would hold mail up until the clock is there again.
#pragma once

#include <optional>

#include "policy/learning/reply_book.h"

namespace icm {

// Clocks differ by less, and are corrected by less, every day.
inline constexpr std::chrono::minutes clock_may_waver{5};

// What the clock was when something was learnt last, if it is further ahead of `now` than that:
// then all that the book has as of the future becomes as of now, and what follows from it is over
// when it would have been over. Counts of the future are gone. Within a transaction.
[[nodiscard]] Result<std::optional<WallTime>> set_back(ReplyBook& book, WallTime now);

// Notes what the clock is. Within a transaction.
[[nodiscard]] Status note_clock(ReplyBook& book, WallTime now);

}  // namespace icm
