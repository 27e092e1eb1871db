// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/manual/man_pages.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "milter/ctl/manual/scdoc.h"
#include "policy/base/text.h"
#include "policy/config/config_reference.h"
#include "policy/rules.h"

namespace icm::ctl {
namespace {

constexpr std::string_view daemon = "icloud-milter";
constexpr std::string_view control = "icloud-milterctl";

std::string name_section(std::string_view name, std::string_view what) {
  return heading("NAME") + paragraph(fmt::format("{} - {}", name, what));
}

// "keeps the suppression list" of "Keeps the suppression list: addresses that …": what whatis(1)
// shows on a line.
std::string in_short(std::string_view description) {
  std::string text(description.substr(0, description.find_first_of(":;(")));
  text = trim(text.substr(0, text.find(". ")));
  if (text.ends_with('.')) text.pop_back();
  if (!text.empty()) text[0] = lower_ascii(text[0]);
  return text;
}

std::string term_of(const DescribedOption& option) {
  std::string term;
  for (const std::string& name : option.names) {
    term += fmt::format("{}{}", term.empty() ? "" : ", ", bold(name));
  }
  if (!option.value.empty()) {
    term += fmt::format("{}{}", term.empty() ? "" : " ", underlined(option.value));
  }
  return term;
}

std::string option_list(const DescribedCommand& command) {
  std::string text;
  for (const auto* list : {&command.arguments, &command.options}) {
    for (const DescribedOption& option : *list) {
      if (option.sentences.starts_with("Print this help")) continue;
      text += definition(term_of(option), option.sentences);
    }
  }
  return text;
}

// How each command below is called, a line each.
std::string synopsis(const DescribedCommand& command) {
  std::string text;
  if (command.commands.empty() || !command.arguments.empty()) {
    text = bold(command.name()) + " \\[_OPTIONS_]";
    for (const DescribedOption& argument : command.arguments) {
      const std::string value = underlined(argument.value) + (argument.repeats ? "..." : "");
      text += argument.is_required ? " " + value : fmt::format(" \\[{}]", value);
    }
    text = paragraph(text);
  }
  for (const DescribedCommand& below : command.commands) text += synopsis(below);
  return text;
}

std::string commands_below(const DescribedCommand& command) {
  std::string text;
  for (const DescribedCommand& below : command.commands) {
    text += subheading(below.name()) + paragraph(plain(below.description)) + option_list(below) +
            footer_paragraphs(below.footer) + commands_below(below);
  }
  return text;
}

std::string files() {
  std::string text = heading("FILES") + definition(underlined(default_config_path),
                                                   "The configuration: milter.conf(5).");
  for (const ConfigOption& option : config_options()) {
    const auto& value = option.values;
    if (value.size() != 1 || option.section.find('.') != std::string::npos) continue;
    std::string_view path = value.front().second;
    if (path.starts_with("unix:")) path.remove_prefix(5);
    if (!path.starts_with('/')) continue;
    text += definition(underlined(path),
                       fmt::format("{} ({} in milter.conf)", option.sentence, option.path()));
  }
  return text;
}

std::string see_also(std::vector<std::string> pages) {
  std::string text;
  for (const std::string& page : pages) {
    const std::size_t bracket = page.find('(');
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", bold(page.substr(0, bracket)),
                        page.substr(bracket));
  }
  return heading("SEE ALSO") + paragraph(text);
}

ManualPage command_page(const DescribedCommand& command) {
  const std::string name = fmt::format("{}", fmt::join(command.path, "-"));
  std::string text = page_head(name, 1) + name_section(name, in_short(command.description)) +
                     heading("SYNOPSIS") + synopsis(command) + heading("DESCRIPTION") +
                     paragraph(plain(command.description)) + footer_paragraphs(command.footer);
  const std::string options = option_list(command);
  if (!options.empty()) text += heading("OPTIONS") + options;
  if (!command.commands.empty()) text += heading("COMMANDS") + commands_below(command);
  text += see_also({"icloud-milterctl(1)", "icloud-milter(8)", "milter.conf(5)"});
  return {name + ".1", text};
}

std::string rules_section(std::string_view policy) {
  std::string text;
  for (const Rule& rule : all_rules()) {
    if (rule.policy == policy) text += definition(bold(rule.name), rule.sentence);
  }
  return text.empty() ? text : subheading(fmt::format("Rules of {}", policy)) + text;
}

}  // namespace

ManualPage daemon_page(const DescribedCommand& program) {
  return {"icloud-milter.8",
          page_head(daemon, 8) +
              name_section(daemon, "mail filter that holds mail for iCloud to Apple's rules") +
              heading("SYNOPSIS") + synopsis(program) + heading("DESCRIPTION") +
              paragraph(plain(program.description)) + footer_paragraphs(program.footer) +
              heading("OPTIONS") + option_list(program) + files() +
              see_also({"icloud-milterctl(1)", "milter.conf(5)", "icloud-milter-rules(7)",
                        "postconf(5)"})};
}

std::vector<ManualPage> control_pages(const DescribedCommand& program) {
  std::string text = page_head(control, 1) +
                     name_section(control, "runs and reviews icloud-milter") + heading("SYNOPSIS") +
                     paragraph(bold(control) + " _COMMAND_ \\[_OPTIONS_] \\[_ARGUMENTS_]") +
                     heading("DESCRIPTION") + paragraph(plain(program.description)) +
                     footer_paragraphs(program.footer) + heading("OPTIONS") + option_list(program) +
                     heading("COMMANDS") + paragraph("Each has a page of its own, and *--help*.");
  std::vector<ManualPage> pages(1);
  for (const DescribedCommand& command : program.commands) {
    text += definition(bold(fmt::format("{}", fmt::join(command.path, "-"))) + "(1)",
                       command.description);
    pages.push_back(command_page(command));
  }
  pages.front() = {
      "icloud-milterctl.1",
      text + files() + see_also({"icloud-milter(8)", "milter.conf(5)", "icloud-milter-rules(7)"})};
  return pages;
}

ManualPage configuration_page() {
  std::string text =
      page_head("milter.conf", 5) + name_section("milter.conf", "configuration of icloud-milter") +
      heading("SYNOPSIS") + paragraph(underlined(default_config_path)) + heading("DESCRIPTION") +
      paragraph(
          "YAML: sections, and in each section options with a value. What is left out has its "
          "default. A mistake anywhere keeps the daemon from starting, and a reload from "
          "taking the file over; *icloud-milterctl config check* tells all of them, and "
          "*icloud-milterctl config diff* what a file changes.");
  for (const ConfigSection& section : config_sections()) {
    std::string name = section.name;
    std::ranges::transform(name, name.begin(),
                           [](char c) { return is_alpha(c) ? static_cast<char>(c & ~0x20) : c; });
    text += heading(plain(name)) + paragraph(plain(section.sentence));
    if (section.is_list) text += paragraph("A list, empty by default; each item has");
    for (const ConfigOption& option : config_options()) {
      if (option.section != section.name) continue;
      text += definition(bold(option.path()),
                         fmt::format("{} Takes {}. {}: {}", option.sentence, option.expected,
                                     section.is_list ? "Such as" : "Default", option.yaml()));
    }
    text += rules_section(section.name);
  }
  return {"milter.conf.5", text + see_also({"icloud-milter(8)", "icloud-milter-rules(7)",
                                            "icloud-milterctl-config(1)"})};
}

}  // namespace icm::ctl
