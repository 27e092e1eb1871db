// SPDX-License-Identifier: Apache-2.0
#include "policy/config/config_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"
#include "policy/config/config_checks.h"
#include "policy/config/option_reader.h"
#include "policy/config/replies_checks.h"
#include "policy/config/unsubscribe_checks.h"
#include "policy/config/yaml_tree.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

constexpr std::size_t most_shown = 100;

bool has_errors(const std::vector<ConfigProblem>& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const ConfigProblem& problem) {
    return problem.severity == Severity::error;
  });
}

ConfigResult read_tree(std::string_view file, const YamlTree& tree, WallTime now) {
  OptionReading reading = read_options(file, tree);
  std::vector<ConfigProblem>& problems = reading.problems;
  // What stands behind the place where reading stopped is unknown, so nothing contradicts it.
  if (tree.complete) {
    std::vector<CheckFinding> findings = check_config(reading.config, reading.places, now);
    check_unsubscribe(reading.config, reading.places, findings);
    std::ranges::move(check_replies(reading.config, reading.places), std::back_inserter(findings));
    for (CheckFinding& finding : findings) {
      problems.push_back({finding.severity, std::string(file), finding.place.line,
                          finding.place.column, std::move(finding.text)});
    }
  }
  // What nobody has written may stand behind a mistake.
  if (has_errors(problems)) {
    std::erase_if(problems, [](const ConfigProblem& problem) {
      return problem.line == 0 && problem.severity == Severity::warning;
    });
  }
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (has_errors(problems)) return tl::make_unexpected(std::move(problems));
  return ReadConfig{std::move(reading.config), std::move(problems)};
}

ConfigProblem whole_file(Severity severity, std::string_view file, std::string text) {
  return {severity, for_log(file), 0, 0, std::move(text)};
}

tl::unexpected<std::vector<ConfigProblem>> cannot_read(std::string_view file, int error) {
  return tl::make_unexpected(std::vector{
      whole_file(Severity::error, file, fmt::format("cannot be read: {}", std::strerror(error)))});
}

void close_file(std::FILE* file) { std::fclose(file); }

}  // namespace

std::string to_string(const ConfigProblem& problem) {
  const std::string place =
      problem.line == 0 ? problem.file
                        : fmt::format("{}:{}:{}", problem.file, problem.line, problem.column);
  const bool is_warning = problem.severity == Severity::warning;
  return fmt::format("{}: {}{}", place, is_warning ? "warning: " : "", problem.text);
}

std::string report(const std::vector<ConfigProblem>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < most_shown; ++i) {
    text += to_string(problems[i]) + "\n";
  }
  if (problems.size() > most_shown) {
    text += fmt::format("... and {} more\n", problems.size() - most_shown);
  }
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& problem) {
    return problem.severity == Severity::error;
  });
  if (errors > 0) {
    text += fmt::format("{} error{}; configuration not loaded\n", errors, errors == 1 ? "" : "s");
  }
  return text;
}

ConfigResult read_config_text(std::string_view name, std::string_view text, WallTime now) {
  if (text.size() > max_config_octets) {
    return tl::make_unexpected(std::vector{
        whole_file(Severity::error, name,
                   fmt::format("larger than {} octets, no configuration is", max_config_octets))});
  }
  return read_tree(for_log(name), parse_yaml(text), now);
}

ConfigResult read_config(const std::string& path, WallTime now) {
  const Handle<std::FILE, close_file> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return cannot_read(path, errno);
  std::string text(max_config_octets + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) return cannot_read(path, errno);
  ConfigResult result = read_config_text(path, text, now);
  struct stat status = {};
  if (fstat(fileno(file.get()), &status) != 0 || !S_ISREG(status.st_mode)) return result;
  if ((status.st_mode & S_IWOTH) == 0) return result;
  auto& problems = result ? result->warnings : result.error();
  problems.insert(problems.begin(),
                  whole_file(Severity::warning, path,
                             "everybody on this host may write to it: run chmod o-w on it"));
  return result;
}

}  // namespace icm
