// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/manual/described.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/control_protocol.h"
#include "policy/base/text.h"
#include "policy/rules.h"

namespace icm::ctl {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
  });
}

// The words of "a, b or c"; none when `text` is anything else.
std::vector<std::string> words_of(std::string_view text) {
  const std::size_t last = text.rfind(" or ");
  if (last == std::string_view::npos) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(text.substr(0, last), ',')) {
    words.emplace_back(trim(word));
  }
  words.emplace_back(text.substr(last + 4));
  return std::ranges::all_of(words, is_word) ? words : std::vector<std::string>();
}

// What --help says an option takes: "unsubscribe, complaint or manual. Default: …" from the first
// sentence, from all of it or from behind its colon.
std::vector<std::string> words_told(std::string_view sentences) {
  std::string_view first = sentences.substr(0, sentences.find(". "));
  if (first.ends_with('.')) first.remove_suffix(1);
  if (auto words = words_of(first); !words.empty()) return words;
  const std::size_t colon = first.rfind(": ");
  return colon == std::string_view::npos ? std::vector<std::string>()
                                         : words_of(first.substr(colon + 2));
}

// What CLI::IsMember writes behind a type: "TEXT:{gate,direct}".
std::vector<std::string> words_checked(std::string_view type) {
  const std::size_t begin = type.find(":{");
  if (begin == std::string_view::npos || !type.ends_with('}')) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(type.substr(begin + 2, type.size() - begin - 3), ',')) {
    words.emplace_back(word);
  }
  return words;
}

std::vector<std::string> words_for(const CLI::Option& option, std::string_view value) {
  std::vector<std::string> words;
  if (value == "POLICY" || value == "RULE") {
    for (const Rule& rule : all_rules()) {
      std::string word(rule.policy);
      if (value == "RULE") word += fmt::format(".{}", rule.name);
      if (words.empty() || words.back() != word) words.push_back(std::move(word));
    }
    // The argument of the command "policy" itself.
    if (value == "POLICY" && option.get_positional()) words.emplace_back(all_policies);
    return words;
  }
  words = words_checked(option.get_type_name());
  return words.empty() ? words_told(option.get_description()) : words;
}

bool is_a_file(std::string_view value) {
  return value.starts_with("FILE") || value == "[FILE]" || value == "LOG" || value == "PATH" ||
         value == "DIRECTORY" || value == "MESSAGE" || value == "ZONE.json";
}

DescribedOption describe_option(const CLI::Option& option) {
  DescribedOption described;
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  const std::string text(trim(option.get_option_text()));
  described.sentences = option.get_description();
  if (!described.sentences.empty() && !described.sentences.ends_with('.')) {
    described.sentences += '.';
  }
  std::string fallback = option.get_default_str();
  if (text.starts_with('[')) fallback = text.substr(1, text.size() - 2);
  if (!fallback.empty()) described.sentences += fmt::format(" Default: {}.", fallback);
  described.is_required = option.get_required();
  described.repeats = option.get_items_expected_max() > 1;
  if (described.names.empty()) {
    described.value = option.get_name(true);
  } else if (option.get_items_expected_max() > 0) {
    const std::string type = option.get_type_name();
    described.value = text.empty() ? type.substr(0, type.find(':')) : text;
  }
  described.words = words_for(option, described.value);
  described.takes_file = is_a_file(described.value);
  return described;
}

DescribedCommand describe_below(const CLI::App& app, std::vector<std::string> path) {
  DescribedCommand command;
  path.push_back(app.get_name());
  command.path = std::move(path);
  command.description = app.get_description();
  command.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    (option->nonpositional() ? command.options : command.arguments)
        .push_back(describe_option(*option));
  }
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!below->get_group().empty())
      command.commands.push_back(describe_below(*below, command.path));
  }
  return command;
}

}  // namespace

std::string DescribedCommand::name() const { return fmt::format("{}", fmt::join(path, " ")); }

DescribedCommand describe_command(const CLI::App& app) { return describe_below(app, {}); }

}  // namespace icm::ctl
