// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/log_line.h"

#include <array>

#include "policy/base/text.h"

namespace icm {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t yearless_size = std::string_view("Nov 22 02:00:01").size();
constexpr std::size_t minute_size = std::string_view("Nov 22 02:00").size();

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Two digits, or a blank and one; -1 when it is neither.
int two_digits(std::string_view text) {
  const char first = text[0] == ' ' ? '0' : text[0];
  if (!is_digit(first) || !is_digit(text[1])) return -1;
  return (first - '0') * 10 + (text[1] - '0');
}

int month_of(std::string_view name) {
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (months[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::size_t stamp_size(std::string_view line) {
  if (line.size() > yearless_size && line[3] == ' ' && line[6] == ' ' && line[9] == ':' &&
      line[12] == ':' && line[yearless_size] == ' ' && is_alpha(line[0])) {
    return yearless_size;
  }
  constexpr std::size_t date_size = std::string_view("2026-11-22").size();
  if (line.size() <= date_size || !is_digit(line[0]) || line[4] != '-' || line[date_size] != 'T') {
    return 0;
  }
  const std::size_t end = line.find(' ');
  return end == std::string_view::npos ? 0 : end;
}

}  // namespace

std::optional<LogLine> split_log_line(std::string_view line) {
  if (line.size() > longest_log_line) return std::nullopt;
  const std::size_t end = stamp_size(line);
  if (end == 0) return std::nullopt;
  LogLine parts;
  parts.stamp = line.substr(0, end);
  const std::size_t host_end = line.find(' ', end + 1);
  if (host_end == std::string_view::npos) return std::nullopt;
  line.remove_prefix(host_end + 1);
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  parts.program = line.substr(0, colon);
  parts.message = line.substr(colon + 2);
  if (const std::size_t process = parts.program.find('['); process != std::string_view::npos) {
    parts.program = parts.program.substr(0, process);
  }
  if (parts.program.empty() || parts.program.find(' ') != std::string_view::npos) {
    return std::nullopt;
  }
  return parts;
}

std::optional<WallTime> LogTimes::read(std::string_view stamp, WallTime now) {
  if (stamp.size() == yearless_size && is_alpha(stamp[0])) return read_yearless(stamp, now);
  const auto time = parse_time(stamp);
  if (!time) return std::nullopt;
  return *time;
}

std::optional<WallTime> LogTimes::read_yearless(std::string_view stamp, WallTime now) {
  const int second = two_digits(stamp.substr(13, 2));
  if (second < 0 || second > 60) return std::nullopt;  // 60: a leap second
  const std::string_view minute_text = stamp.substr(0, minute_size);
  if (minute_text == minute_) return begin_ + seconds(second);
  const int month = month_of(stamp.substr(0, 3));
  const int day = two_digits(stamp.substr(4, 2));
  const int hour = two_digits(stamp.substr(7, 2));
  const int minute = two_digits(stamp.substr(10, 2));
  if (month == 0 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return std::nullopt;
  }
  const auto year_now = std::chrono::year_month_day(std::chrono::floor<days>(now)).year();
  // Eight years, since the 29th of February may be so long ago (2096 to 2104).
  for (int back = -1; back <= 8; ++back) {
    const std::chrono::year_month_day date(year_now - std::chrono::years(back),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    if (!date.ok()) continue;
    const WallTime begin = from_local_(local_days(date) + hours(hour) + minutes(minute));
    if (begin > now + days(1)) continue;
    minute_ = minute_text;
    begin_ = begin;
    return begin + seconds(second);
  }
  return std::nullopt;
}

}  // namespace icm
