// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/clock_set_back.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::string_view clock_place = "clock";  // beside the names of sources

// ?1 is now. What was asked ahead of it lasts as long as it was to; a way's orders are given anew.
constexpr std::array<std::string_view, 7> corrections = {
    "UPDATE hit SET resting = resting - max(0, last - ?1), first = min(first, ?1),"
    " last = min(last, ?1) WHERE last > ?1",
    "UPDATE way SET paused = paused - max(0, asked - ?1), asked = min(asked, ?1),"
    " recovered = min(recovered, ?1), taken = min(taken, ?1), stopped = min(stopped, ?1),"
    " fault = min(fault, ?1), ordered = 0"
    " WHERE max(asked, recovered, taken, coalesce(stopped, 0), fault, ordered) > ?1",
    "UPDATE OR REPLACE breaker SET opened = min(opened, ?1), calm = min(calm, ?1),"
    " closed = min(closed, ?1) WHERE max(opened, coalesce(calm, 0), coalesce(closed, 0)) > ?1",
    "UPDATE refusal SET at = ?1 WHERE at > ?1",
    "UPDATE alert SET first = min(first, ?1), last = min(last, ?1), sent = min(sent, ?1)"
    " WHERE max(last, sent) > ?1",
    "UPDATE sample SET first = min(first, ?1), last = ?1 WHERE last > ?1",
    "DELETE FROM tally WHERE slot > ?1 / 600000",
};

}  // namespace

Result<std::optional<WallTime>> set_back(ReplyBook& book, WallTime now) {
  ICM_TRY(const auto noted, book.position(clock_place));
  const auto number = noted ? parse_number(*noted) : std::nullopt;
  if (!number) return std::optional<WallTime>();
  const WallTime was = stored_time(static_cast<std::int64_t>(*number));
  if (was - now <= clock_may_waver) return std::optional<WallTime>();
  for (const std::string_view sql : corrections) {
    ICM_TRY(Query query, book.query(sql));
    ICM_CHECK(query.bind(1, stored(now)).run());
  }
  ICM_CHECK(note_clock(book, now));
  return std::optional(was);
}

Status note_clock(ReplyBook& book, WallTime now) {
  return book.set_position(clock_place, fmt::format("{}", stored(now)));
}

}  // namespace icm
