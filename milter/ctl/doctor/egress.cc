// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the way out: the addresses that Apple sees, their names, and HELO. The policy
// sender_identity judges; here is said what follows.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/doctor/letter.h"
#include "policy/sender_identity_report.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::array meanings = {
    Meaning{"sender_identity.reverse-missing", "egress.reverse-missing"},
    Meaning{"sender_identity.reverse-unconfirmed", "egress.reverse-unconfirmed"},
    Meaning{"sender_identity.reverse-generic", "egress.reverse-generic"},
    Meaning{"sender_identity.reverse-foreign", "egress.reverse-foreign"},
    Meaning{"sender_identity.helo-syntax", "egress.helo-syntax"},
    Meaning{"sender_identity.helo-unresolved", "egress.helo-unresolved"},
    Meaning{"sender_identity.helo-mismatch", "egress.helo-mismatch"},
    Meaning{"sender_identity.temporary", "egress.dns-failed"},
};

// What the policy says of a letter without a sender that leaves by these clients.
Findings judged(const Context& context, Letter& letter, Deadline deadline) {
  const Facts facts = letter.facts();
  sender_identity::Report report(facts, context.config, deadline);
  sender_identity::examine_dns(report);
  return std::move(report).take();
}

bool is_about_helo(std::string_view rule) { return rule.find(".helo-") != std::string_view::npos; }

void examine_way(const Context& context, const std::string& stream, Deadline deadline,
                 Diagnoses& diagnoses) {
  const SpfQuestions way = Letter(context, {}, stream).questions();
  std::size_t helo_problems = 0;
  for (const IpAddress& client : way.clients) {
    Letter letter(context, {}, stream);
    letter.questions().clients = {client};
    const Findings findings = judged(context, letter, deadline);
    bool has_name = true;
    for (const Finding& finding : findings) {
      const bool is_of_helo = is_about_helo(finding.rule);
      auto one = diagnosed(finding, meanings, is_of_helo ? way.helo : client.text());
      if (!one) continue;
      helo_problems += is_of_helo ? 1 : 0;
      has_name = has_name && is_of_helo;
      add(diagnoses, *std::move(one));
    }
    if (has_name) {
      add(diagnoses, found("egress.reverse", client.text(), "its name leads back to it"));
    }
  }
  if (helo_problems == 0 && !way.helo.empty() && !way.clients.empty()) {
    add(diagnoses, found("egress.helo", way.helo, "it leads to the addresses that mail leaves by"));
  }
}

}  // namespace

Diagnoses examine_egress(const Context& context, Deadline deadline) {
  Diagnoses diagnoses;
  const Config& config = context.config;
  const bool has_addresses = !config.egress.addresses.empty() ||
                             std::ranges::any_of(config.streams, [](const StreamConfig& stream) {
                               return !stream.egress.empty();
                             });
  for (const ConfigProblem& warning : context.warnings) {
    if (!Context::is_about_egress(warning) || !has_addresses) continue;
    add(diagnoses, found("egress.unusable", {}, to_string(warning)));
  }
  if (!has_addresses) {
    return {found("egress.unknown", {}, "egress.addresses of milter.conf is empty")};
  }
  for (const std::string& stream : streams_of(config)) {
    examine_way(context, stream, deadline, diagnoses);
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
