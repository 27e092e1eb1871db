// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the gate at work: does it answer, does the daemon judge there, and is nothing that
// mail for Apple needs switched off.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "milter/ctl/postfix/gate_probe.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

using postfix::GateAnswer;

constexpr std::chrono::seconds gate_patience{10};

// postconf(5), master_service_disable: a type, "name/type" or, as once, "name.type"; what fits
// first decides.
bool is_disabled(std::string_view list, const postfix::Service& service) {
  const std::string dotted = fmt::format("{}.{}", service.name, service.type);
  for (std::string_view one : postfix::split_list(list)) {
    const bool is_excluded = one.starts_with('!');
    if (is_excluded) one.remove_prefix(1);
    if (one == service.type || one == service.key() || one == dotted) return !is_excluded;
  }
  return false;
}

}  // namespace

Diagnoses examine_answer(const postfix::Listener& gate, Deadline deadline) {
  const auto port = postfix::port_on_loopback(*gate.service);
  if (!port) return {};
  const std::string name = gate.service->key();
  const auto answer = postfix::probe_gate(*port, deadline.at_most(gate_patience));
  if (!answer) return {found("postfix.gate-silent", name, answer.error().text)};
  const std::string reply = excerpt(answer->reply, 300);
  switch (answer->means) {
    case GateAnswer::Means::judged:
      return {};
    case GateAnswer::Means::unjudged:
      return {
          found("postfix.gate-unjudged", name,
                fmt::format("it took a recipient that the daemon refuses there: \"{}\"", reply))};
    case GateAnswer::Means::waits:
      return {found("postfix.gate-silent", name,
                    fmt::format("Postfix does not reach the daemon: \"{}\"", reply))};
    case GateAnswer::Means::other:
      break;
  }
  return {found("postfix.gate-silent", name,
                fmt::format("it answers \"{}\", where the daemon refuses a recipient", reply))};
}

Diagnoses examine_service(const MailServer& server, const postfix::Service& service) {
  Diagnoses diagnoses;
  const auto& configuration = server.configuration();
  const std::string_view disabled = configuration.value("master_service_disable");
  if (is_disabled(disabled, service)) {
    add(diagnoses, found("postfix.service-disabled", service.key(),
                         fmt::format("master_service_disable is {}", disabled)));
  }
  const std::string_view deferred = configuration.value("defer_transports");
  const auto names = postfix::split_list(deferred);
  if (service.type == "unix" && std::ranges::find(names, service.name) != names.end()) {
    add(diagnoses, found("postfix.transport-deferred", service.key(),
                         fmt::format("defer_transports is {}", deferred)));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
