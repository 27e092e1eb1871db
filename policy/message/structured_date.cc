// SPDX-License-Identifier: Apache-2.0
//
// Dates and times: RFC 5322 §3.3, and the obsolete forms of §4.3.
#include <array>
#include <optional>

#include "policy/base/text.h"
#include "policy/message/field_scanner.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// RFC 5322 §4.3 obs-zone. Military letters and every other name mean "-0000": their authors did
// not agree on a sign.
struct NamedZone {
  std::string_view name;
  int hours;
};
constexpr NamedZone named_zones[] = {{"UT", 0},   {"GMT", 0},  {"EST", -5}, {"EDT", -4},
                                     {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
                                     {"PST", -8}, {"PDT", -7}};

template <std::size_t size>
std::optional<unsigned> index_of(const std::array<std::string_view, size>& names,
                                 std::string_view name) {
  for (unsigned i = 0; i < size; ++i) {
    if (equal_ascii(names[i], name)) return i;
  }
  return std::nullopt;
}

class DateTimeParser {
 public:
  explicit DateTimeParser(std::string_view value) : scanner_(value) {}

  Result<DateTime> parse() {
    ICM_CHECK(leading_blank());
    ICM_TRY(const std::optional<unsigned> weekday, day_of_week());
    const std::size_t date_offset = scanner_.offset();
    ICM_TRY(const std::chrono::year_month_day date, this->date());
    if (!date.ok()) {
      return fail(Code::syntax, fmt::format("offset {}: {} has no day {}", date_offset,
                                            month_text(date), static_cast<unsigned>(date.day())));
    }
    const std::chrono::sys_days midnight(date);
    const unsigned actual = std::chrono::weekday(midnight).c_encoding();
    if (weekday && *weekday != actual) {
      return fail(Code::syntax, fmt::format("offset {}: {} {} is a {}, not a {}", date_offset,
                                            static_cast<unsigned>(date.day()), month_text(date),
                                            day_names[actual], day_names[*weekday]));
    }
    ICM_TRY(const std::chrono::seconds time_of_day, this->time_of_day());
    ICM_TRY(const std::chrono::seconds offset, zone());
    // The one place where comments are no relic: "+0100 (CET)".
    ICM_CHECK(scanner_.gap());
    if (!scanner_.at_end()) return scanner_.expected("the end");
    read_.time = WallTime{midnight} + time_of_day - offset;
    return read_;
  }

 private:
  enum class Blank { required, obsolete };

  static std::string month_text(const std::chrono::year_month_day& date) {
    return fmt::format("{} {}", month_names[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()));
  }

  Status leading_blank() {
    ICM_TRY(const Gap gap, scanner_.gap());
    if (gap.has_comment) read_.obsolete_syntax = true;
    return {};
  }

  // What stands between two tokens; marks what today's grammar does not have there.
  Status blank(Blank rule) {
    ICM_TRY(const Gap gap, scanner_.gap());
    if (gap.has_comment || gap.present != (rule == Blank::required)) read_.obsolete_syntax = true;
    return {};
  }

  Result<std::optional<unsigned>> day_of_week() {
    if (!scanner_.next_in(is_alpha)) return std::nullopt;
    FieldScanner before = scanner_;
    const auto day = index_of(day_names, scanner_.take_while(is_alpha));
    if (!day) return before.expected("a day of the week or a day of the month");
    ICM_CHECK(blank(Blank::obsolete));
    if (!scanner_.take(',')) return scanner_.expected("\",\" after the day of the week");
    return leading_blank().map([&] { return day; });
  }

  // `least` to `most` digits.
  Result<int> number(std::size_t least, std::size_t most, std::string_view what) {
    FieldScanner before = scanner_;
    const std::string_view digits = scanner_.take_while(is_digit);
    if (digits.size() < least || digits.size() > most) return before.expected(what);
    return static_cast<int>(*parse_number(digits));
  }

  Result<std::chrono::year_month_day> date() {
    ICM_TRY(const int day, number(1, 2, "a day of the month"));
    ICM_CHECK(blank(Blank::required));
    FieldScanner before = scanner_;
    const auto month = index_of(month_names, scanner_.take_while(is_alpha));
    if (!month) return before.expected("a month such as \"Jan\"");
    ICM_CHECK(blank(Blank::required));
    ICM_TRY(const int year, this->year());
    ICM_CHECK(blank(Blank::required));
    return std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(*month + 1),
                                       std::chrono::day(static_cast<unsigned>(day)));
  }

  Result<int> year() {
    FieldScanner before = scanner_;
    const std::string_view digits = scanner_.take_while(is_digit);
    if (digits.size() < 2 || digits.size() > 4) return before.expected("a year of four digits");
    const int year = static_cast<int>(*parse_number(digits));
    if (digits.size() == 4) {
      // RFC 5322 §3.3: "The year is any numeric year 1900 or later."
      if (year < 1900) return before.expected("a year from 1900 on");
      return year;
    }
    // RFC 5322 §4.3: two digits below 50 are of this century; others, and three digits, count
    // from 1900.
    read_.obsolete_syntax = true;
    return digits.size() == 2 && year < 50 ? 2000 + year : 1900 + year;
  }

  Result<int> clock_number(int highest, std::string_view what) {
    FieldScanner before = scanner_;
    ICM_TRY(const int value, number(2, 2, what));
    if (value > highest) return before.expected(what);
    return value;
  }

  Result<std::chrono::seconds> time_of_day() {
    ICM_TRY(const int hour, clock_number(23, "an hour from 00 to 23"));
    ICM_CHECK(blank(Blank::obsolete));
    if (!scanner_.take(':')) return scanner_.expected("\":\" after the hour");
    ICM_CHECK(blank(Blank::obsolete));
    ICM_TRY(const int minute, clock_number(59, "a minute from 00 to 59"));
    ICM_TRY(Gap gap, scanner_.gap());
    int second = 0;
    if (scanner_.take(':')) {
      if (gap.present) read_.obsolete_syntax = true;
      ICM_CHECK(blank(Blank::obsolete));
      // RFC 5322 §3.3: 60 is a leap second.
      ICM_TRY(second, clock_number(60, "a second from 00 to 60"));
      ICM_TRY(gap, scanner_.gap());
    }
    if (!gap.present) return scanner_.expected("a blank and a zone such as \"+0000\"");
    if (gap.has_comment) read_.obsolete_syntax = true;
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  }

  // How far local time is ahead of UTC.
  Result<std::chrono::seconds> zone() {
    const bool is_behind = scanner_.next_is('-');
    if (scanner_.take('+') || scanner_.take('-')) {
      FieldScanner before = scanner_;
      ICM_TRY(const int digits, number(4, 4, "a zone of four digits"));
      if (digits % 100 > 59) return before.expected("a zone with minutes from 00 to 59");
      const auto ahead = std::chrono::hours(digits / 100) + std::chrono::minutes(digits % 100);
      return is_behind ? -ahead : ahead;
    }
    FieldScanner before = scanner_;
    const std::string_view name = scanner_.take_while(is_alpha);
    if (name.empty() || name.size() > 5) return before.expected("a zone such as \"+0000\"");
    for (const NamedZone& zone : named_zones) {
      if (!equal_ascii(zone.name, name)) continue;
      read_.named_zone = true;
      return std::chrono::hours(zone.hours);
    }
    read_.obsolete_syntax = true;
    return std::chrono::seconds(0);
  }

  FieldScanner scanner_;
  DateTime read_;
};

}  // namespace

Result<DateTime> parse_date_time(std::string_view value) { return DateTimeParser(value).parse(); }

std::string to_date_time(WallTime time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time) - midnight};
  return fmt::format(
      "{}, {} {} {:04} {:02}:{:02}:{:02} +0000",
      day_names[std::chrono::weekday(midnight).c_encoding()], static_cast<unsigned>(date.day()),
      month_names[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace icm
