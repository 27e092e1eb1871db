// SPDX-License-Identifier: Apache-2.0
//
// milter.conf from anybody: what cannot be read is told in clean text with places inside the file;
// what can be read is shown as a configuration that reads back to the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "policy/config/config_reader.h"
#include "policy/config/config_reference.h"

namespace icm {
namespace {

const WallTime now = parse_time("2026-11-21").value();

void demand(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

void check_problem(const ConfigProblem& problem, int lines) {
  const bool is_clean = std::all_of(problem.text.begin(), problem.text.end(),
                                    [](char c) { return c >= ' ' && c <= '~'; });
  demand(is_clean && !problem.text.empty(), "a problem is clean text", problem.text);
  demand(problem.line >= 0 && problem.line <= lines && problem.column >= 0,
         "a problem lies in the file", to_string(problem));
}

void check(std::string_view text) {
  const ConfigResult result = read_config_text("f", text, now);
  const int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const ConfigProblem& problem : result ? result->warnings : result.error()) {
    check_problem(problem, lines);
  }
  if (!result) {
    demand(report(result.error()).ends_with("; configuration not loaded\n"), "errors are counted",
           report(result.error()));
    return;
  }
  const std::string shown = config_yaml(result->config);
  const ConfigResult again = read_config_text("shown", shown, now);
  demand(again.has_value(), "what is shown can be read",
         shown + (again ? "" : report(again.error())));
  demand(again->config == result->config, "what is shown is the same", shown);
  demand(config_difference(result->config, again->config).empty(), "nothing differs", shown);
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icm::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
