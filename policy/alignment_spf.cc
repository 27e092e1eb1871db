// SPDX-License-Identifier: Apache-2.0
//
// alignment, SPF: a pass from every address that the message may leave from.
#include <algorithm>
#include <utility>

#include "policy/alignment_report.h"
#include "policy/auth/spf_record.h"
#include "policy/base/text.h"
#include "policy/organization.h"

namespace icm::alignment {
namespace {

using Clients = std::vector<const ClientSpf*>;

// One rule per result that is no pass.
struct Kind {
  SpfStatus status;
  std::string_view rule;
  Refusal refusal;
};

// RFC 7372 §3.2 has 5.7.23 for the result "fail" alone; what is no answer at all is refused by our
// own rules.
constexpr Kind kinds[] = {
    {SpfStatus::fail, "alignment.spf-fail", spf_failed},
    {SpfStatus::soft_fail, "alignment.spf-softfail", not_authorized},
    {SpfStatus::neutral, "alignment.spf-neutral", not_authorized},
    {SpfStatus::none, "alignment.spf-none", not_authorized},
    {SpfStatus::perm_error, "alignment.spf-error", spf_broken},
    {SpfStatus::temp_error, "alignment.spf-temporary", spf_unknown},
};

std::string shown(std::string_view text) { return for_log(text, 100); }

std::string addresses(const Clients& clients) {
  std::vector<std::string> names;
  for (const ClientSpf* each : clients) names.push_back(each->client.text());
  return listed(names);
}

// What decided, as far as it is known.
std::string cause(const SpfResult& result) {
  if (!result.problem.empty()) return fmt::format(": {}", excerpt(result.problem, 200));
  if (!result.mechanism.empty()) return fmt::format(": \"{}\" matches", shown(result.mechanism));
  return result.status == SpfStatus::neutral ? ": nothing matches" : "";
}

std::string evidence(const Clients& clients) {
  const SpfResult& result = clients.front()->result;
  const std::string_view identity = result.identity == SpfIdentity::helo ? "the HELO name " : "";
  return fmt::format("SPF says {} for {}{} from {}{}", to_string(result.status), identity,
                     shown(result.domain), addresses(clients), cause(result));
}

std::string mechanisms(const Clients& clients) {
  std::string text;
  for (const ClientSpf* each : clients) {
    text += fmt::format("{}ip{}:{}", text.empty() ? "" : " ", each->client.is_v4() ? 4 : 6,
                        each->client.text());
  }
  return text;
}

// The record that passes: theirs, with our addresses in front, where they match before anything
// else and cost no lookup. What stands there twice, and a record that includes itself, is left out.
std::string with_ours(std::string_view record, const std::string& domain, const std::string& ours) {
  std::string text = fmt::format("v=spf1 {}", ours);
  const auto known = split(ours, ' ');
  bool is_version = true;
  for (const std::string_view term : split(record, ' ')) {
    const bool is_needless = std::exchange(is_version, false) || term.empty() ||
                             equal_ascii(term, "include:" + domain) ||
                             std::ranges::find(known, term) != known.end();
    if (!is_needless) text += fmt::format(" {}", term);
  }
  return text;
}

std::string fix(const Report& report, const Clients& clients) {
  const std::string domain = domain_name(clients.front()->result.domain);
  if (domain.empty()) {
    return clients.front()->result.identity == SpfIdentity::helo
               ? "give a host name of the DNS in HELO (egress.helo, Postfix: smtp_helo_name)"
               : "use an envelope sender whose domain can publish an SPF record";
  }
  const std::string ours = mechanisms(clients);
  const DnsAnswer answer =
      report.facts.sources->resolver.query(domain, RecordType::txt, report.deadline);
  std::vector<std::string> records;
  for (const std::string& text : answer.texts) {
    if (is_spf_record(text)) records.push_back(text);
  }
  if (records.size() == 1 && parse_spf_record(records.front())) {
    return fmt::format("publish {}",
                       txt_record(domain, for_log(with_ours(records.front(), domain, ours), 2000)));
  }
  const std::string plain = txt_record(domain, fmt::format("v=spf1 {} -all", ours));
  if (records.empty()) return fmt::format("publish {}", plain);
  if (records.size() > 1) {
    return fmt::format("keep one SPF record (RFC 7208 section 3.2), such as {}", plain);
  }
  return fmt::format("correct the record, or replace it by {}", plain);
}

void report_kind(Report& report, const Kind& kind, const Clients& clients) {
  Said said{kind.rule, kind.refusal, evidence(clients), {}, report.look.against_spf(clients)};
  if (kind.status == SpfStatus::temp_error) {
    said.fix = "let the name servers of that domain answer; the mail is tried again";
    return report.defer(Check::spf, std::move(said));
  }
  said.fix = fix(report, clients);
  report.refuse(Check::spf, std::move(said));
}

// What is not asked fails nobody, and would never be noticed.
void advise_to_ask(Report& report) {
  constexpr std::string_view rule = "alignment.spf-not-asked";
  if (!report.found.spf.empty()) {
    return report.advise(rule,
                         "SPF was not asked: without an envelope sender it judges the HELO name, "
                         "and none is known",
                         "write the name that the mail server gives (Postfix: smtp_helo_name) into "
                         "milter.conf, egress.helo");
  }
  const std::string& stream = report.facts.classification.stream;
  report.advise(
      rule, "SPF was not asked, since no address is known that this mail leaves from",
      fmt::format("write the addresses that Apple sees into milter.conf, egress.addresses: "
                  "[192.0.2.7, \"2001:db8::7\"]{}",
                  stream.empty() ? "" : fmt::format(", or into egress of the stream {}", stream)));
}

}  // namespace

void examine_spf(Report& report) {
  if (!report.spf_known) return advise_to_ask(report);
  for (const Kind& kind : kinds) {
    Clients clients;
    for (const ClientSpf& each : report.found.spf) {
      if (each.result.status == kind.status) clients.push_back(&each);
    }
    if (!clients.empty()) report_kind(report, kind, clients);
  }
}

}  // namespace icm::alignment
