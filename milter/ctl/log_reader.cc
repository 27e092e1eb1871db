// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "policy/base/unique_fd.h"

namespace icm::ctl {
namespace {

constexpr std::size_t max_examples = 5;
constexpr std::string_view standard_input = "-";

Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) return file;
  return fail(Code::permanent,
              fmt::format("{}: cannot open the decision log: {}", path, std::strerror(errno)));
}

// False at the end of the file.
Result<bool> read_some(const std::string& path, int descriptor, LineCutter& lines) {
  for (;;) {
    const std::span<char> room = lines.room();
    const ssize_t count = ::read(descriptor, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(Code::permanent,
                  fmt::format("{}: cannot read the decision log: {}", path, std::strerror(errno)));
    }
    lines.filled(static_cast<std::size_t>(count));
    return count > 0;
  }
}

// The time of the first decision among the first lines of a file; empty when there is none.
Result<std::string> first_time(const std::string& path) {
  ICM_TRY(const UniqueFd file, open_log(path));
  LineCutter lines(longest_decision_line);
  ICM_TRY(const bool has_any, read_some(path, file.get(), lines));
  DecisionReader reader;
  DecisionRecord decision;
  while (has_any) {
    const auto line = lines.next();
    if (!line) break;
    if (!line->too_long && reader.read(line->text, decision)) return std::string(decision.time);
  }
  return std::string();
}

}  // namespace

Status LogReader::read(const std::string& path) {
  const bool is_standard_input = path == standard_input;
  UniqueFd file;
  if (!is_standard_input) {
    ICM_TRY(file, open_log(path));
  }
  const int descriptor = is_standard_input ? STDIN_FILENO : file.get();
  LineCutter lines(longest_decision_line);
  for (;;) {
    ICM_TRY(const bool has_more, read_some(path, descriptor, lines));
    if (!has_more) break;
    while (const auto line = lines.next()) take(path, *line);
  }
  take_rest(path, lines);
  return {};
}

void LogReader::take(const std::string& path, const LineCutter::Line& line) {
  if (line.too_long) {
    note_bad_line(
        path, line.number,
        fmt::format("longer than {} octets, the most a decision has", longest_decision_line));
    return;
  }
  if (const Status status = reader_.read(line.text, decision_); !status) {
    note_bad_line(path, line.number, status.error().text);
    return;
  }
  ++report_.decisions;
  visit_(line.text, decision_);
}

void LogReader::take_rest(const std::string& path, LineCutter& lines) {
  const auto line = lines.rest();
  if (!line || line->too_long) return;
  if (reader_.read(line->text, decision_)) take(path, *line);
}

void LogReader::note_bad_line(const std::string& path, std::uint64_t number, std::string_view why) {
  ++report_.bad_lines;
  if (report_.examples.size() == max_examples) return;
  report_.examples.push_back(fmt::format("{}:{}: {}", path, number, why));
}

Result<std::vector<std::string>> oldest_first(const std::vector<std::string>& files) {
  if (files.size() < 2 || std::ranges::find(files, standard_input) != files.end()) return files;
  struct Dated {
    std::string time;
    std::string path;
  };
  std::vector<Dated> dated;
  for (const std::string& path : files) {
    ICM_TRY(std::string time, first_time(path));
    dated.push_back({std::move(time), path});
  }
  std::ranges::stable_sort(dated, [](const Dated& a, const Dated& b) {
    return std::tuple(a.time.empty(), std::string_view(a.time)) <
           std::tuple(b.time.empty(), std::string_view(b.time));
  });
  std::vector<std::string> sorted;
  for (Dated& file : dated) sorted.push_back(std::move(file.path));
  return sorted;
}

}  // namespace icm::ctl
