// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl config: checks milter.conf, shows it, and says what differs. Needs no daemon and
// touches nothing.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "milter/ctl/command.h"
#include "policy/auth/key_file.h"
#include "policy/base/clock.h"
#include "policy/base/text.h"
#include "policy/config/config_reader.h"
#include "policy/config/config_reference.h"

namespace icm::ctl {
namespace {

constexpr std::size_t longest_warning = 500;

// Everything or nothing: a file cut short by a full disk must not look like a configuration.
Exit print(std::string_view text) {
  const bool is_written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (is_written) return Exit::done;
  fmt::print(stderr, "icloud-milterctl: standard output: {}\n", std::strerror(errno));
  return Exit::refused;
}

ConfigResult read(const std::string& file) { return read_config(file, SystemClock().now()); }

// The words alone, as a compiler gives them, so that editors jump to the place.
void tell(const std::vector<ConfigProblem>& problems) {
  fmt::print(stderr, "{}", report(problems));
}

// What is wrong with key files, as this user sees them. Credentials are seen by systemd's unit
// alone.
std::vector<std::string> problems_of_keys(const ArcSealingConfig& sealing) {
  std::vector<std::string> problems;
  if (sealing.mode == Mode::off) return problems;
  for (std::size_t i = 0; i < sealing.keys.size(); ++i) {
    const std::string& path = sealing.keys[i].file;
    if (path.starts_with("credential:")) continue;
    const auto tell = [&](std::string_view problem) {
      problems.push_back(fmt::format("arc_sealing.keys[{}].file: {}", i + 1, problem));
    };
    const auto file = read_key_file(path, KeyGuard::mode);
    if (!file) tell(file.error().text);
    if (file) std::ranges::for_each(file->warnings, tell);
  }
  return problems;
}

Exit check(const std::string& file) {
  const ConfigResult result = read(file);
  tell(result ? result->warnings : result.error());
  if (!result) return Exit::refused;
  const auto problems = problems_of_keys(result->config.arc_sealing);
  for (const std::string& problem : problems) {
    fmt::print(stderr, "{}: warning: {}\n", for_log(file), for_log(problem, longest_warning));
  }
  const std::size_t warnings = result->warnings.size() + problems.size();
  return print(warnings == 0 ? fmt::format("{}: no errors\n", for_log(file))
                             : fmt::format("{}: no errors, {} warning{}\n", for_log(file), warnings,
                                           warnings == 1 ? "" : "s"));
}

nlohmann::ordered_json json_scalar(const ConfigOption& option, const std::string& value) {
  if (option.kind == ValueKind::flag) return value == "yes";
  // A size with a unit (20MiB) stays a text.
  const auto number = parse_number(value);
  if (option.kind == ValueKind::number && number) return *number;
  return value;
}

nlohmann::ordered_json json_value(const ConfigOption& option) {
  switch (option.shape) {
    case ConfigOption::Shape::scalar:
      return json_scalar(option, option.values.front().second);
    case ConfigOption::Shape::list: {
      auto list = nlohmann::ordered_json::array();
      for (const auto& [name, value] : option.values) list.push_back(json_scalar(option, value));
      return list;
    }
    case ConfigOption::Shape::map: {
      auto map = nlohmann::ordered_json::object();
      for (const auto& [name, value] : option.values) map[name] = json_scalar(option, value);
      return map;
    }
  }
  return nullptr;
}

// Where "arc_sealing.keys" is, below root.
nlohmann::ordered_json& place_of(nlohmann::ordered_json& root, std::string_view section) {
  nlohmann::ordered_json* place = &root;
  for (const std::string_view name : split(section, '.')) place = &(*place)[std::string(name)];
  return *place;
}

// The shape of milter.conf, and itself one: JSON is YAML.
std::string config_json(const Config& config) {
  auto root = nlohmann::ordered_json::object();
  for (const ConfigSection& section : config_sections()) {
    place_of(root, section.name) =
        section.is_list ? nlohmann::ordered_json::array() : nlohmann::ordered_json::object();
  }
  std::string item;
  for (const ConfigOption& option : config_values(config)) {
    const std::string section = option.section.substr(0, option.section.find('['));
    auto& home = place_of(root, section);
    if (home.is_array() && option.section != item) home.push_back(nlohmann::ordered_json::object());
    item = option.section;
    (home.is_array() ? home.back() : home)[std::string(option.key)] = json_value(option);
  }
  return root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Exit show(const std::string& file, bool as_json) {
  const ConfigResult result = read(file);
  if (!result) {
    tell(result.error());
    return Exit::refused;
  }
  return print(as_json ? config_json(result->config) : config_yaml(result->config));
}

Exit diff(const std::string& file, const std::string& other) {
  const ConfigResult first = read(file);
  const ConfigResult second = other.empty() ? ConfigResult() : read(other);
  if (!first) tell(first.error());
  if (!second) tell(second.error());
  if (!first || !second) return Exit::refused;
  const auto differences = other.empty() ? config_difference(Config(), first->config)
                                         : config_difference(first->config, second->config);
  std::string text;
  for (const auto& [path, before, after] : differences) {
    text += fmt::format("{}: {} -> {}\n", path, before.empty() ? "none" : before,
                        after.empty() ? "none" : after);
  }
  if (!text.empty()) return print(text);
  return print(other.empty() ? "nothing differs from the defaults\n" : "nothing differs\n");
}

// What the options of one subcommand are read into; lives as long as the command line.
struct Arguments {
  std::string file{default_config_path};
  std::string other;
  bool as_json = false;
};

CLI::Option* add_file(CLI::App& command, Arguments& arguments) {
  return command.add_option("FILE", arguments.file, "The configuration file.")
      ->option_text(fmt::format("[{}]", default_config_path));
}

}  // namespace

void add_config(CLI::App& app, Chosen& chosen) {
  CLI::App* config = app.add_subcommand("config", "Checks and shows the configuration.");
  config->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* check_command = config->add_subcommand(
      "check", "Reads a configuration as the daemon would and tells everything that is wrong.");
  check_command->footer("Exit status: 0 no errors, 1 errors. Nothing is opened or changed.");
  add_file(*check_command, *arguments);
  check_command->callback(
      [arguments, &chosen] { chosen = [arguments] { return check(arguments->file); }; });

  CLI::App* show_command = config->add_subcommand(
      "show", "Prints every option with the value that is in effect, as a configuration file.");
  add_file(*show_command, *arguments);
  show_command->add_flag("--json", arguments->as_json, "As JSON.");
  show_command->footer("Exit status: 0 shown, 1 the file has errors.");
  show_command->callback([arguments, &chosen] {
    chosen = [arguments] { return show(arguments->file, arguments->as_json); };
  });

  CLI::App* example_command = config->add_subcommand(
      "example", "Prints a configuration with every option explained and at its default.");
  example_command->callback([&chosen] { chosen = [] { return print(config_example()); }; });

  CLI::App* diff_command = config->add_subcommand(
      "diff", "Prints what a configuration changes of the defaults, or what differs between two.");
  add_file(*diff_command, *arguments);
  diff_command->add_option("FILE2", arguments->other, "A second configuration file.")
      ->option_text(" ");
  diff_command->footer("Exit status: 0 compared, whatever differs; 1 a file has errors.");
  diff_command->callback([arguments, &chosen] {
    chosen = [arguments] { return diff(arguments->file, arguments->other); };
  });
}

}  // namespace icm::ctl
