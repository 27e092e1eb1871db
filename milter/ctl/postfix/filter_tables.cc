// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/filter_tables.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/postfix/config_files.h"
#include "milter/ctl/postfix/milter_list.h"
#include "milter/ctl/postfix/routes.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::string_view blanks = " \t\r";

// A table, and the parameter that names it.
struct Use {
  std::string place;
  std::string table;
};

void add(std::vector<Use>& uses, std::string_view place, std::string_view table) {
  const bool is_there =
      std::ranges::any_of(uses, [&](const Use& one) { return one.table == table; });
  if (!is_there) uses.push_back({.place = std::string(place), .table = std::string(table)});
}

// "check_client_access hash:/x, reject"
void add_restrictions(std::vector<Use>& uses, std::string_view place, std::string_view value) {
  const auto words = split_list(value);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view before = words[i - 1];
    if (before.starts_with("check_") && before.ends_with("_access")) add(uses, place, words[i]);
  }
}

std::vector<Use> uses_of(const Configuration& configuration, const RolesConfig& roles) {
  const auto is_among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::vector<Use> uses;
  for (const Listener& entrance : entrances_of(configuration)) {
    if (is_among(roles.gate, entrance.daemon_name) || is_among(roles.direct, entrance.daemon_name))
      continue;
    for (const std::string_view name :
         {"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
          "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions",
          "smtpd_end_of_data_restrictions"}) {
      add_restrictions(uses, name, configuration.value_for(*entrance.service, name));
    }
    const std::string_view cleanup =
        configuration.value_for(*entrance.service, "cleanup_service_name");
    const Service* const service = configuration.service(cleanup, "unix");
    for (const std::string_view name :
         {"header_checks", "mime_header_checks", "nested_header_checks", "body_checks",
          "milter_header_checks"}) {
      for (const std::string_view table :
           split_list(service == nullptr ? configuration.value(name)
                                         : configuration.value_for(*service, name))) {
        add(uses, name, table);
      }
    }
  }
  for (const std::string_view name : split_list(configuration.value("smtpd_restriction_classes"))) {
    add_restrictions(uses, name, configuration.value(name));
  }
  return uses;
}

std::string_view without_braces(std::string_view text) {
  text = trim(text);
  if (text.size() < 2 || !text.starts_with('{') || !text.ends_with('}')) return text;
  return trim(text.substr(1, text.size() - 2));
}

// Behind "/pattern/flags", and the "!/pattern/flags" that may follow; empty: it is no such line.
std::string_view behind_pattern(std::string_view line) {
  do {
    while (!line.empty() && (line[0] == '!' || blanks.find(line[0]) != std::string_view::npos)) {
      line.remove_prefix(1);
    }
    if (line.empty() || is_alpha(line[0]) || is_digit(line[0])) return "";  // "if", "endif"
    const char delimiter = line[0];
    std::size_t at = 1;
    while (at < line.size() && line[at] != delimiter) at += line[at] == '\\' ? 2 : 1;
    if (at >= line.size()) return "";
    line.remove_prefix(at + 1);
    while (!line.empty() && is_alpha(line[0])) line.remove_prefix(1);
  } while (line.starts_with('!'));
  return trim(line);
}

std::string_view behind_word(std::string_view line) {
  const auto end = line.find_first_of(blanks);
  const std::string_view word = line.substr(0, end);
  if (end == std::string_view::npos || word == "if" || word == "endif") return "";
  return trim(line.substr(end));
}

Result<std::vector<std::string>> patterns_of(std::string_view place, bool is_cidr) {
  if (!place.starts_with('{')) {
    ICM_TRY(const ConfigFile file, read_config_file(std::string(place)));
    return actions_of(file.text, is_cidr);
  }
  std::string text;
  for (const std::string_view rule : split_list(without_braces(place))) {
    text += fmt::format("{}\n", without_braces(rule));
  }
  return actions_of(text, is_cidr);
}

// All that a table can answer.
Result<std::vector<std::string>> answers_of(const PostfixPrograms& programs, std::string_view table,
                                            Deadline deadline) {
  constexpr std::string_view proxy = "proxy:";
  if (table.starts_with(proxy)) table.remove_prefix(proxy.size());
  const auto colon = table.find(':');
  if (colon == std::string_view::npos) return std::vector<std::string>();  // Postfix refuses it
  const std::string_view type = table.substr(0, colon);
  const std::string_view place = table.substr(colon + 1);
  if (type == "static") return std::vector{std::string(without_braces(place))};
  if (type == "regexp" || type == "pcre" || type == "cidr") {
    return patterns_of(place, type == "cidr");
  }
  ICM_TRY(const std::vector<Route> entries, list_table(programs, table, deadline));
  std::vector<std::string> answers;
  for (const Route& one : entries) answers.push_back(one.answer);
  return answers;
}

// "FILTER smtp:" is "smtp:"; empty: another action.
std::string_view filter_in(std::string_view action) {
  const auto end = std::min(action.find_first_of(blanks), action.size());
  if (!equal_ascii(action.substr(0, end), "FILTER")) return "";
  return trim(action.substr(end));
}

}  // namespace

std::vector<std::string> actions_of(std::string_view text, bool is_cidr) {
  std::vector<std::string> lines;  // a line that begins with a blank goes on with the one before
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    if (!lines.empty() && blanks.find(line[0]) != std::string_view::npos) {
      lines.back() += fmt::format(" {}", trim(line));
    } else {
      lines.emplace_back(trim(line));
    }
  }
  std::vector<std::string> actions;
  for (const std::string& line : lines) {
    const std::string_view action = is_cidr ? behind_word(line) : behind_pattern(line);
    if (!action.empty()) actions.emplace_back(action);
  }
  return actions;
}

FilterLines filter_lines(const PostfixPrograms& programs, const Configuration& configuration,
                         const RolesConfig& roles, std::chrono::seconds patience,
                         Deadline deadline) {
  FilterLines found;
  for (const Use& use : uses_of(configuration, roles)) {
    const auto answers = answers_of(programs, use.table, deadline.at_most(patience));
    const std::string table = excerpt(use.table, 200);
    if (!answers) {
      found.unread.push_back(fmt::format("{}: {}: {}", use.place, table, answers.error().text));
      continue;
    }
    for (const std::string& action : *answers) {
      const std::string_view way = filter_in(action);
      const FilterWay leads = way_of_filter(configuration, way);
      if (leads != FilterWay::recipient && leads != FilterWay::elsewhere) continue;
      const FilterLine line{.place = use.place, .table = table, .way = std::string(way)};
      if (std::ranges::find(found.past, line) == found.past.end()) found.past.push_back(line);
    }
  }
  return found;
}

}  // namespace icm::ctl::postfix
