// SPDX-License-Identifier: Apache-2.0
//
// How single findings become one Verdict.
#include "policy/verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {

bool acts(const Judged& judged) {
  return judged.finding.weight != Weight::advice && judged.mode == Mode::enforce &&
         judged.held_back.empty();
}

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::accept:
      return "accept";
    case Disposition::tag:
      return "tag";
    case Disposition::quarantine:
      return "quarantine";
    case Disposition::defer:
      return "defer";
    case Disposition::reject:
      return "reject";
  }
  return "invalid";
}

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::off:
      return "off";
    case Mode::observe:
      return "observe";
    case Mode::enforce:
      return "enforce";
  }
  return "invalid";
}

std::string_view to_string(Weight weight) {
  switch (weight) {
    case Weight::advice:
      return "advice";
    case Weight::service:
      return "service";
    case Weight::violation:
      return "violation";
  }
  return "invalid";
}

SmtpReply as_temporary(const SmtpReply& reply) {
  if (reply.code >= 400 && reply.code < 500) return reply;
  SmtpReply temporary = reply;
  // RFC 5321 §4.2.3: 452 is what 552 (storage) was before it was final; 451 is "local error in
  // processing", the only other one that says nothing about the mailbox.
  temporary.code = reply.code == 552 ? 452 : 451;
  // RFC 3463 §2: the class digit alone tells a persistent transient failure from a permanent one.
  if (temporary.enhanced.starts_with("5.")) {
    temporary.enhanced[0] = '4';
  } else if (!temporary.enhanced.starts_with("4.")) {
    temporary.enhanced = "4.0.0";
  }
  return temporary;
}

Verdict combine(std::vector<Judged> findings) {
  Verdict verdict;
  const Judged* strongest = nullptr;
  for (const Judged& judged : findings) {
    if (!acts(judged)) continue;
    if (strongest == nullptr || judged.effect > strongest->effect) strongest = &judged;
    const bool is_service = judged.finding.weight == Weight::service;
    verdict.headers.insert(is_service ? verdict.headers.begin() : verdict.headers.end(),
                           judged.finding.headers.begin(), judged.finding.headers.end());
  }
  if (strongest != nullptr && strongest->effect != Disposition::accept) {
    const Finding& finding = strongest->finding;
    verdict.disposition = strongest->effect;
    verdict.policy = strongest->policy;
    verdict.rule = finding.rule;
    if (verdict.disposition == Disposition::reject) verdict.reply = finding.reply;
    if (verdict.disposition == Disposition::defer) verdict.reply = as_temporary(finding.reply);
    if (verdict.disposition == Disposition::quarantine) {
      verdict.quarantine_reason = fmt::format("{}: {}", finding.rule, for_log(finding.evidence));
    }
  }
  if (verdict.disposition >= Disposition::defer) verdict.headers.clear();
  verdict.findings = std::move(findings);
  return verdict;
}

}  // namespace icm
