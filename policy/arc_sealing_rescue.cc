// SPDX-License-Identifier: Apache-2.0
#include "policy/arc_sealing_rescue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "policy/auth/arc_seal.h"
#include "policy/base/text.h"
#include "policy/dmarc_prediction.h"
#include "policy/organization.h"
#include "policy/second_look.h"

namespace icm::arc_sealing {
namespace {

constexpr std::uint64_t longest_line = 998;  // RFC 5321 §4.5.3.1.6, without CRLF

// Why DMARC fails for a message that we hand on, and who can do something about it.
struct Cause {
  std::string_view rule;
  std::string evidence;
  std::string fix;
};

const MethodResult* result_of(const Facts& facts, std::string_view method) {
  if (facts.arrival == nullptr) return nullptr;
  const auto found = std::ranges::find(*facts.arrival, method, &MethodResult::method);
  return found == facts.arrival->end() ? nullptr : &*found;
}

bool is_aligned(std::string_view domain, const Facts& facts) {
  return is_same_organization(domain, facts.authentication->dmarc.author_domain, *facts.sources);
}

// A signature of the author's organization that passed when the message came in, and no more does.
const DkimResult* broken_here(const Facts& facts) {
  if (facts.arrival == nullptr) return nullptr;
  for (const DkimResult& now : facts.authentication->dkim) {
    const bool fails_now = now.status == DkimStatus::fail && is_aligned(now.domain, facts);
    if (!fails_now) continue;
    const bool passed = std::ranges::any_of(*facts.arrival, [&](const MethodResult& then) {
      return then.method == "dkim" && then.result == "pass" &&
             equal_ascii(then.property("header", "d"), now.domain) &&
             equal_ascii(then.property("header", "s"), now.selector);
    });
    if (passed) return &now;
  }
  return nullptr;
}

// The first signature of the author's organization, however it was judged.
const DkimResult* authors_signature(const Facts& facts) {
  const auto& all = facts.authentication->dkim;
  const auto found = std::ranges::find_if(
      all, [&](const DkimResult& each) { return is_aligned(each.domain, facts); });
  return found == all.end() ? nullptr : &*found;
}

std::string named(const DkimResult& signature) {
  return fmt::format("d={} s={}", for_log(signature.domain, 253), for_log(signature.selector, 63));
}

Cause cause_of(const Facts& facts) {
  const std::string author = for_log(facts.authentication->dmarc.author_domain, 253);
  if (const DkimResult* broken = broken_here(facts)) {
    return {"arc_sealing.dkim-broken",
            fmt::format("the signature {} passed when the mail came in and fails now ({}): it was "
                        "changed on this host",
                        named(*broken), for_log(broken->reason, 200)),
            "let nothing on this host change the subject or the body of mail that it forwards "
            "(footers, tags, virus scanners, re-encoding)"};
  }
  if (const MethodResult* then = result_of(facts, "dmarc"); then && then->result == "fail") {
    return {"arc_sealing.failed-before",
            fmt::format("it failed DMARC when it came in: {}", for_log(then->reason, 200)),
            "do not forward such mail (have port 25 refuse what fails the policy of its author)"};
  }
  if (const DkimResult* signature = authors_signature(facts)) {
    return {"arc_sealing.dkim-broken",
            fmt::format("the signature {} does not pass: {}", named(*signature),
                        for_log(signature->reason, 200)),
            facts.arrival != nullptr && !facts.arrival->empty()
                ? fmt::format("the postmaster of {} can mend it", author)
                : std::string("set arrival.covered to learn whether it was broken on this host")};
  }
  return {"arc_sealing.spf-only",
          fmt::format("no signature of {} is there, and SPF speaks of the envelope sender of the "
                      "host that hands the mail on",
                      author),
          fmt::format("the postmaster of {} has to sign with d={}; SRS does not help DMARC", author,
                      author)};
}

void set_wish(Finding& finding, Rescue rescue) {
  switch (rescue) {
    case Rescue::let_go:
      finding.weight = Weight::advice;
      return;
    case Rescue::hold:
      finding.wish = Disposition::quarantine;
      return;
    case Rescue::refuse:
      finding.wish = Disposition::reject;
      return;
  }
}

}  // namespace

std::optional<Finding> unmendable(const Facts& facts, const Config& config, Deadline deadline) {
  const DmarcStandard standard = config.alignment.dmarc == DmarcReading::rfc9989
                                     ? DmarcStandard::rfc9989
                                     : DmarcStandard::rfc7489;
  const DmarcResult& dmarc = facts.authentication->dmarc;
  const DmarcVerdict& verdict = dmarc.by(standard);
  const std::string prediction = dmarc_prediction(verdict, dmarc.author_domain);
  if (prediction.empty()) return std::nullopt;

  Cause cause = cause_of(facts);
  Finding finding;
  finding.rule = cause.rule;
  finding.evidence =
      fmt::format("no seal helps against p={} of {} where the sealer is not trusted; {}",
                  to_string(*verdict.policy), for_log(dmarc.author_domain, 253), cause.evidence);
  finding.fix = std::move(cause.fix);
  finding.prediction = prediction;
  set_wish(finding, config.arc_sealing.rescue);
  if (finding.weight == Weight::violation) {
    // RFC 3463 §3.8: delivery not authorized.
    finding.reply = {
        .code = 550,
        .enhanced = "5.7.1",
        .text = fmt::format("{}: {}; {}", finding.rule, finding.evidence, finding.fix)};
    SecondLook look(facts, config.authentication, deadline);
    look.dispute(finding, look.against_dmarc(standard));
  }
  return finding;
}

namespace {

// The first field that a mail server cuts or folds anew, which breaks what signs it; "" when none.
std::string overlong_field(const HeaderList& headers) {
  for (const std::string& name : sealed_fields(headers)) {
    for (const HeaderField& field : headers.all(name)) {
      std::size_t before = field.name.size() + 1;
      for (const std::string_view line : split(field.value, '\n')) {
        const std::size_t size = before + line.size() - (line.ends_with('\r') ? 1 : 0);
        if (size > longest_line) {
          return fmt::format("a line of {} has {} octets and will be broken in two",
                             for_log(field.name, 80), size);
        }
        before = 0;
      }
    }
  }
  return {};
}

}  // namespace

std::string breaks_on_the_way(const Facts& facts) {
  if (std::string field = overlong_field(facts.headers); !field.empty()) return field;
  const BodyFindings& body = facts.body;
  if (body.longest_line > longest_line) {
    return fmt::format("line {} of the body has {} octets and will be broken in two",
                       body.longest_line_at, body.longest_line);
  }
  if (body.bare_lf_at != 0) {
    return fmt::format("line {} of the body ends with LF alone and will get its CR",
                       body.bare_lf_at);
  }
  if (body.bare_cr_at != 0) {
    return fmt::format("line {} of the body has a CR without LF, which hosts replace",
                       body.bare_cr_at);
  }
  if (body.nul_at != 0) {
    return fmt::format("line {} of the body has a NUL octet, which hosts drop", body.nul_at);
  }
  // RFC 6152 §3: what was not declared as 8BITMIME is recoded or stripped by some.
  if (body.eight_bit_at != 0 && !facts.envelope.eight_bit_mime) {
    return fmt::format(
        "line {} of the body has octets above 127, and the envelope does not say "
        "BODY=8BITMIME",
        body.eight_bit_at);
  }
  return {};
}

}  // namespace icm::arc_sealing
