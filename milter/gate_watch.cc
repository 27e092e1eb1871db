// SPDX-License-Identifier: Apache-2.0
#include "milter/gate_watch.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_names = 100;  // they come from master.cf, but nobody promises that

std::string advice(const RolesConfig& roles) {
  if (roles.gate.empty()) {
    return "roles.gate is empty, so no listener can be the gate: name it there, and in master.cf "
           "give its smtpd the same name with -o milter_macro_daemon_name=NAME";
  }
  return fmt::format(
      "if this is the gate, give its smtpd in master.cf -o milter_macro_daemon_name={} "
      "(roles.gate); "
      "else see that transport_maps in main.cf leads Apple's domains to the gate",
      for_log(roles.gate.front()));
}

}  // namespace

void GateWatch::saw_judged() {
  state_.with([](State& state) {
    state.unseen = 0;
    state.warning.reset();
  });
}

std::optional<std::string> GateWatch::warning() const {
  return state_.with([](const State& state) { return state.warning; });
}

std::optional<std::string> GateWatch::saw_arrival(std::string_view daemon_name,
                                                  const RolesConfig& roles, WallTime now) {
  const bool is_time = state_.with([&](State& state) {
    if (state.unseen == 0) state.first = now;
    if (state.unseen < messages) ++state.unseen;
    if (state.unseen < messages || now - state.first < patience) return false;
    const auto known = state.warned.find(daemon_name);
    if (known == state.warned.end()) {
      if (state.warned.size() >= max_names) return false;
      state.warned.emplace(daemon_name, now);
      return true;
    }
    if (now - known->second < between_warnings) return false;
    known->second = now;
    return true;
  });
  if (!is_time) return std::nullopt;
  const std::string name =
      daemon_name.empty() ? "without a {daemon_name}"
                          : fmt::format("with the {{daemon_name}} \"{}\"", for_log(daemon_name));
  std::string warning = fmt::format(
      "mail for Apple comes in and none has come to the gate for {} minutes or more: it leaves "
      "unjudged. The last of it came over a listener {}, which is taken for an arrival; {}",
      patience.count(), name, advice(roles));
  state_.with([&](State& state) {
    if (state.unseen >= messages) state.warning = warning;
  });
  return warning;
}

}  // namespace icm
