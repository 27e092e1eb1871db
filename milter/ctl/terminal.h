// SPDX-License-Identifier: Apache-2.0
//
// How the commands of icloud-milterctl print for people: colours on a terminal only, aligned
// tables, wrapped text, a progress line. Text that came from a message, a log or a list never
// reaches a terminal with its control characters.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/handle.h"

namespace icm::ctl {

enum class Style { plain, bold, dim, red, green, yellow };

// What an output is like. Immutable.
class Terminal {
 public:
  // `stream` as it is: a terminal gets its width, and colours unless the user said no (NO_COLOR set
  // to anything, https://no-color.org; or TERM=dumb). Anything else gets neither.
  static Terminal of(std::FILE* stream);

  // A terminal of this kind, whatever the output really is.
  static Terminal colourful(int width) { return Terminal(true, width); }
  static Terminal plain(int width = 0) { return Terminal(false, width); }

  bool has_colours() const { return has_colours_; }

  // Columns; 0 means that lines may be as long as they like (a file, a pipe).
  int width() const { return width_; }

  // `text` in a style, or as it is where there are no colours. `text` must be clean already.
  std::string paint(Style style, std::string_view text) const;

 private:
  Terminal(bool has_colours, int width) : has_colours_(has_colours), width_(width) {}
  bool has_colours_;
  int width_;
};

// Text that came from outside, safe to print: for_log() with room for whole sentences. A backslash
// and what is not printable ASCII become \xNN.
std::string clean(std::string_view text);

// The words of `text` (clean already) in lines of at most `width` columns (0: one line), each but
// the first begun with `indent` blanks. A word longer than a line stands on a line of its own.
std::string wrap(std::string_view text, int indent, int width);

struct Cell {
  std::string text;  // need not be clean
  Style style = Style::plain;
};

// Columns that stand below each other. Cells are cleaned on the way in.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column; missing ones are empty.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  // The titles and the rows, two blanks between columns, no blanks at line ends. Where the terminal
  // is too narrow, the last column is cut, with "..." at the cut.
  std::string text(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// "1,234,567"
std::string grouped(std::uint64_t number);

// A line that says how far a long job is, on standard error and only when that is a terminal.
// It is rewritten at most ten times a second and erased when the Progress ends, so that an error
// message has the line for itself.
class Progress {
 public:
  // `what` in words ("importing lines"); `total` 0 when the end is not known.
  Progress(std::string_view what, std::uint64_t total);

  // Cheap enough to be called for every line.
  void at(std::uint64_t done);

  // Makes room for other words on standard error; the next at() shows the line again.
  void stand_aside();

  // The line as it would be shown, after `elapsed` with the rate (not before a second is over).
  std::string line(std::uint64_t done, std::chrono::steady_clock::duration elapsed = {}) const;

 private:
  static void erase_line(std::FILE* stream);
  std::string what_;
  std::uint64_t total_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_{};
  Handle<std::FILE, &Progress::erase_line> stream_;  // not ours to close; empty: say nothing
};

}  // namespace icm::ctl
