// SPDX-License-Identifier: Apache-2.0
//
// Findings → Judged → Verdict.
#include "policy/engine.h"

#include <algorithm>
#include <cstdint>

#include "policy/base/text.h"
#include "policy/exemption.h"

namespace icm {
namespace {

// FNV-1a: the same on every machine and in every version, which std::hash does not promise.
class Fnv {
 public:
  void add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(0);  // so that "a" + "bc" and "ab" + "c" differ
  }
  int bucket() const { return static_cast<int>((hash_ ^ (hash_ >> 32)) % 100); }

 private:
  void step(unsigned char octet) { hash_ = (hash_ ^ octet) * 0x100000001b3u; }
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

// What is judged: one message, or one recipient before there is a header.
struct Subject {
  Origin origin;
  WallTime now;
  const Envelope& envelope;
  const Recipient* recipient = nullptr;  // set at RCPT
  const HeaderList* headers = nullptr;   // set at the end of the message

  int bucket() const {
    return headers != nullptr ? canary_bucket(*headers) : canary_bucket(envelope, *recipient);
  }
};

std::string_view without_policy(std::string_view rule, std::string_view policy) {
  if (rule.size() > policy.size() && rule.starts_with(policy) && rule[policy.size()] == '.') {
    rule.remove_prefix(policy.size() + 1);
  }
  return rule;
}

Mode mode_of(const ConfiguredPolicy& configured, std::string_view rule) {
  const auto& rules = configured.settings->rules;
  if (!rules.empty()) {
    const auto found = rules.find(std::string(without_policy(rule, configured.policy->name())));
    if (found != rules.end()) return found->second;
  }
  return configured.settings->mode;
}

bool applies_to(const PolicyConfig& settings, Origin origin) {
  return std::ranges::find(settings.origins, origin) != settings.origins.end();
}

// Why a finding that would be enforced is not; empty when nothing speaks against it. `mode` becomes
// observe when the whole class of mail is only observed.
std::string held_back(const PolicyConfig& settings, const Subject& subject, Mode& mode) {
  if (mode == Mode::observe) return "mode observe";
  const int bucket = settings.percent < 100 ? subject.bucket() : 0;
  Exemption exemption = exemption_of(settings, subject.origin, subject.now, bucket);
  if (exemption.is_of_all) mode = Mode::observe;
  return std::move(exemption.why);
}

HeaderEdit tag_of(const Finding& finding) {
  return {.kind = HeaderEdit::Kind::insert,
          .name = std::string(tag_field),
          .value = fmt::format("{};\r\n {}", finding.rule, for_log(finding.evidence, 120))};
}

// A refusal needs words, also when the policy gave none.
void complete_reply(Finding& finding) {
  if (finding.reply.code != 0) return;
  finding.reply = {.code = 550,
                   .enhanced = "5.7.1",
                   .text = fmt::format("{}: {}", finding.rule, finding.evidence)};
  if (!finding.fix.empty()) finding.reply.text += fmt::format("; {}", finding.fix);
}

// What a violation asks for in mode enforce, percent and until aside.
Disposition asked_for(const Finding& finding, const PolicyConfig& settings,
                      const Subject& subject) {
  if (!applies_to(settings, subject.origin)) return Disposition::accept;
  const Disposition asked = finding.wish.value_or(settings.action);
  if (subject.recipient == nullptr) return asked;
  if (asked == Disposition::quarantine) return Disposition::defer;
  if (asked == Disposition::tag) return Disposition::accept;
  return asked;
}

// Lets a violation that nothing holds back do what it asks for.
void set_effect(Judged& judged, const PolicyConfig& settings, const Subject& subject) {
  Finding& finding = judged.finding;
  judged.effect = judged.would;
  if (subject.recipient != nullptr) {
    finding.headers.clear();
    if (finding.wish.value_or(settings.action) == Disposition::tag) {
      judged.held_back = "a single recipient cannot be tagged";
    }
  }
  if (judged.effect == Disposition::tag) finding.headers.push_back(tag_of(finding));
  if (judged.effect >= Disposition::defer) complete_reply(finding);
}

void judge_finding(const ConfiguredPolicy& configured, Finding finding, const Subject& subject,
                   std::vector<Judged>& judged) {
  Judged result{.finding = std::move(finding),
                .policy = configured.policy->name(),
                .mode = Mode::observe,
                .effect = Disposition::accept,
                .held_back = {}};
  result.mode = mode_of(configured, result.finding.rule);
  if (result.mode == Mode::off) return;
  if (result.finding.weight != Weight::advice) {
    const bool is_violation = result.finding.weight == Weight::violation;
    const bool is_disputed = !result.finding.disputed.empty();
    if (is_violation && !is_disputed) {
      result.would = asked_for(result.finding, *configured.settings, subject);
    }
    result.held_back = held_back(*configured.settings, subject, result.mode);
    if (result.held_back.empty() && is_disputed) {
      result.held_back = "disputed: " + result.finding.disputed;
    }
    if (is_violation && result.held_back.empty()) {
      set_effect(result, *configured.settings, subject);
    }
  }
  judged.push_back(std::move(result));
}

// The reply does not quote the Error: paths and host names of ours are for the log.
void judge_error(const ConfiguredPolicy& configured, const Error& error, const Subject& subject,
                 std::vector<Judged>& judged) {
  Finding finding;
  finding.rule = configured.error_rule;
  finding.evidence = error.text;
  finding.fix = fmt::format("mend what is named; {}.on_error says what becomes of such mail",
                            configured.policy->name());
  finding.reply = {.code = 451,
                   .enhanced = "4.3.0",
                   .text = fmt::format("{}: this mail could not be judged now; try again later",
                                       configured.error_rule)};
  if (configured.settings->on_error == OnError::defer) {
    finding.wish = Disposition::defer;
    judge_finding(configured, std::move(finding), subject, judged);
    return;
  }
  const Mode mode = mode_of(configured, finding.rule);
  if (mode == Mode::off) return;
  judged.push_back({.finding = std::move(finding),
                    .policy = configured.policy->name(),
                    .mode = mode,
                    .effect = Disposition::accept,
                    .held_back = "on_error accept"});
}

bool has_reject(const std::vector<Judged>& judged) {
  return std::ranges::any_of(judged,
                             [](const Judged& one) { return one.effect == Disposition::reject; });
}

// `ask` puts the question to one policy: Result<Findings>(const Policy&).
template <class Ask>
std::vector<Judged> judge_by(const std::vector<ConfiguredPolicy>& policies, const Subject& subject,
                             Deadline deadline, Ask ask) {
  std::vector<Judged> judged;
  for (const ConfiguredPolicy& configured : policies) {
    const bool rejected = has_reject(judged);
    if (rejected && configured.settings->mode == Mode::enforce) continue;
    if (deadline.passed()) {
      if (rejected) break;
      judge_error(configured, {Code::temporary, "out of time"}, subject, judged);
      continue;
    }
    Result<Findings> findings = ask(*configured.policy);
    if (!findings) {
      judge_error(configured, findings.error(), subject, judged);
      continue;
    }
    for (Finding& finding : *findings) {
      judge_finding(configured, std::move(finding), subject, judged);
    }
  }
  return judged;
}

bool goes_on(const std::vector<Judged>& judged) {
  return std::ranges::none_of(judged,
                              [](const Judged& one) { return one.effect >= Disposition::defer; });
}

// Whoever was out of time has been told of; to count takes none.
Deadline never() { return Deadline(Deadline::Time::time_point::max()); }

// The header edits of services, made now that the mail is known to go on. A service that fails is
// an error of its policy.
void serve(const std::vector<ConfiguredPolicy>& policies, const Facts& facts,
           const Subject& subject, Deadline deadline, std::vector<Judged>& judged) {
  for (const ConfiguredPolicy& configured : policies) {
    const auto service = std::ranges::find_if(judged, [&](const Judged& one) {
      return one.policy == configured.policy->name() && one.finding.weight == Weight::service &&
             acts(one);
    });
    if (service == judged.end()) continue;
    if (!goes_on(judged)) {
      service->held_back = "the mail does not go on";
      continue;
    }
    auto edits = configured.policy->serve(facts, deadline);
    if (edits) {
      service->finding.headers = *std::move(edits);
    } else {
      service->held_back = edits.error().text;
      judge_error(configured, edits.error(), subject, judged);
    }
  }
}

}  // namespace

Verdict Engine::judge_recipient(const Envelope& envelope, const Recipient& recipient, WallTime now,
                                Deadline deadline, Charges* charges) const {
  const Subject subject{
      .origin = envelope.origin, .now = now, .envelope = envelope, .recipient = &recipient};
  auto judged = judge_by(policies_.policies(), subject, deadline, [&](const Policy& policy) {
    return policy.judge_recipient(envelope, recipient, now, deadline);
  });
  if (charges != nullptr && goes_on(judged)) {
    auto admitted = judge_by(policies_.policies(), subject, never(), [&](const Policy& policy) {
      return policy.admit(envelope, recipient, now, deadline, *charges);
    });
    std::ranges::move(admitted, std::back_inserter(judged));
  }
  return combine(std::move(judged));
}

void Engine::prefetch(const Envelope& envelope, const SpfQuestions& questions,
                      AuthSources& sources) const {
  for (const ConfiguredPolicy& configured : policies_.policies()) {
    configured.policy->prefetch(envelope, questions, sources);
  }
}

Verdict Engine::judge(const Facts& facts, Deadline deadline, Charges* charges) const {
  const Subject subject{.origin = facts.envelope.origin,
                        .now = facts.now,
                        .envelope = facts.envelope,
                        .headers = &facts.headers};
  auto judged = judge_by(policies_.policies(), subject, deadline,
                         [&](const Policy& policy) { return policy.judge(facts, deadline); });
  if (charges != nullptr && goes_on(judged)) {
    auto admitted = judge_by(policies_.policies(), subject, never(), [&](const Policy& policy) {
      return policy.admit_message(facts, deadline, *charges);
    });
    std::ranges::move(admitted, std::back_inserter(judged));
  }
  serve(policies_.policies(), facts, subject, deadline, judged);
  return combine(std::move(judged));
}

int canary_bucket(const HeaderList& headers) {
  Fnv hash;
  if (const std::string message_id = headers.text("Message-ID"); !message_id.empty()) {
    hash.add(message_id);
  } else {
    for (const std::string_view name : {"From", "Date", "Subject"}) hash.add(headers.text(name));
  }
  return hash.bucket();
}

int canary_bucket(const Envelope& envelope, const Recipient& recipient) {
  Fnv hash;
  hash.add(envelope.reverse_path.text);
  hash.add(recipient.mailbox ? recipient.mailbox->key() : recipient.text);
  return hash.bucket();
}

}  // namespace icm
