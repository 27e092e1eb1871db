// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/configuration.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// The next word of `line`, which then begins behind it.
std::string_view take_word(std::string_view& line) {
  line = trim(line);
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// "name = value", as postconf prints it.
Result<std::pair<std::string_view, std::string_view>> read_setting(std::string_view line) {
  const auto equals = line.find(" =");
  if (equals == std::string_view::npos || equals == 0) {
    return fail(Code::syntax,
                fmt::format("postconf: \"{}\": expected \"name = value\"", excerpt(line)));
  }
  return std::pair(line.substr(0, equals), trim(line.substr(equals + 2)));
}

struct Printed {
  std::string output;
  std::string errors;
};

// Warnings of postconf are no failure.
Result<Printed> ask_postconf(const PostfixPrograms& programs, std::vector<std::string> arguments) {
  ICM_TRY(ProgramEnd end, programs.ask("postconf", std::move(arguments)));
  if (end.status != 0) {
    const auto lines = split(trim(end.errors), '\n');
    return fail(Code::config,
                fmt::format("{}: postconf ended with status {}: {}", programs.directory(),
                            end.status, excerpt(lines.back(), 400)));
  }
  return Printed{.output = std::move(end.output), .errors = std::move(end.errors)};
}

void note_warnings(std::string_view errors, std::vector<std::string>& warnings) {
  constexpr std::size_t most = 100;
  for (const std::string_view line : split(errors, '\n')) {
    if (trim(line).empty() || warnings.size() >= most) continue;
    if (std::ranges::find(warnings, line) == warnings.end()) warnings.emplace_back(line);
  }
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split_list(list);
  return std::ranges::find(words, word) != words.end();
}

Listener as_listener(const Configuration& configuration, const Service& service) {
  const auto value = [&](std::string_view name) {
    return std::string(configuration.value_for(service, name));
  };
  Listener listener;
  listener.service = &service;
  if (!has_word(value("receive_override_options"), "no_milters")) {
    listener.milters = parse_milter_list(value("smtpd_milters"));
  }
  listener.has_own_milters = service.overrides.contains("smtpd_milters");
  listener.daemon_name = value("milter_macro_daemon_name");
  listener.default_action = value("milter_default_action");
  listener.content_filter = value("content_filter");
  return listener;
}

}  // namespace

Result<std::map<std::string, std::string>> read_parameters(std::string_view printed) {
  std::map<std::string, std::string> parameters;
  for (const std::string_view line : split(printed, '\n')) {
    if (trim(line).empty()) continue;
    ICM_TRY(const auto setting, read_setting(line));
    parameters.insert_or_assign(std::string(setting.first), std::string(setting.second));
  }
  return parameters;
}

Result<std::vector<Service>> read_services(std::string_view printed) {
  std::vector<Service> services;
  for (std::string_view line : split(printed, '\n')) {
    const std::string_view whole = line;
    if (trim(line).empty()) continue;
    Service service;
    service.name = take_word(line);
    service.type = take_word(line);
    take_word(line);  // private
    take_word(line);  // unprivileged
    service.chroot = take_word(line);
    take_word(line);  // wake-up time
    take_word(line);  // process limit
    service.command = take_word(line);
    service.arguments = trim(line);
    if (service.command.empty()) {
      return fail(Code::syntax,
                  fmt::format("postconf -M: \"{}\": expected the eight fields of master(5)",
                              excerpt(whole)));
    }
    services.push_back(std::move(service));
  }
  return services;
}

Status read_overrides(std::string_view printed, std::vector<Service>& services) {
  for (const std::string_view line : split(printed, '\n')) {
    if (trim(line).empty()) continue;
    // "name/type/parameter = value"; a name such as that of a socket file may have slashes.
    ICM_TRY(const auto setting, read_setting(line));
    const auto last = setting.first.rfind('/');
    const auto owner = std::ranges::find_if(services, [&](const Service& one) {
      return last != std::string_view::npos && setting.first.substr(0, last) == one.key();
    });
    if (owner == services.end()) {
      return fail(
          Code::syntax,
          fmt::format("postconf -P: \"{}\": expected a service of master.cf with a parameter",
                      excerpt(line)));
    }
    owner->overrides.insert_or_assign(std::string(setting.first.substr(last + 1)),
                                      std::string(setting.second));
  }
  return {};
}

std::string_view Configuration::value(std::string_view name) const {
  const auto found = parameters.find(std::string(name));
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Configuration::value_for(const Service& one, std::string_view name) const {
  const auto found = one.overrides.find(std::string(name));
  return found == one.overrides.end() ? value(name) : std::string_view(found->second);
}

bool Configuration::is_chrooted(const Service& one) const {
  // COMPATIBILITY_README: "-" was "y" before Postfix 3.0, and is at level 0.
  return one.chroot == "y" || (one.chroot == "-" && value("compatibility_level") == "0");
}

const Service* Configuration::service(std::string_view name, std::string_view type) const {
  const auto found = std::ranges::find_if(
      services, [&](const Service& one) { return one.name == name && one.type == type; });
  return found == services.end() ? nullptr : &*found;
}

Result<Configuration> read_configuration(const PostfixPrograms& programs) {
  Configuration configuration;
  configuration.directory = programs.directory();
  ICM_TRY(const Printed all, ask_postconf(programs, {"-x"}));
  ICM_TRY(const Printed own, ask_postconf(programs, {"-n"}));
  ICM_TRY(const Printed services, ask_postconf(programs, {"-M"}));
  ICM_TRY(const Printed overrides, ask_postconf(programs, {"-P", "-x"}));
  ICM_TRY(configuration.parameters, read_parameters(all.output));
  ICM_TRY(configuration.own, read_parameters(own.output));
  ICM_TRY(configuration.services, read_services(services.output));
  ICM_CHECK(read_overrides(overrides.output, configuration.services));
  for (const Printed* one : {&all, &own, &services, &overrides}) {
    note_warnings(one->errors, configuration.warnings);
  }
  // It is where we were told to look, not anybody's setting.
  configuration.own.erase("config_directory");
  return configuration;
}

std::vector<Listener> listeners_of(const Configuration& configuration) {
  std::vector<Listener> listeners;
  for (const Service& service : configuration.services) {
    if (service.command == "smtpd") listeners.push_back(as_listener(configuration, service));
  }
  return listeners;
}

std::vector<Listener> entrances_of(const Configuration& configuration) {
  std::vector<Listener> entrances;
  for (const Service& service : configuration.services) {
    if (service.command == "smtpd" || service.command == "pickup" || service.command == "qmqpd") {
      entrances.push_back(as_listener(configuration, service));
    }
  }
  return entrances;
}

}  // namespace icm::ctl::postfix
