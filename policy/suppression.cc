// SPDX-License-Identifier: Apache-2.0
//
// suppression: addresses that unsubscribed, complained, or that Apple told us are gone are not
// tried again. The list is asked per recipient at RCPT; what only the header can tell (a stream
// recognised by From or a mark, a List-Id) is asked at the end of the message.
#include <algorithm>
#include <memory>
#include <string>

#include "policy/base/text.h"
#include "policy/policy.h"
#include "policy/policy_set.h"
#include "policy/recipient_findings.h"
#include "policy/recipient_scopes.h"
#include "policy/store/store.h"

namespace icm {
namespace {

constexpr std::size_t source_shown = 60;  // octets: a reply line has room for 512 in all

std::string_view rule_of(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::unsubscribe:
      return "suppression.unsubscribe";
    case SuppressionReason::complaint:
      return "suppression.complaint";
    case SuppressionReason::hard_bounce:
      return "suppression.hard-bounce";
    case SuppressionReason::relay_off:
      return "suppression.relay-off";
    case SuppressionReason::suspended:
      return "suppression.suspended";
    case SuppressionReason::manual:
      return "suppression.manual";
    case SuppressionReason::erasure:
      return "suppression.erasure";
  }
  return "suppression.manual";
}

// RFC 3463 §3.2: x.1.1 is "bad destination mailbox address", from which the sender's own bounce
// handling strikes the address, as it should for one that is gone; x.2.1 is a mailbox that is
// disabled, perhaps not for good. §3.8: x.7.1 is a delivery that we do not allow; the address
// works.
std::string_view enhanced_code(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::hard_bounce:
    case SuppressionReason::relay_off:
      return "5.1.1";
    case SuppressionReason::suspended:
      return "5.2.1";
    case SuppressionReason::unsubscribe:
    case SuppressionReason::complaint:
    case SuppressionReason::manual:
    case SuppressionReason::erasure:
      return "5.7.1";
  }
  return "5.7.1";
}

// "from stream news": what the entry is about when it is not about everything.
std::string about(const Suppression& entry, std::string_view preposition) {
  const std::size_t colon = entry.scope.find(':');
  if (colon == std::string::npos) return {};
  return fmt::format(" {} {} {}", preposition, entry.scope.substr(0, colon),
                     for_log(entry.scope.substr(colon + 1)));
}

// What happened and since when, in words that fit behind "recipient: ".
std::string what_happened(const Suppression& entry) {
  // Unknown when the store is away and the list's digest in memory stands in for it.
  const std::string since =
      entry.created == WallTime{} ? std::string() : " on " + day(entry.created);
  switch (entry.reason) {
    case SuppressionReason::unsubscribe:
      return fmt::format("unsubscribed{}{}", about(entry, "from"), since);
    case SuppressionReason::complaint:
      return fmt::format("reported our mail{} as spam{}", about(entry, "of"), since);
    case SuppressionReason::hard_bounce:
      return fmt::format("the address is gone, Apple said so{}", since);
    case SuppressionReason::relay_off:
      return fmt::format("the relay address was switched off{}", since);
    case SuppressionReason::suspended:
      return fmt::format("the mailbox is inactive or full, suspended{}", since);
    case SuppressionReason::manual:
      return fmt::format("suppressed by the administrator{}{}", about(entry, "for"), since);
    // That somebody asked to be forgotten, and when, is part of what has to be forgotten.
    case SuppressionReason::erasure:
      return "takes no mail from this system";
  }
  return {};
}

std::string evidence(const Suppression& entry) {
  std::string words = what_happened(entry);
  if (entry.reason == SuppressionReason::erasure) return words;
  if (entry.expires) words += fmt::format(" until {}", day(*entry.expires));
  return words + fmt::format(", source {}", for_log(entry.source, source_shown));
}

std::string_view prediction(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::hard_bounce:
      return "550 5.1.1 user does not exist";
    case SuppressionReason::relay_off:
      return "550 5.1.1 user not found";
    case SuppressionReason::suspended:
      return "550 5.1.1 inactive email address, or 552 5.2.2 user is over quota";
    case SuppressionReason::unsubscribe:
    case SuppressionReason::complaint:
    case SuppressionReason::manual:
    case SuppressionReason::erasure:
      return {};
  }
  return {};
}

// Always the recipient as it was named, never the sibling or the list it was found by.
std::string fix(const Recipient& recipient) {
  return fmt::format("icloud-milterctl suppress show {}", shell_word(recipient.mailbox->text()));
}

// The reply to the sender. An erasure is not named: the rule's own word would tell of the request.
SmtpReply refusal(const Suppression& entry, const Recipient& recipient) {
  const bool is_erasure = entry.reason == SuppressionReason::erasure;
  return {.code = 550,
          .enhanced = std::string(enhanced_code(entry.reason)),
          .text = fmt::format("{}: {}; do not send to it again; the administrator may ask {}",
                              is_erasure ? "suppression" : rule_of(entry.reason), evidence(entry),
                              fix(recipient))};
}

Finding finding_of(const Suppression& entry, const Recipient& recipient) {
  Finding finding;
  finding.rule = rule_of(entry.reason);
  finding.reply = refusal(entry, recipient);
  finding.evidence = evidence(entry);
  if (!entry.note.empty() && entry.reason != SuppressionReason::erasure) {
    finding.evidence += fmt::format(": {}", entry.note);
  }
  finding.fix = fix(recipient);
  finding.prediction = prediction(entry.reason);
  return finding;
}

// The first entry of each reason: they are sorted, and a reason is one rule.
std::vector<Suppression> one_of_each_reason(std::vector<Suppression> entries) {
  std::vector<Suppression> firsts;
  for (Suppression& entry : entries) {
    const auto has_its_reason = [&](const Suppression& first) {
      return first.reason == entry.reason;
    };
    if (std::ranges::none_of(firsts, has_its_reason)) firsts.push_back(std::move(entry));
  }
  return firsts;
}

// A recipient with what the list says about it.
struct Hit {
  const Recipient* recipient;
  Suppression entry;
};

// A receipt that carries the field of a list is still a receipt: who left the list did not mean it.
// Only a declared stream is believed to be transactional, and only a list is passed: not what was
// said of all our mail or of the stream itself, and never a bounce or a complaint.
bool may_pass(const Suppression& entry, const Classification& classification) {
  return classification.mail_class == MailClass::transactional &&
         entry.reason == SuppressionReason::unsubscribe && entry.scope.starts_with("list:");
}

class SuppressionPolicy final : public Policy {
 public:
  SuppressionPolicy(const Config& config, const PolicyMeans& means)
      : streams_(config.streams),
        siblings_(config.suppression.siblings),
        list_(means.suppression) {}

  std::string_view name() const override { return "suppression"; }

  Result<Findings> judge_recipient(const Envelope& envelope, const Recipient& recipient,
                                   WallTime now, Deadline deadline) const override {
    if (!recipient.is_apple || !recipient.mailbox) return Findings{};
    ICM_TRY(auto entries, list_.find(*recipient.mailbox, scopes_at_rcpt(streams_, envelope),
                                     siblings_, now, deadline));
    Findings findings;
    for (const Suppression& entry : one_of_each_reason(std::move(entries))) {
      findings.push_back(finding_of(entry, recipient));
    }
    return findings;
  }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    const std::vector<std::string> scopes = scopes_of_header(streams_, facts);
    if (scopes.empty()) return Findings{};
    std::vector<Hit> hits;
    std::size_t asked = 0;
    std::size_t suppressed = 0;
    for (const Recipient& recipient : facts.envelope.recipients) {
      if (!recipient.is_apple || !recipient.mailbox) continue;
      ++asked;
      ICM_TRY(auto entries, list_.find(*recipient.mailbox, scopes, siblings_, facts.now, deadline));
      std::erase_if(entries, [&](const Suppression& entry) {
        return entry.scope == "global" || may_pass(entry, facts.classification);
      });
      if (!entries.empty()) ++suppressed;
      for (Suppression& entry : one_of_each_reason(std::move(entries))) {
        hits.push_back({&recipient, std::move(entry)});
      }
    }
    if (suppressed == asked) return refusals(hits);
    return advice(hits, asked);
  }

 private:
  // Everybody it was meant for is suppressed: the message as a whole can be refused.
  static Findings refusals(const std::vector<Hit>& hits) {
    Findings findings;
    for (const Hit& hit : hits) {
      const std::string_view rule = rule_of(hit.entry.reason);
      const auto is_said = [&](const Finding& finding) { return finding.rule == rule; };
      if (std::ranges::none_of(findings, is_said))
        findings.push_back(finding_of(hit.entry, *hit.recipient));
    }
    return findings;
  }

  // A refusal at the end of the message would bounce it for those too who want it.
  static Findings advice(const std::vector<Hit>& hits, std::size_t asked) {
    Findings findings;
    for (const SuppressionReason reason : all_suppression_reasons) {
      std::vector<std::string> names;
      for (const Hit& hit : hits) {
        if (hit.entry.reason != reason) continue;
        names.push_back(
            fmt::format("{} ({})", for_log(hit.recipient->mailbox->text()), evidence(hit.entry)));
      }
      if (names.empty()) continue;
      findings.push_back(advice_about(rule_of(reason), std::move(names), asked));
    }
    return findings;
  }

  const std::vector<StreamConfig>& streams_;
  bool siblings_;
  const SuppressionList& list_;
};

}  // namespace

std::unique_ptr<Policy> make_suppression(const Config& config, const PolicyMeans& means) {
  return std::make_unique<SuppressionPolicy>(config, means);
}

}  // namespace icm
