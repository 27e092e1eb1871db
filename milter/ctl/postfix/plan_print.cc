// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/postfix/command_options.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

Style style_of(std::string_view line) {
  if (line.starts_with('+')) return Style::green;
  if (line.starts_with('-')) return Style::red;
  if (line.starts_with("@@")) return Style::bold;
  return Style::dim;
}

}  // namespace

std::string clean_lines(std::string_view text) {
  constexpr std::size_t longest = 2000;
  const Terminal terminal = Terminal::of(stdout);
  std::string out;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) {
    // Indentation by tabs is usual in master.cf.
    std::string shown;
    for (const char c : line.substr(0, longest)) shown += c == '\t' ? ' ' : c;
    out += terminal.paint(style_of(line), for_log(shown, longest)) + "\n";
  }
  return out;
}

std::string plan_text(const Site& site, const Plan& plan, OfConflict what) {
  const bool is_refused = !plan.conflicts.empty();
  std::string out;
  if (!is_refused || what == OfConflict::everything) {
    for (const auto& [file, text] :
         {std::pair(File::main_cf, &site.main_cf), std::pair(File::master_cf, &site.master_cf)}) {
      const std::string changes = differences(*text, file, plan.insertions);
      if (changes.empty()) continue;
      const std::string path = fmt::format("{}/{}", site.postfix.directory, to_string(file));
      out += clean_lines(fmt::format("--- {0}\n+++ {0}\n{1}", path, changes));
    }
    for (const std::string& one : plan.notes) out += fmt::format("note: {}\n", clean(one));
  }
  for (const std::string& one : plan.conflicts) out += fmt::format("conflict: {}\n", clean(one));
  if (is_refused) out += "nothing was changed\n";
  return out;
}

std::string plan_json(const Site& site, const Plan& plan) {
  nlohmann::ordered_json json = {{"directory", site.postfix.directory},
                                 {"insertions", nlohmann::ordered_json::array()},
                                 {"conflicts", plan.conflicts},
                                 {"notes", plan.notes}};
  for (const Insertion& one : plan.insertions) {
    json["insertions"].push_back({{"file", to_string(one.file)},
                                  {"at", one.at},
                                  {"parameter", one.parameter},
                                  {"service", one.service},
                                  {"reason", one.reason},
                                  {"text", one.text}});
  }
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace icm::ctl::postfix
