// SPDX-License-Identifier: Apache-2.0
#include "milter/first_world.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "milter/listening_socket.h"
#include "milter/store_risks.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm {
namespace {

constexpr std::size_t longest_warning = 2000;
constexpr std::chrono::minutes wait_for_store{1};  // a large one is copied first

}  // namespace

void complain(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    fmt::print(stderr, "icloud-milter: {}\n", line);
  }
}

void complain(const std::vector<ConfigProblem>& problems) {
  std::fputs(report(problems).c_str(), stderr);
}

std::shared_ptr<const World> first_world(const DaemonOptions& options, const Clock& clock,
                                         std::vector<ConfigProblem>& warnings, Missing missing) {
  ConfigResult read = read_config(options.config_path, clock.now());
  if (!read) {
    complain(read.error());
    return nullptr;
  }
  warnings = std::move(read->warnings);
  const bool is_start = missing == Missing::make;
  // First: a store that another daemon has open would be waited for, and called the fault.
  const Status vacant = is_start ? ListeningSocket::check_vacant(read->config.socket) : Status();
  if (!vacant) {
    complain(vacant.error().text);
    return nullptr;
  }
  const std::vector<std::string> risks =
      store_risks(read->config.store, options.credentials_directory, Deadline::in(wait_for_store));
  for (const std::string& risk : risks) complain(fmt::format("warning: store: {}", risk));
  const Deadline patience = Deadline::in(wait_for_store);
  // What keeps a store from being opened is said by the opening, or something stands in for it.
  const auto prepared = is_start ? prepare_store(read->config.store, patience)
                                 : review_store(read->config.store, patience);
  for (const std::string& notice : prepared.value_or(Notices())) complain(notice);
  const bool is_first = is_start && is_first_start(read->config.store);
  const std::string place = store_place(read->config.store);
  auto world =
      World::build(std::move(read->config), nullptr, options.credentials_directory, missing);
  if (world) {
    if (is_first) {  // a path that was misspelt looks like this, too
      warnings.push_back({.severity = ConfigProblem::Severity::warning,
                          .file = options.config_path,
                          .text = fmt::format("store: {} was made; the suppression list is empty",
                                              for_log(place, longest_warning))});
    }
    return *std::move(world);
  }
  complain(warnings);
  complain(world.error().text);
  return nullptr;
}

}  // namespace icm
