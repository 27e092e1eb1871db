// SPDX-License-Identifier: Apache-2.0
//
// RecordLines: a file of records, line by line: the first may be looked at and put back, and every
// complaint knows its place.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "milter/ctl/suppress_lines.h"

namespace icm::ctl {

class RecordLines {
 public:
  // `file` stays the caller's; `name` is what errors call it.
  RecordLines(std::FILE* file, std::string name) : lines_(file), name_(std::move(name)) {}

  // Takes a byte order mark of UTF-8 off the beginning. Code::syntax when there is one of UTF-16.
  [[nodiscard]] Status begin();

  // The next line, valid until the call after; nothing at the end. Code::syntax for one that is too
  // long, and the next call goes on behind it; any other Error is final and names the file.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  // Puts the line that next() has just read back, once.
  void put_back(std::string_view line) { held_back_ = line; }

  // "list.csv:7", the line that next() has just read.
  std::string place() const { return fmt::format("{}:{}", name_, number_); }

  const std::string& name() const { return name_; }

 private:
  LineReader lines_;
  std::string name_;
  std::optional<std::string> held_back_;
  std::string first_;  // where what was held back stays while it is read
  std::uint64_t number_ = 0;
};

}  // namespace icm::ctl
