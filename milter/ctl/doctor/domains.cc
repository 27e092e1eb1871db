// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the domains that send: SPF, the envelope sender, DMARC, private relay. The policies
// alignment and sender_identity judge a letter from each domain; here is said what follows.
#include "milter/ctl/doctor/domains.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/doctor/letter.h"
#include "milter/ctl/doctor/sending_domains.h"
#include "policy/alignment_report.h"
#include "policy/auth/spf_lint.h"
#include "policy/relay_sources.h"
#include "policy/sender_identity_report.h"

namespace icm::ctl::doctor {
namespace {

constexpr std::array meanings = {
    Meaning{"alignment.spf-fail", "domain.spf-fail"},
    Meaning{"alignment.spf-softfail", "domain.spf-softfail"},
    Meaning{"alignment.spf-neutral", "domain.spf-neutral"},
    Meaning{"alignment.spf-none", "domain.spf-missing"},
    Meaning{"alignment.spf-error", "domain.spf-error"},
    Meaning{"alignment.spf-temporary", "domain.dns-failed"},
    Meaning{"alignment.dmarc-missing", "domain.dmarc-missing"},
    Meaning{"alignment.dmarc-temporary", "domain.dns-failed"},
    Meaning{"alignment.dmarc-standards-differ", "domain.dmarc-standards-differ"},
    Meaning{"sender_identity.sender-unresolved", "domain.mail-from-unresolved"},
    Meaning{"sender_identity.sender-null-mx", "domain.mail-from-null-mx"},
    Meaning{"sender_identity.temporary", "domain.dns-failed"},
};

// Whether one of the findings has a meaning here; those are added.
bool add_findings(const Findings& findings, const std::string& domain, Diagnoses& diagnoses) {
  bool is_any = false;
  for (const Finding& finding : findings) {
    auto one = diagnosed(finding, meanings, domain);
    if (!one) continue;
    is_any = true;
    add(diagnoses, *std::move(one));
  }
  return is_any;
}

Id id_of(const SpfLint& lint, const SpfBudget& budget) {
  switch (lint.kind) {
    case SpfLintKind::no_record:
      return budget.records.front().publication.status == SpfStatus::temp_error
                 ? Id("domain.dns-failed")
                 : Id("domain.spf-missing");
    case SpfLintKind::several_records:
      return "domain.spf-several";
    case SpfLintKind::syntax:
      return "domain.spf-syntax";
    case SpfLintKind::lookups:
      return budget.lookups > spf_max_lookups ? Id("domain.spf-lookups")
                                              : Id("domain.spf-lookups-full");
    case SpfLintKind::void_lookups:
      return "domain.spf-void-lookups";
    case SpfLintKind::broken_branch:
      return "domain.spf-branch";
    case SpfLintKind::unfetched_branch:
      return "domain.dns-failed";
    case SpfLintKind::passes_everybody:
      return "domain.spf-everybody";
    case SpfLintKind::ptr:
    case SpfLintKind::unreachable:
    case SpfLintKind::no_all:
    case SpfLintKind::long_record:
      return "domain.spf-untidy";
  }
  return "domain.spf-untidy";
}

// What receivers stumble on in the record, whoever the client is. A record that is missing or
// cannot be read is told with the result that follows from it, where an address is known.
void examine_record(const SpfQuestion& question, const Context& context, const std::string& domain,
                    bool is_result_known, Deadline deadline, Diagnoses& diagnoses) {
  const SpfBudget budget = spf_budget(question, context.sources.resolver, deadline);
  for (const SpfLint& lint : lint_spf(budget)) {
    const bool is_in_result = lint.kind == SpfLintKind::no_record ||
                              lint.kind == SpfLintKind::syntax ||
                              lint.kind == SpfLintKind::several_records;
    if (is_in_result && is_result_known) continue;
    const std::string place = lint.domain == domain ? "" : fmt::format(" (at {})", lint.domain);
    add(diagnoses, found(id_of(lint, budget), domain, lint.text + place));
  }
}

}  // namespace

void examine_spf(const Context& context, const std::string& domain, Deadline deadline,
                 Diagnoses& diagnoses) {
  Letter letter(context, domain, stream_of_domain(context.config, domain));
  Authentication& result = letter.authentication();
  for (const IpAddress& client : letter.questions().clients) {
    result.spf.push_back(
        {client, check_spf(letter.question(client), context.sources.spf, deadline)});
  }
  const IpAddress nobody = IpAddress::v4({192, 0, 2, 1});
  examine_record(letter.question(result.spf.empty() ? nobody : result.spf.front().client), context,
                 domain, !result.spf.empty(), deadline, diagnoses);
  if (result.spf.empty()) return;  // the area egress asks for the addresses
  const Facts facts = letter.facts();
  alignment::Report report(facts, context.config, deadline);
  alignment::examine_spf(report);
  if (add_findings(std::move(report).take(), domain, diagnoses)) return;
  std::vector<std::string> clients;
  for (const ClientSpf& each : result.spf) clients.push_back(each.client.text());
  add(diagnoses,
      found("domain.spf", domain, fmt::format("passes from {}", alignment::listed(clients))));
}

void examine_mail_from(const Context& context, const std::string& domain, Deadline deadline,
                       Diagnoses& diagnoses) {
  Letter letter(context, domain, stream_of_domain(context.config, domain));
  letter.questions().clients.clear();  // the way out is the area egress
  letter.questions().helo.clear();
  const Facts facts = letter.facts();
  sender_identity::Report report(facts, context.config, deadline);
  sender_identity::examine_dns(report);
  if (add_findings(std::move(report).take(), domain, diagnoses)) return;
  add(diagnoses, found("domain.mail-from", domain, "bounces find a way to it"));
}

DmarcVerdict examine_dmarc(const Context& context, const std::string& domain, Deadline deadline,
                           Diagnoses& diagnoses) {
  Letter letter(context, domain, stream_of_domain(context.config, domain));
  SpfResult passed;
  passed.status = SpfStatus::pass;
  passed.domain = domain;
  Authentication& result = letter.authentication();
  result.spf.push_back({IpAddress::v4({192, 0, 2, 1}), passed});
  const std::vector<DkimResult> no_signatures;
  result.dmarc = check_dmarc({.authors = letter.authors(), .spf = passed, .dkim = no_signatures},
                             context.sources.dmarc, context.sources.suffixes, deadline);
  const Facts facts = letter.facts();
  alignment::Report report(facts, context.config, deadline);
  alignment::examine_dmarc(report);
  const DmarcVerdict verdict = result.dmarc.by(
      context.config.alignment.dmarc == DmarcReading::rfc9989 ? DmarcStandard::rfc9989
                                                              : DmarcStandard::rfc7489);
  if (add_findings(std::move(report).take(), domain, diagnoses) || !verdict.policy) return verdict;
  const std::string evidence = fmt::format("p={}{} at _dmarc.{}", to_string(*verdict.policy),
                                           verdict.testing ? ", t=y" : "", verdict.record_domain);
  const bool is_enforced = *verdict.policy != DmarcPolicy::none && !verdict.testing;
  add(diagnoses, is_enforced ? found("domain.dmarc", domain, evidence)
                             : found("domain.dmarc-unenforced", domain, evidence));
  return verdict;
}

void examine_relay_source(const Context& context, const std::string& domain, Diagnoses& diagnoses) {
  const std::vector<std::string>& sources = context.config.private_relay.sources;
  if (sources.empty()) {
    return add(diagnoses, found("domain.relay-unlisted", {}, "private_relay.sources is empty"));
  }
  const bool is_registered = RelaySources(sources).has_some_of(Domain::parse(domain).value());
  add(diagnoses,
      is_registered
          ? found("domain.relay", domain, "stands in private_relay.sources")
          : found("domain.relay-unregistered", domain,
                  fmt::format("{} does not stand in private_relay.sources, exactly", domain)));
}

Diagnoses examine_domains(const Context& context, Deadline deadline) {
  Diagnoses diagnoses;
  const std::vector<std::string> domains = sending_domains(context, deadline);
  if (domains.empty()) {
    return {found("domain.none", {}, "no stream names a domain, and the decision log has none")};
  }
  for (const std::string& domain : domains) {
    examine_spf(context, domain, deadline, diagnoses);
    examine_mail_from(context, domain, deadline, diagnoses);
    examine_dkim(context, domain, deadline, diagnoses);
    const DmarcVerdict dmarc = examine_dmarc(context, domain, deadline, diagnoses);
    examine_logos(context, domain, dmarc, deadline, diagnoses);
    examine_relay_source(context, domain, diagnoses);
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
