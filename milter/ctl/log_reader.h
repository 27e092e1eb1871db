// SPDX-License-Identifier: Apache-2.0
//
// Decisions out of log files: all of a file, or what is added to it as long as one likes. A file
// that is being written, was cut off in the middle of a line or holds something else altogether
// costs the lines concerned and no more.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/decision_reader.h"
#include "milter/line_cutter.h"
#include "policy/base/result.h"

namespace icm::ctl {

// What reading came to.
struct ReadingReport {
  std::uint64_t decisions = 0;
  std::uint64_t bad_lines = 0;
  std::vector<std::string> examples;  // "FILE:17: why", of the first bad lines
};

// Not synchronised.
class LogReader {
 public:
  // Gets each decision with its line, as it stands in the file, without LF. Both are valid during
  // the call only.
  using Visit = std::function<void(std::string_view line, const DecisionRecord& decision)>;

  explicit LogReader(Visit visit) : visit_(std::move(visit)) {}

  // Reads `path` to its end, "-" being standard input. A last line without LF counts when it is a
  // decision; otherwise it is being written just now, and is passed over.
  [[nodiscard]] Status read(const std::string& path);

  // One line of `path`.
  void take(const std::string& path, const LineCutter::Line& line);

  // The unfinished end of a file that nobody goes on writing to.
  void take_rest(const std::string& path, LineCutter& lines);

  const ReadingReport& report() const { return report_; }

 private:
  void note_bad_line(const std::string& path, std::uint64_t number, std::string_view why);

  Visit visit_;
  DecisionReader reader_;
  DecisionRecord decision_;
  ReadingReport report_;
};

// The files in the order of their first decisions, those without any last; as they are when one of
// them is standard input. So `decisions.jsonl*` is read from the oldest rotation to the newest.
[[nodiscard]] Result<std::vector<std::string>> oldest_first(const std::vector<std::string>& files);

}  // namespace icm::ctl
