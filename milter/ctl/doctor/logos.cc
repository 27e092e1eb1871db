// SPDX-License-Identifier: Apache-2.0
//
// The doctor on logos in Apple Mail: the BIMI record and what it rests on (draft-brand-indicators-
// for-message-identification), and what Apple asks of a domain for Branded Mail.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/doctor/domains.h"
#include "policy/auth/tag_list.h"
#include "policy/base/text.h"
#include "policy/message/uri.h"
#include "policy/organization.h"

namespace icm::ctl::doctor {
namespace {

bool is_https(std::string_view text) {
  const auto uri = Uri::parse(text);
  return uri && uri->scheme == "https" && check_https(*uri);
}

// The record of the domain, or of its organization where it has none of its own.
struct Published {
  std::string name;
  DnsAnswer answer;
  std::vector<std::string> records;
};

Published published(const Context& context, const std::string& domain, Deadline deadline) {
  Published record;
  for (const std::string& owner : {domain, organization_of(domain, context.sources)}) {
    record.name = "default._bimi." + owner;
    record.answer = context.sources.resolver.query(record.name, RecordType::txt, deadline);
    for (const std::string& text : record.answer.texts) {
      if (starts_with_ascii(text, "v=BIMI1")) record.records.push_back(text);
    }
    if (!record.records.empty() || record.answer.is_temporary()) break;
  }
  return record;
}

// p=quarantine or reject, for all mail. pct= is of RFC 7489; receivers of logos still read it.
std::string unenforced(const Context& context, const DmarcVerdict& dmarc, Deadline deadline) {
  if (!dmarc.policy) return "there is no DMARC policy";
  if (*dmarc.policy == DmarcPolicy::none) return "DMARC has p=none";
  if (dmarc.testing) return "DMARC has t=y";
  const auto answer = context.sources.dmarc.find(dmarc.record_domain, deadline);
  const auto tags = TagList::parse(answer->record.text);
  const std::string percent = tags ? std::string(tags->value("pct", "100")) : "100";
  return percent == "100" ? "" : fmt::format("DMARC has pct={}", excerpt(percent, 10));
}

void examine_bimi(const Context& context, const std::string& domain, const std::string& open,
                  Deadline deadline, Diagnoses& diagnoses) {
  const Published record = published(context, domain, deadline);
  if (record.records.empty()) return;  // nobody has to have one
  if (record.records.size() > 1) {
    return add(diagnoses,
               found("domain.bimi-record", domain,
                     fmt::format("{} records at {}", record.records.size(), record.name)));
  }
  const auto tags = TagList::parse(record.records.front());
  if (!tags) {
    return add(diagnoses, found("domain.bimi-record", domain,
                                fmt::format("{}: {}", record.name, tags.error().text)));
  }
  const std::string_view logo = tags->value("l");
  const std::string_view evidence = tags->value("a");
  if (logo.empty() && evidence.empty() && tags->find("l") != nullptr) {
    return add(diagnoses, found("domain.bimi", domain, "declines to take part"));
  }
  if (!is_https(logo) && !(logo.empty() && is_https(evidence))) {
    return add(diagnoses,
               found("domain.bimi-record", domain,
                     fmt::format("{}: l={} is no https URL", record.name, excerpt(logo, 100))));
  }
  if (!is_https(evidence)) {
    add(diagnoses, found("domain.bimi-no-evidence", domain,
                         evidence.empty() ? fmt::format("{} has no a=", record.name)
                                          : fmt::format("{}: a={} is no https URL", record.name,
                                                        excerpt(evidence, 100))));
  }
  if (!open.empty()) return add(diagnoses, found("domain.bimi-unenforced", domain, open));
  if (is_https(evidence)) add(diagnoses, found("domain.bimi", domain, record.name));
}

bool has_any(const Context& context, const std::string& domain, Deadline deadline) {
  for (const RecordType type : {RecordType::mx, RecordType::a, RecordType::aaaa}) {
    if (context.sources.resolver.query(domain, type, deadline).found()) return true;
  }
  return false;
}

}  // namespace

void examine_logos(const Context& context, const std::string& domain, const DmarcVerdict& dmarc,
                   Deadline deadline, Diagnoses& diagnoses) {
  const std::string open = unenforced(context, dmarc, deadline);
  examine_bimi(context, domain, open, deadline, diagnoses);
  if (!dmarc.policy) return;  // told already
  if (!open.empty()) {
    return add(diagnoses, found("domain.branded-mail-closed", domain, open));
  }
  add(diagnoses,
      has_any(context, domain, deadline)
          ? found("domain.branded-mail", domain,
                  "DMARC is enforced and the domain has addresses; DKIM has to be "
                  "aligned")
          : found("domain.branded-mail-closed", domain, "the domain has neither MX nor address"));
}

}  // namespace icm::ctl::doctor
