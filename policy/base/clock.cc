// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing times and spans. Calendar arithmetic is the standard library's.
#include "policy/base/clock.h"

#include <optional>

#include "policy/base/text.h"

namespace icm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t last_second = 253402300799;  // 9999-12-31T23:59:59Z, RFC 3339 §1
constexpr seconds longest_span = std::chrono::hours{24} * 36525;  // a century

struct SpanUnit {
  char letter;
  seconds length;
};
constexpr SpanUnit span_units[] = {{'w', std::chrono::hours{168}},
                                   {'d', std::chrono::hours{24}},
                                   {'h', std::chrono::hours{1}},
                                   {'m', std::chrono::minutes{1}},
                                   {'s', seconds{1}}};

// What is still to be read of a time. Every step says whether it found what it asked for.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `count` digits, as a number from `low` to `high`.
  std::optional<int> number(std::size_t count, int low, int high) {
    if (rest_.size() < count) return std::nullopt;
    const auto value = parse_number(rest_.substr(0, count));
    if (!value || static_cast<int>(*value) < low || static_cast<int>(*value) > high) {
      return std::nullopt;
    }
    rest_.remove_prefix(count);
    return static_cast<int>(*value);
  }

  // The digits of a fraction, cut to milliseconds; nullopt without any.
  std::optional<milliseconds> fraction() {
    std::size_t digits = 0;
    int value = 0;
    while (digits < rest_.size() && is_digit(rest_[digits])) {
      if (digits < 3) value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    for (std::size_t i = digits; i < 3; ++i) value *= 10;
    rest_.remove_prefix(digits);
    return milliseconds(value);
  }

 private:
  std::string_view rest_;
};

// RFC 3339 §5.6 full-date.
std::optional<std::chrono::sys_days> read_date(Cursor& cursor) {
  const auto year = cursor.number(4, 0, 9999);
  if (!year || !cursor.take('-')) return std::nullopt;
  const auto month = cursor.number(2, 1, 12);
  if (!month || !cursor.take('-')) return std::nullopt;
  const auto day = cursor.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

// RFC 3339 §5.6 time-offset: how far local time is ahead of UTC.
std::optional<seconds> read_offset(Cursor& cursor) {
  if (cursor.take('Z') || cursor.take('z')) return seconds{0};
  const bool ahead = cursor.take('+');
  if (!ahead && !cursor.take('-')) return std::nullopt;
  const auto hours = cursor.number(2, 0, 23);
  if (!hours || !cursor.take(':')) return std::nullopt;
  const auto minutes = cursor.number(2, 0, 59);
  if (!minutes) return std::nullopt;
  const seconds offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return ahead ? offset : -offset;
}

// RFC 3339 §5.6 full-time, as the time since midnight UTC of the date before it.
std::optional<milliseconds> read_time_of_day(Cursor& cursor) {
  const auto hour = cursor.number(2, 0, 23);
  if (!hour || !cursor.take(':')) return std::nullopt;
  const auto minute = cursor.number(2, 0, 59);
  if (!minute || !cursor.take(':')) return std::nullopt;
  const auto second = cursor.number(2, 0, 60);  // 60 is a leap second, RFC 3339 §5.7
  if (!second) return std::nullopt;
  milliseconds fraction{0};
  if (cursor.take('.')) {
    const auto read = cursor.fraction();
    if (!read) return std::nullopt;
    fraction = *read;
  }
  const auto offset = read_offset(cursor);
  if (!offset) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + seconds{*second} + fraction -
         *offset;
}

std::optional<WallTime> read_time(std::string_view text) {
  if (text.starts_with('@')) {
    const auto since_1970 = parse_number(text.substr(1));
    if (!since_1970 || *since_1970 > last_second) return std::nullopt;
    return WallTime{seconds{*since_1970}};
  }
  Cursor cursor(text);
  const auto date = read_date(cursor);
  if (!date) return std::nullopt;
  if (cursor.at_end()) return WallTime{*date};
  if (!cursor.take('T') && !cursor.take('t') && !cursor.take(' ')) return std::nullopt;
  const auto time_of_day = read_time_of_day(cursor);
  if (!time_of_day || !cursor.at_end()) return std::nullopt;
  return WallTime{*date} + *time_of_day;
}

}  // namespace

WallTime SystemClock::now() const {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(WallTime time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss<milliseconds> clock{time - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<WallTime> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return fail(Code::syntax,
              fmt::format("expected a time such as 2026-11-21T08:15:30Z, 2026-11-21 or "
                          "@1763712930, got \"{}\"",
                          excerpt(text)));
}

Result<seconds> parse_span(std::string_view text) {
  if (!text.empty()) {
    for (const SpanUnit& unit : span_units) {
      if (text.back() != unit.letter) continue;
      const auto count = parse_number(text.substr(0, text.size() - 1));
      if (!count) break;
      if (*count > static_cast<std::uint64_t>(longest_span / unit.length)) {
        return fail(Code::syntax,
                    fmt::format("expected a span of at most 36525d, got \"{}\"", excerpt(text)));
      }
      return unit.length * static_cast<std::int64_t>(*count);
    }
  }
  return fail(
      Code::syntax,
      fmt::format("expected a span such as 90s, 15m, 1h, 7d or 2w, got \"{}\"", excerpt(text)));
}

std::string to_span(seconds span) {
  for (const SpanUnit& unit : span_units) {
    if (span != seconds{0} && span % unit.length == seconds{0}) {
      return fmt::format("{}{}", span / unit.length, unit.letter);
    }
  }
  return "0s";
}

}  // namespace icm
