// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/terminal.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t clean_limit =
    2000;                           // longer than any sentence of ours, shorter than a screen
constexpr int fallback_width = 80;  // a terminal that does not know its size
constexpr std::size_t gap = 2;      // blanks between the columns of a table
constexpr auto redraw_interval = std::chrono::milliseconds(100);

// ECMA-48 §8.3.117, select graphic rendition.
std::string_view escape(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::red:
      return "\x1b[31m";
    case Style::green:
      return "\x1b[32m";
    case Style::yellow:
      return "\x1b[33m";
  }
  return "";
}

// The user's environment is input of the command line; this is the one place that reads it.
bool colours_are_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb";
}

std::string fitted(std::string_view text, std::size_t room) {
  if (text.size() <= room) return std::string(text);
  if (room <= 3) return std::string(text.substr(0, room));
  return std::string(text.substr(0, room - 3)) + "...";
}

}  // namespace

Terminal Terminal::of(std::FILE* stream) {
  const int descriptor = fileno(stream);
  if (isatty(descriptor) == 0) return Terminal(false, 0);
  winsize size{};
  const bool knows_width = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return Terminal(colours_are_wanted(), knows_width ? size.ws_col : fallback_width);
}

std::string Terminal::paint(Style style, std::string_view text) const {
  if (!has_colours_ || style == Style::plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape(style), text);
}

std::string clean(std::string_view text) { return for_log(text, clean_limit); }

std::string wrap(std::string_view text, int indent, int width) {
  const auto limit = static_cast<std::size_t>(std::max(width, 0));
  const std::string begin(static_cast<std::size_t>(std::max(indent, 0)), ' ');
  std::string wrapped;
  std::size_t column = begin.size();  // the first line's indent is already printed
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    const bool starts_line = column == begin.size();
    if (!starts_line && limit > 0 && column + 1 + word.size() > limit) {
      wrapped += '\n' + begin;
      column = begin.size();
    } else if (!starts_line) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
  }
  return wrapped;
}

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (Cell& cell : row) cell.text = clean(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::text(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, row[i].text.size());
    widths.push_back(width);
  }
  const auto line = [&](const std::vector<Cell>& row) {
    std::string text;
    std::size_t column = 0;
    std::size_t pending = 0;  // blanks owed before the next visible text
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const std::size_t room =
          last && terminal.width() > 0
              ? std::max<std::size_t>(static_cast<std::size_t>(terminal.width()), column + 4) -
                    column
              : widths[i];
      const std::string shown = fitted(row[i].text, std::max(room, std::size_t{1}));
      const std::size_t padding = widths[i] > shown.size() ? widths[i] - shown.size() : 0;
      if (columns_[i].align == Align::right) pending += padding;
      if (!shown.empty()) {
        text += std::string(pending, ' ') + terminal.paint(row[i].style, shown);
        pending = 0;
      }
      if (columns_[i].align == Align::left) pending += padding;
      pending += gap;
      column += widths[i] + gap;
    }
    return text + '\n';
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Style::dim});
  std::string all = line(titles);
  for (const auto& row : rows_) all += line(row);
  return all;
}

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

Progress::Progress(std::string_view what, std::uint64_t total)
    : what_(clean(what)), total_(total), stream_(isatty(STDERR_FILENO) != 0 ? stderr : nullptr) {}

void Progress::at(std::uint64_t done) {
  if (!stream_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + redraw_interval;
  fmt::print(stream_.get(), "\r{}\x1b[K", line(done, now - begin_));
  std::fflush(stream_.get());
}

void Progress::stand_aside() {
  if (!stream_) return;
  erase_line(stream_.get());
  next_ = {};
}

std::string Progress::line(std::uint64_t done, std::chrono::steady_clock::duration elapsed) const {
  std::string text = fmt::format("{}: {}", what_, grouped(done));
  if (total_ != 0) {
    text += fmt::format(" of {} ({} %)", grouped(total_),
                        std::min<std::uint64_t>(done, total_) * 100 / total_);
  }
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds < 1) return text;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(done) / seconds);
  return text + fmt::format(", {} a second", grouped(rate));
}

void Progress::erase_line(std::FILE* stream) {
  std::fputs("\r\x1b[K", stream);
  std::fflush(stream);
}

}  // namespace icm::ctl
