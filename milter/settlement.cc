// SPDX-License-Identifier: Apache-2.0
#include "milter/settlement.h"

#include <algorithm>

namespace icm {
namespace {

// What a recipient's verdict contributes to the message's. Its findings stay out: they were logged
// when RCPT was answered, and whoever counts the log would count them twice.
void take_over(Verdict& message, const Verdict& recipient) {
  message.disposition = recipient.disposition;
  message.reply = recipient.reply;
  message.quarantine_reason = recipient.quarantine_reason;
  message.policy = recipient.policy;
  message.rule = recipient.rule;
  if (message.disposition >= Disposition::defer) message.headers.clear();
}

void remove(Settlement& settlement, const AppleRecipient& recipient) {
  settlement.removed.push_back(recipient.index);
  settlement.deletions.push_back(recipient.argument);
}

// Everybody gets the message: what would have been done is told, not done.
void hold_back(Verdict& message) {
  for (Judged& judged : message.findings) {
    if (judged.effect == Disposition::accept || judged.effect == Disposition::tag) continue;
    judged.effect = Disposition::accept;
    judged.held_back = "direct.mixed keep";
  }
  message.disposition = Disposition::accept;
  message.reply = {};
  message.quarantine_reason.clear();
  message.policy = {};
  message.rule = {};
}

}  // namespace

Settlement settle(Verdict message, const std::vector<AppleRecipient>& apple,
                  const Envelope& envelope, MixedRefusal mixed) {
  Settlement settlement{.verdict = std::move(message), .removed = {}, .deletions = {}};
  Verdict& verdict = settlement.verdict;
  const bool has_others = apple.size() < envelope.recipients.size();
  if (has_others && mixed == MixedRefusal::keep && verdict.disposition >= Disposition::quarantine) {
    hold_back(verdict);
  }
  const auto is = [](Disposition disposition) {
    return [disposition](const AppleRecipient& recipient) {
      return recipient.verdict.disposition == disposition;
    };
  };
  const auto deferred = std::ranges::find_if(apple, is(Disposition::defer));
  if (verdict.disposition < Disposition::defer && deferred != apple.end()) {
    take_over(verdict, deferred->verdict);
  }
  if (verdict.disposition == Disposition::defer) return settlement;

  if (verdict.disposition == Disposition::reject) {
    if (has_others) std::ranges::for_each(apple, [&](const auto& r) { remove(settlement, r); });
    return settlement;
  }
  const auto held = std::ranges::find_if(apple, is(Disposition::quarantine));
  if (verdict.disposition < Disposition::quarantine && held != apple.end()) {
    take_over(verdict, held->verdict);
  }
  const auto refused = std::ranges::find_if(apple, is(Disposition::reject));
  const bool are_all_refused = !has_others && std::ranges::all_of(apple, is(Disposition::reject));
  if (are_all_refused && refused != apple.end()) {
    take_over(verdict, refused->verdict);
    return settlement;
  }
  for (const AppleRecipient& recipient : apple) {
    if (recipient.verdict.disposition == Disposition::reject) remove(settlement, recipient);
  }
  return settlement;
}

}  // namespace icm
