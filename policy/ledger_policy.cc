// SPDX-License-Identifier: Apache-2.0
#include "policy/ledger_policy.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/recipient_findings.h"
#include "policy/recipient_scopes.h"

namespace icm {
namespace {

std::string mail_of(const StreamConfig* stream) {
  return stream == nullptr ? "bulk mail" : "stream " + for_log(stream->name);
}

// RFC 3463 §3.8: x.7.1 is a delivery that we do not allow; the address works.
Finding refusal(const LedgerObjection& objection, const Mailbox& recipient) {
  Finding finding;
  finding.rule = objection.rule;
  finding.reply = {
      .code = 550,
      .enhanced = "5.7.1",
      .text = fmt::format("{}: {}; {}; the administrator may ask icloud-milterctl ledger show {}",
                          objection.rule, objection.evidence, objection.advice,
                          shell_word(recipient.text()))};
  finding.evidence = objection.evidence;
  finding.fix = objection.fix;
  finding.prediction = no_answer_known;
  return finding;
}

// A recipient with what speaks against it.
struct Objected {
  const Mailbox* recipient;
  LedgerObjection objection;
};

// Of each rule the first, in the order of the recipients.
Findings refusals(const std::vector<Objected>& objected) {
  Findings findings;
  for (const Objected& one : objected) {
    const auto is_said = [&](const Finding& finding) { return finding.rule == one.objection.rule; };
    if (std::ranges::none_of(findings, is_said))
      findings.push_back(refusal(one.objection, *one.recipient));
  }
  return findings;
}

Findings advice(const std::vector<Objected>& objected, std::size_t asked) {
  Findings findings;
  for (const Objected& first : objected) {
    const std::string_view rule = first.objection.rule;
    const auto is_said = [&](const Finding& finding) { return finding.rule == rule; };
    if (std::ranges::any_of(findings, is_said)) continue;
    std::vector<std::string> names;
    for (const Objected& one : objected) {
      if (one.objection.rule != rule) continue;
      names.push_back(
          fmt::format("{} ({})", for_log(one.recipient->text()), one.objection.evidence));
    }
    findings.push_back(advice_about(rule, std::move(names), asked));
  }
  return findings;
}

// What is forwarded is somebody else's mailing, and the forwarding address is the recipient's own
// wish. Where nobody knows how mail came, only a declared stream is ours for certain.
bool is_of_others(Origin origin, const StreamConfig* stream) {
  return origin == Origin::forwarded || (origin == Origin::unknown && stream == nullptr);
}

}  // namespace

const StreamConfig* LedgerPolicy::stream_named(std::string_view name) const {
  const auto found = std::ranges::find(streams_, name, &StreamConfig::name);
  return found == streams_.end() ? nullptr : &*found;
}

Result<Findings> LedgerPolicy::judge_recipient(const Envelope& envelope, const Recipient& recipient,
                                               WallTime now, Deadline deadline) const {
  if (ledger_ == nullptr || !recipient.is_apple || !recipient.mailbox) return Findings{};
  const StreamConfig* stream = stream_at_rcpt(streams_, envelope);
  if (stream == nullptr || stream->kind != StreamKind::bulk || !concerns(stream)) return Findings{};
  ICM_TRY(const Standing standing,
          ledger_->find(*recipient.mailbox, scopes_at_rcpt(streams_, envelope), deadline));
  const auto found = objection({.recipient = *recipient.mailbox,
                                .stream = stream,
                                .mail = mail_of(stream),
                                .standing = standing,
                                .now = now});
  if (!found) return Findings{};
  return Findings{refusal(*found, *recipient.mailbox)};
}

Result<Findings> LedgerPolicy::judge(const Facts& facts, Deadline deadline) const {
  if (ledger_ == nullptr || !facts.classification.is_bulk()) return Findings{};
  const StreamConfig* stream = stream_named(facts.classification.stream);
  const StreamConfig* judged_before = stream_at_rcpt(streams_, facts.envelope);
  if (stream != nullptr && stream == judged_before) return Findings{};
  if (!concerns(stream) || is_of_others(facts.envelope.origin, stream)) return Findings{};
  const std::vector<std::string> scopes = scopes_of_header(streams_, facts);
  std::vector<Objected> objected;
  std::size_t asked = 0;
  for (const Recipient& recipient : facts.envelope.recipients) {
    if (!recipient.is_apple || !recipient.mailbox) continue;
    ++asked;
    ICM_TRY(const Standing standing, ledger_->find(*recipient.mailbox, scopes, deadline));
    auto found = objection({.recipient = *recipient.mailbox,
                            .stream = stream,
                            .mail = mail_of(stream),
                            .standing = standing,
                            .now = facts.now});
    if (found) objected.push_back({&*recipient.mailbox, *std::move(found)});
  }
  return objected.size() == asked ? refusals(objected) : advice(objected, asked);
}

}  // namespace icm
