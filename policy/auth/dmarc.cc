// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/dmarc.h"

#include <algorithm>
#include <functional>

#include "policy/base/domain.h"
#include "policy/base/text.h"

namespace icm {
namespace {

// A record that applies to the author domain, and how.
struct Discovery {
  bool temporary = false;
  std::string problem;
  std::optional<DmarcRecord> record;
  std::string record_domain;
  std::string organizational_domain;  // empty when the DNS did not say
};

// Organizational domain of an authenticated name; nullopt when the DNS did not say.
using OrganizationOf = std::function<std::optional<std::string>(const std::string&)>;

enum class Aligned { no, yes, unknown };

Aligned aligned(const std::string& name, const std::string& author, DmarcAlignment mode,
                const std::string& organization, const OrganizationOf& organization_of) {
  if (name == author) return Aligned::yes;
  if (mode == DmarcAlignment::strict) return Aligned::no;
  if (organization.empty()) return Aligned::unknown;
  // Names of one organization share its last labels; the rest need not be looked up.
  const bool related = name == organization || name.ends_with("." + organization);
  if (!related) return Aligned::no;
  const auto other = organization_of(name);
  if (!other) return Aligned::unknown;
  return *other == organization ? Aligned::yes : Aligned::no;
}

std::string a_labels(const std::string& text) {
  const auto domain = Domain::parse(text);
  return domain ? domain->text() : std::string();
}

// What the authenticated names say against one record, and what is still open because a lookup
// failed.
struct Outcome {
  bool spf = false;
  bool dkim = false;
  bool open = false;
};

Outcome align(const DmarcInput& input, const std::string& author, const DmarcRecord& record,
              const std::string& organization, const OrganizationOf& organization_of) {
  Outcome outcome;
  const auto weigh = [&](const std::string& name, bool passed, bool unsure, DmarcAlignment mode,
                         bool& to) {
    if (name.empty() || (!passed && !unsure)) return;
    const Aligned result = aligned(name, author, mode, organization, organization_of);
    if (result == Aligned::yes && passed) to = true;
    if (result == Aligned::unknown || (result == Aligned::yes && !passed)) outcome.open = true;
  };
  weigh(a_labels(input.spf.domain), input.spf.status == SpfStatus::pass,
        input.spf.status == SpfStatus::temp_error, record.spf, outcome.spf);
  for (const DkimResult& signature : input.dkim) {
    weigh(signature.domain, signature.status == DkimStatus::pass,
          signature.status == DkimStatus::temp_error, record.dkim, outcome.dkim);
  }
  return outcome;
}

// p= or sp= (RFC 7489 §6.6.3), or np= as well (RFC 9989 §4.7) says none of the three words.
bool has_invalid_policy(const DmarcRecord& record, DmarcStandard standard) {
  return record.has_invalid_policy ||
         (standard == DmarcStandard::rfc9989 && record.has_invalid_missing_policy);
}

// RFC 9989 §4.7 and RFC 7489 §6.6.3: the policy of a record whose p=, sp= or np= is unusable.
// nullopt: no DMARC processing at all.
std::optional<DmarcPolicy> base_policy(const DmarcRecord& record, DmarcStandard standard) {
  const bool absent_is_none = standard == DmarcStandard::rfc9989;
  const bool usable = !has_invalid_policy(record, standard) && (record.policy || absent_is_none);
  if (usable) return record.policy.value_or(DmarcPolicy::none);
  if (record.has_report_address) return DmarcPolicy::none;
  return std::nullopt;
}

// Which of p, sp and np applies to the author domain.
std::optional<DmarcPolicy> applicable_policy(const Discovery& found, const std::string& author,
                                             DmarcStandard standard, DmarcDirectory& directory,
                                             Deadline deadline, bool& unsure) {
  const DmarcRecord& record = *found.record;
  const auto base = base_policy(record, standard);
  if (!base || has_invalid_policy(record, standard) || found.record_domain == author) return base;
  const DmarcPolicy below = record.subdomain_policy.value_or(*base);
  if (standard == DmarcStandard::rfc7489 || !record.missing_policy ||
      *record.missing_policy == below)
    return below;
  const auto exists = directory.exists(author, deadline);
  if (!exists) unsure = true;
  return exists.value_or(true) ? below : *record.missing_policy;
}

DmarcVerdict decide(const DmarcInput& input, const std::string& author, const Discovery& found,
                    DmarcStandard standard, const OrganizationOf& organization_of,
                    DmarcDirectory& directory, Deadline deadline) {
  DmarcVerdict verdict;
  verdict.organizational_domain = found.organizational_domain;
  if (found.temporary) {
    verdict.status = DmarcStatus::temp_error;
    verdict.reason = found.problem;
    return verdict;
  }
  if (!found.record) {
    verdict.reason = found.problem;
    return verdict;
  }
  verdict.record_domain = found.record_domain;
  bool unsure = false;
  verdict.policy = applicable_policy(found, author, standard, directory, deadline, unsure);
  if (!verdict.policy) {
    verdict.reason =
        fmt::format("the DMARC record at _dmarc.{} has no usable policy", found.record_domain);
    return verdict;
  }
  verdict.testing = standard == DmarcStandard::rfc9989 && found.record->testing;
  const Outcome outcome =
      align(input, author, *found.record, found.organizational_domain, organization_of);
  verdict.spf_aligned = outcome.spf;
  verdict.dkim_aligned = outcome.dkim;
  if (outcome.spf || outcome.dkim) {
    verdict.status = DmarcStatus::pass;
  } else if (outcome.open || unsure) {
    verdict.status = DmarcStatus::temp_error;
    verdict.reason = "a lookup failed that could have made the difference";
  } else {
    verdict.status = DmarcStatus::fail;
    verdict.reason = fmt::format("no SPF or DKIM pass is aligned with {}", author);
  }
  return verdict;
}

// RFC 9989 §4.10.1: the author domain's own record, else that of the organizational domain, else
// that of the public suffix domain above it.
Discovery discover_by_walk(const std::string& author, DmarcDirectory& directory,
                           Deadline deadline) {
  Discovery found;
  const TreeWalk walk = walk_tree(author, directory, deadline);
  const auto take = [&](const std::string& domain) {
    const auto step = std::ranges::find(walk.records, domain, &TreeWalk::Step::domain);
    if (found.record || step == walk.records.end()) return;
    found.record = step->answer->record;
    found.record_domain = domain;
  };
  take(author);
  if (walk.temporary) {
    // The author domain's own record stands whatever is above it; only the organization is open.
    found.temporary = !found.record;
    found.problem = walk.problem;
    return found;
  }
  found.organizational_domain = walk.organizational_domain;
  take(walk.organizational_domain);
  if (!walk.records.empty() && walk.records.back().answer->record.psd == PublicSuffixFlag::yes) {
    take(walk.records.back().domain);
  }
  if (!found.record) found.problem = fmt::format("no DMARC record for {}", author);
  return found;
}

// RFC 7489 §6.6.3.
Discovery discover_by_list(const std::string& author, DmarcDirectory& directory,
                           const PublicSuffixList& suffixes, Deadline deadline) {
  Discovery found;
  found.organizational_domain = suffixes.organizational_domain(author);
  for (const std::string& domain : {author, found.organizational_domain}) {
    const auto answer = directory.find(domain, deadline);
    if (answer->status == DmarcAnswer::Status::temporary) {
      found.temporary = true;
      found.problem = answer->problem;
      return found;
    }
    // RFC 7489 §6.6.3: with several records policy discovery terminates.
    if (answer->several) {
      found.problem = answer->problem;
      return found;
    }
    if (answer->status == DmarcAnswer::Status::none) continue;
    found.record = answer->record;
    found.record_domain = domain;
    return found;
  }
  found.problem = fmt::format("no DMARC record for {}", author);
  return found;
}

}  // namespace

std::string_view to_string(DmarcStatus status) {
  switch (status) {
    case DmarcStatus::none:
      return "none";
    case DmarcStatus::pass:
      return "pass";
    case DmarcStatus::fail:
      return "fail";
    case DmarcStatus::temp_error:
      return "temperror";
    case DmarcStatus::perm_error:
      return "permerror";
  }
  return "invalid";
}

std::string_view to_string(DmarcStandard standard) {
  switch (standard) {
    case DmarcStandard::rfc9989:
      return "rfc9989";
    case DmarcStandard::rfc7489:
      return "rfc7489";
  }
  return "invalid";
}

Result<std::string> author_domain(const Result<std::vector<Address>>& authors) {
  if (!authors) return fail(Code::syntax, fmt::format("From: {}", authors.error().text));
  std::string found;
  for (const Address& author : *authors) {
    ICM_TRY(const Domain domain, Domain::parse(author.domain));
    if (!found.empty() && found != domain.text())
      return fail(Code::syntax, "From names several domains");
    found = domain.text();
  }
  if (found.empty()) return fail(Code::syntax, "From names no address");
  return found;
}

DmarcResult check_dmarc(const DmarcInput& input, DmarcDirectory& directory,
                        const PublicSuffixList& suffixes, Deadline deadline) {
  DmarcResult result;
  const auto author = author_domain(input.authors);
  if (!author) {
    // RFC 7489 §11.2 "none": "... or no aligned identifier could be extracted".
    result.rfc9989.reason = author.error().text;
    result.rfc7489.reason = author.error().text;
    return result;
  }
  result.author_domain = *author;
  const OrganizationOf by_walk = [&](const std::string& name) -> std::optional<std::string> {
    const TreeWalk walk = walk_tree(name, directory, deadline);
    if (walk.temporary) return std::nullopt;
    return walk.organizational_domain;
  };
  const OrganizationOf by_list = [&](const std::string& name) -> std::optional<std::string> {
    return suffixes.organizational_domain(name);
  };
  result.rfc9989 = decide(input, *author, discover_by_walk(*author, directory, deadline),
                          DmarcStandard::rfc9989, by_walk, directory, deadline);
  result.rfc7489 = decide(input, *author, discover_by_list(*author, directory, suffixes, deadline),
                          DmarcStandard::rfc7489, by_list, directory, deadline);
  return result;
}

}  // namespace icm
