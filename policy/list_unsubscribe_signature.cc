// SPDX-License-Identifier: Apache-2.0
#include "policy/list_unsubscribe_signature.h"

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/text.h"
#include "policy/organization.h"
#include "policy/second_look.h"

namespace icm {
namespace {

constexpr std::string_view signed_fields[] = {"List-Unsubscribe", "List-Unsubscribe-Post"};

// The fields that h= does not cover as often as they stand in the header, in words; empty when all
// are. Names are compared whole: a prefix of the longer one would certify what is not signed.
std::string uncovered(const DkimResult& signature, const HeaderList& headers) {
  std::string names;
  for (const std::string_view name : signed_fields) {
    if (signature.coverage(headers, name).whole()) continue;
    names += fmt::format("{}{}", names.empty() ? "" : " and ", name);
  }
  return names;
}

std::string name_of(const DkimResult& signature) {
  return fmt::format("s={} d={}", for_log(signature.selector, 63), for_log(signature.domain, 100));
}

// The best that the signatures have to offer, in rising order.
enum class Offer {
  nothing,         // no signature, or none that covers and none that passes
  covers_foreign,  // covers and passes, for another organization
  covers_failing,  // covers, of the organization, and does not pass
  passes,          // of the organization, and does not cover
};

// What is said of it.
struct Signed {
  Offer offer = Offer::nothing;
  std::string evidence = "there is no DKIM-Signature";
  std::string disputed;
};

// RFC 7372 §3.1.
std::string_view enhanced_code(Offer offer) {
  switch (offer) {
    case Offer::nothing:
    case Offer::covers_failing:
      return "5.7.20";
    case Offer::covers_foreign:
      return "5.7.22";
    case Offer::passes:
      return "5.7.21";
  }
  return "5.7.20";
}

}  // namespace

std::optional<Finding> examine_unsubscribe_signature(const Facts& facts,
                                                     const AuthenticationConfig& config,
                                                     Deadline deadline) {
  if (facts.authentication == nullptr || facts.sources == nullptr) return std::nullopt;
  const auto author = author_domain(facts.authors);
  if (!author) return std::nullopt;  // nothing to align with; format speaks of it
  SecondLook look(facts, config, deadline);
  Signed found;
  const std::vector<DkimResult>& signatures = facts.authentication->dkim;
  const auto offer = [&](Offer kind, std::string evidence, std::string disputed = {}) {
    if (found.offer > kind) return;
    if (found.offer == kind && kind != Offer::nothing) return;
    found = {kind, std::move(evidence), std::move(disputed)};
  };
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    const DkimResult& each = signatures[i];
    const bool passes = each.status == DkimStatus::pass;
    const bool is_ours = is_same_organization(each.domain, *author, *facts.sources);
    const std::string missing = uncovered(each, facts.headers);
    if (missing.empty() && is_ours) {
      if (passes || each.status == DkimStatus::temp_error) return std::nullopt;
      offer(Offer::covers_failing,
            fmt::format("the DKIM signature that covers the fields ({}) does not pass: {}",
                        name_of(each), for_log(each.reason)),
            look.against_dkim(i));
    } else if (missing.empty() && passes) {
      offer(Offer::covers_foreign,
            fmt::format("the DKIM signature that covers the fields ({}) is not of {}",
                        name_of(each), *author));
    } else if (passes && is_ours) {
      offer(Offer::passes,
            fmt::format("the DKIM signature {} does not cover {}", name_of(each), missing));
    } else {
      offer(Offer::nothing,
            fmt::format("no DKIM signature of {} passes: {}", *author, name_of(each)));
    }
  }
  constexpr std::string_view rule = "list_unsubscribe.not-signed";
  Finding finding;
  finding.rule = rule;
  finding.evidence = std::move(found.evidence);
  finding.fix = fmt::format(
      "sign with d={} and name List-Unsubscribe and List-Unsubscribe-Post in h= (RFC 8058 section "
      "4; OpenDKIM: SignHeaders *,+List-Unsubscribe,+List-Unsubscribe-Post)",
      *author);
  finding.reply = {.code = 550,
                   .enhanced = std::string(enhanced_code(found.offer)),
                   .text = fmt::format("{}: {}; {}", rule, finding.evidence, finding.fix)};
  look.dispute(finding, found.disputed);
  return finding;
}

}  // namespace icm
