// SPDX-License-Identifier: Apache-2.0
//
// alignment, DMARC: what passes belongs to the domain of From, and that domain says what shall be
// done when nothing does.
#include <algorithm>
#include <utility>

#include "policy/alignment_report.h"
#include "policy/auth/dmarc_record.h"
#include "policy/base/text.h"
#include "policy/organization.h"

namespace icm::alignment {
namespace {

std::string record_name(const std::string& domain) { return "_dmarc." + domain; }

std::string policy_word(const DmarcVerdict& verdict) {
  if (!verdict.policy) return "no policy";
  return fmt::format("p={}{}", to_string(*verdict.policy), verdict.testing ? ", t=y" : "");
}

// "fail (p=reject at _dmarc.example.com)"
std::string in_words(const DmarcVerdict& verdict) {
  if (verdict.record_domain.empty()) return std::string(to_string(verdict.status));
  return fmt::format("{} ({} at {})", to_string(verdict.status), policy_word(verdict),
                     record_name(verdict.record_domain));
}

// The names that passed, as "SPF news.example.com" and "DKIM d=esp.example".
std::vector<std::string> passed(const Report& report) {
  std::vector<std::string> names;
  if (report.spf_passes) {
    names.push_back(fmt::format("SPF {}", for_log(report.found.spf.front().result.domain, 100)));
  }
  for (const DkimResult& each : report.found.dkim) {
    if (each.status != DkimStatus::pass) continue;
    names.push_back(fmt::format("DKIM d={}", for_log(each.domain, 100)));
  }
  return names;
}

// Whether something that passes is of the author's organization; for domains without a record that
// has a policy, where DMARC itself does not ask.
bool is_aligned_by_list(const Report& report, const Authentication& found) {
  const auto is_author = [&](std::string_view domain) {
    return is_same_organization(domain, report.author, *report.facts.sources);
  };
  const SpfResult spf = found.weakest_spf();
  if (!found.spf.empty() && spf.status == SpfStatus::pass && is_author(spf.domain)) return true;
  return std::ranges::any_of(found.dkim, [&](const DkimResult& each) {
    return each.status == DkimStatus::pass && is_author(each.domain);
  });
}

bool is_aligned(const Report& report, const DmarcVerdict& verdict) {
  if (verdict.policy) return verdict.spf_aligned || verdict.dkim_aligned;
  return is_aligned_by_list(report, report.found);
}

std::string align_fix(const Report& report) {
  return fmt::format(
      "sign with d={} (SELECTOR._domainkey.{}. TXT), or use an envelope sender of "
      "that domain",
      report.author, report.author);
}

// What speaks against "nothing is aligned".
std::string against_unaligned(Report& report, const DmarcVerdict& verdict, DmarcStandard standard) {
  if (verdict.policy) return report.look.against_dmarc(standard);
  const bool aligned = is_aligned_by_list(report, report.look.as_libraries_say());
  return aligned ? report.look.differences() : std::string();
}

void report_unaligned(Report& report, const DmarcVerdict& verdict, DmarcStandard standard) {
  const auto names = passed(report);
  if (names.empty() || is_aligned(report, verdict)) return;
  const bool any_signature = std::ranges::any_of(
      report.found.dkim, [](const DkimResult& each) { return each.status == DkimStatus::pass; });
  // Without SPF's word nothing can be said for sure.
  const bool owed = report.spf_known && !report.is_bounce;
  report.refuse_if(
      owed, Check::dmarc,
      {"alignment.unaligned", any_signature ? no_authors_signature : not_authorized,
       fmt::format("nothing that passes is for {} of From: {}", report.author, listed(names)),
       align_fix(report), owed ? against_unaligned(report, verdict, standard) : std::string()});
}

// What to do where a name has several records, so that none of them counts (RFC 9989 §4.7); empty
// where it has not.
std::string fix_of_several(const Report& report, const std::string& domain) {
  const DnsAnswer answer =
      report.facts.sources->resolver.query(record_name(domain), RecordType::txt, report.deadline);
  std::vector<std::string> records;
  for (const std::string& text : answer.texts) {
    if (parse_dmarc_record(text)) records.push_back(fmt::format("\"{}\"", for_log(text, 100)));
  }
  if (records.size() < 2) return {};
  return fmt::format("keep one of the {} records at {}. TXT, and remove the others: {}",
                     records.size(), record_name(domain), listed(records));
}

void report_missing(Report& report, const DmarcVerdict& verdict) {
  const std::string domain = verdict.record_domain.empty()
                                 ? organization_of(report.author, *report.facts.sources)
                                 : verdict.record_domain;
  // Beside a record that says nothing usable, another one would make it worse (RFC 9989 §4.7).
  const std::string_view deed =
      verdict.record_domain.empty() ? "publish" : "replace the record there by";
  std::string fix = fix_of_several(report, report.author);
  if (fix.empty()) fix = fix_of_several(report, domain);
  if (fix.empty()) {
    fix = fmt::format("{} {}", deed, txt_record(record_name(domain), "v=DMARC1; p=none"));
  }
  report.refuse_if(
      !report.is_bounce, Check::dmarc,
      {"alignment.dmarc-missing", not_authorized, for_log(verdict.reason), std::move(fix), {}});
}

void report_failure(Report& report, const DmarcVerdict& verdict, DmarcStandard standard) {
  const bool acts = verdict.policy && *verdict.policy != DmarcPolicy::none;
  const bool owed = report.spf_known && (!report.is_bounce || acts);
  report.refuse_if(owed, Check::dmarc,
                   {"alignment.dmarc-fail", not_authorized,
                    fmt::format("DMARC says {}: {}", in_words(verdict), for_log(verdict.reason)),
                    align_fix(report), owed ? report.look.against_dmarc(standard) : std::string()});
}

void report_difference(Report& report) {
  const DmarcResult& dmarc = report.found.dmarc;
  if (!dmarc.standards_differ()) return;
  const bool is_own =
      dmarc.rfc9989.record_domain == report.author && dmarc.rfc7489.record_domain == report.author;
  report.advise("alignment.dmarc-standards-differ",
                fmt::format("DMARC says {} by RFC 9989 and {} by RFC 7489; receivers do either",
                            in_words(dmarc.rfc9989), in_words(dmarc.rfc7489)),
                is_own ? align_fix(report)
                       : fmt::format("publish a record of its own at {}: it means the same by both",
                                     record_name(report.author)));
}

}  // namespace

void examine_dmarc(Report& report) {
  const DmarcStandard standard = report.config.dmarc == DmarcReading::rfc9989
                                     ? DmarcStandard::rfc9989
                                     : DmarcStandard::rfc7489;
  const DmarcVerdict& verdict = report.found.dmarc.by(standard);
  if (report.author.empty()) {
    return report.refuse_if(
        !report.is_bounce, Check::dmarc,
        {"alignment.unaligned",
         not_authorized,
         fmt::format("From has no domain to align with: {}", for_log(verdict.reason)),
         "let From name one address, or addresses of one domain",
         {}});
  }
  switch (verdict.status) {
    case DmarcStatus::pass:
      break;
    case DmarcStatus::none:
    case DmarcStatus::perm_error:
      report_unaligned(report, verdict, standard);
      report_missing(report, verdict);
      break;
    case DmarcStatus::fail:
      report_unaligned(report, verdict, standard);
      report_failure(report, verdict, standard);
      break;
    case DmarcStatus::temp_error:
      report.defer(
          Check::dmarc,
          {"alignment.dmarc-temporary", directory_unavailable,
           fmt::format("DMARC of {} is not known: {}", report.author, for_log(verdict.reason)),
           "let the name servers of that domain answer; the mail is tried again",
           report.look.against_dmarc(standard)});
      break;
  }
  report_difference(report);
}

}  // namespace icm::alignment
