// SPDX-License-Identifier: Apache-2.0
//
// throttle: no faster than agreed, little from a new address, less while Apple says so. Recipients
// are counted when everything else lets them go on, so that refused mail costs nothing.
#include "policy/throttle.h"

#include <algorithm>
#include <memory>

#include "policy/base/domain.h"
#include "policy/base/keyed_hash.h"
#include "policy/base/text.h"
#include "policy/engine.h"
#include "policy/exemption.h"
#include "policy/mailing_words.h"
#include "policy/policy.h"
#include "policy/policy_set.h"
#include "policy/store/rate_counter.h"
#include "policy/throttle_plan.h"
#include "policy/throttle_report.h"

namespace icm {
namespace {

// Public, since it has to be the same on every machine: it tells mail apart, and guards nothing.
const KeyedHash& form_hash() {
  static const KeyedHash hash({0x69636d2d666f726d, 0x6d61696c2d303031});
  return hash;
}

class ThrottlePolicy final : public Policy {
 public:
  // `config` outlives it.
  ThrottlePolicy(const Config& config, const PolicyMeans& means)
      : settings_(config.throttle),
        plan_(config),
        limiter_(means.limiter),
        backoffs_(means.backoffs) {}

  std::string_view name() const override { return "throttle"; }

  Result<Findings> admit(const Envelope& envelope, const Recipient& recipient, WallTime now,
                         Deadline deadline, Charges& charges) const override {
    ICM_TRY(const auto backoffs, known_backoffs());
    const StreamConfig* stream = plan_.stream_at_rcpt(envelope);
    Findings findings = held(envelope, stream, *backoffs, now);
    if (limiter_ == nullptr || would_defer(findings)) return findings;
    auto planned =
        plan_.charges(envelope, recipient, stream, charges.is_message_paid(), *backoffs, now);
    if (charges.have_one_answer()) settle_owed(charges, planned);
    const Asker asker{.claim = throttle_claim(envelope, recipient),
                      .way = way_of(envelope.origin, now, canary_bucket(envelope, recipient)),
                      .now = now,
                      .deadline = deadline};
    // Where nothing was taken, the next recipient is asked for what is the message's, too.
    ICM_TRY(std::vector<Paid> paid, take_all(planned, asker, findings));
    for (Paid& group : paid) {
      charges.pay_message(*limiter_, std::move(group.message));
      charges.pay_recipient(envelope.recipients.size(), *limiter_, std::move(group.recipient));
    }
    return findings;
  }

  // A stream that shows by its header, by its author or by arrival's word is held to its own limits
  // now. What the message took as that of another is given back first: whoever takes it meanwhile
  // keeps this one waiting, and no limit is passed.
  Result<Findings> admit_message(const Facts& facts, Deadline deadline,
                                 Charges& charges) const override {
    const StreamConfig* stream = plan_.stream_named(facts.classification.stream);
    if (stream == plan_.stream_at_rcpt(facts.envelope)) return Findings{};
    ICM_TRY(const auto backoffs, known_backoffs());
    Findings findings;
    add_pause(stream, *backoffs, facts.now, findings);
    if (limiter_ == nullptr || would_defer(findings)) return findings;
    const auto planned = plan_.charges(facts.envelope, stream, *backoffs, facts.now);
    if (planned.empty()) return findings;
    charges.return_all();
    const auto& recipients = facts.envelope.recipients;
    auto first = std::ranges::find_if(recipients, &Recipient::is_apple);
    if (first == recipients.end()) first = recipients.begin();
    const Asker asker{.claim = throttle_claim(facts.envelope, *first),
                      .way = way_of(facts.envelope.origin, facts.now, canary_bucket(facts.headers)),
                      .now = facts.now,
                      .deadline = deadline};
    ICM_TRY(std::vector<Paid> paid, take_all(planned, asker, findings));
    for (Paid& group : paid) {
      charges.pay_message(*limiter_, std::move(group.message));
      charges.pay_message(*limiter_, std::move(group.recipient));
    }
    return findings;
  }

  // What only the header tells: who the author is, and which form the mail has.
  Result<Findings> judge(const Facts& facts, Deadline) const override {
    ICM_TRY(const auto backoffs, known_backoffs());
    Findings findings;
    if (backoffs->all().empty() || !facts.authors) return findings;
    const std::string who = submitter_word(facts.envelope.login, facts.classification.stream,
                                           to_string(facts.envelope.origin));
    const auto held = [&](BackoffKind kind, const std::string& subject) {
      const Backoff* hold = backoffs->find(kind, subject, facts.now);
      return hold != nullptr ? hold : backoffs->find(kind, subject + who, facts.now);
    };
    for (const Address& author : *facts.authors) {
      const auto domain = Domain::parse(author.domain);
      if (!domain) continue;
      const Backoff* hold = held(BackoffKind::from_domain, domain->text());
      if (hold == nullptr) continue;
      findings.push_back(held_domain(*hold, facts.now));
      break;
    }
    if (!backoffs->has(BackoffKind::mail_template) || facts.authors->empty()) return findings;
    const std::string form =
        mail_form(facts.authors->front().text(), facts.headers.text("Subject"));
    const Backoff* stopped = held(BackoffKind::mail_template, form);
    if (stopped != nullptr) findings.push_back(stopped_template(*stopped, facts.now));
    return findings;
  }

 private:
  // What one group of limits granted: each receipt goes back to who wrote it.
  struct Paid {
    RateReceipt message;
    RateReceipt recipient;
  };
  // What becomes of mail that what is enforced has no room for.
  enum class Way {
    waits,     // it comes again
    observed,  // it goes, as all mail does now: what is enforced is only observed
    passes,    // it goes beside mail that waits, of which it takes nothing
  };
  struct Asker {
    std::uint64_t claim = 0;
    Way way = Way::waits;
    WallTime now{};
    Deadline deadline;
  };

  // What Apple asked for may not be passed over because nobody could be asked for it.
  Result<std::shared_ptr<const Backoffs>> known_backoffs() const {
    static const auto none = std::make_shared<const Backoffs>();
    if (backoffs_ == nullptr) return none;
    auto known = backoffs_->now();
    if (known != nullptr) return known;
    if (settings_.on_error == OnError::accept) return none;
    return fail(Code::temporary,
                "it is not known what is paused, since the store has not answered yet");
  }

  Way way_of(Origin origin, WallTime now, int bucket) const {
    if (exemption_of(settings_, origin, now, bucket).why.empty()) return Way::waits;
    return settings_.until && now >= *settings_.until ? Way::observed : Way::passes;
  }

  // A pause that lets a message go now and then is one until the first, and a limit afterwards.
  void add_pause(const StreamConfig* stream, const Backoffs& backoffs, WallTime now,
                 Findings& findings) const {
    auto paused = backoff_of(BackoffKind::pause, plan_.egress_of(stream), backoffs, now);
    if (!paused) return;
    const auto probe = first_probe(*paused);
    if (probe && limiter_ != nullptr) {
      if (now >= *probe) return;
      paused->until = probe;
    }
    findings.push_back(paused_way(*paused, now));
  }

  // What holds whatever the limits say.
  Findings held(const Envelope& envelope, const StreamConfig* stream, const Backoffs& backoffs,
                WallTime now) const {
    Findings findings;
    if (backoffs.all().empty()) return findings;
    add_pause(stream, backoffs, now, findings);
    const auto& sender = envelope.reverse_path.mailbox;
    if (!sender) return findings;
    const Backoff* domain = backoffs.find(BackoffKind::from_domain, sender->domain().text(), now);
    if (domain != nullptr) findings.push_back(held_domain(*domain, now));
    return findings;
  }

  bool would_defer(const Findings& findings) const {
    return std::ranges::any_of(
        findings, [&](const Finding& one) { return plan_.mode_of(one.rule) == Mode::enforce; });
  }

  // A message whose recipients share one answer, and that has taken all a limit lets go at once,
  // would have to wait for ever: the rest of it is counted as well, and goes.
  static void settle_owed(const Charges& charges, std::vector<PlannedCharge>& planned) {
    for (PlannedCharge& one : planned) {
      const RateCharge& charge = one.charge;
      const std::uint32_t held = charges.units_of(charge.limit.counter);
      const std::uint32_t at_once =
          charge.limit.burst == 0 ? charge.limit.amount : charge.limit.burst;
      one.charge.is_owed = held >= share_of(at_once, charge.share);
    }
  }

  // What is only observed must not keep what is enforced from being counted, nor the other way: nor
  // when it cannot be asked, which the limiter tells of.
  Result<std::vector<Paid>> take_all(const std::vector<PlannedCharge>& planned, const Asker& asker,
                                     Findings& findings) const {
    std::vector<Paid> paid;
    for (const Mode mode : {Mode::enforce, Mode::observe}) {
      std::vector<PlannedCharge> group;
      std::ranges::copy_if(planned, std::back_inserter(group), [&](const PlannedCharge& one) {
        return plan_.mode_of(one.rule) == mode;
      });
      if (group.empty()) continue;
      const auto taken = mode == Mode::enforce && asker.way == Way::passes
                             ? look(group, asker)
                             : take(group, mode, asker, paid);
      if (!taken && paid.empty()) return tl::make_unexpected(taken.error());
      if (!taken || !*taken) continue;
      findings.push_back(**taken);
      if (mode == Mode::enforce && asker.way == Way::waits) break;  // the mail does not go
    }
    return paid;
  }

  // Who goes beside those who wait would starve them, if it took what comes free for them.
  Result<std::optional<Finding>> look(const std::vector<PlannedCharge>& planned,
                                      const Asker& asker) const {
    std::vector<RateCharge> charges;
    for (const PlannedCharge& one : planned) charges.push_back(one.charge);
    ICM_TRY(const auto uses, limiter_->look(charges, asker.now, asker.deadline));
    if (std::ranges::none_of(uses, &RateUse::is_refused)) return std::optional<Finding>();
    return std::optional(used_up(planned, uses, asker.claim, asker.now));
  }

  // Who is only observed goes on and does not come again: it waits in no line.
  Result<std::optional<Finding>> take(const std::vector<PlannedCharge>& planned, Mode mode,
                                      const Asker& asker, std::vector<Paid>& paid) const {
    const bool waits = mode == Mode::enforce && asker.way == Way::waits;
    RateRequest request{.charges = {}, .claim = waits ? asker.claim : 0};
    for (const PlannedCharge& one : planned) request.charges.push_back(one.charge);
    ICM_TRY(RateAnswer answer, limiter_->take(request, asker.now, asker.deadline));
    if (!answer.is_granted) {
      return std::optional(used_up(planned, answer.uses, asker.claim, asker.now));
    }
    Paid& group = paid.emplace_back();
    group.message.source = group.recipient.source = answer.receipt.source;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      const bool is_of_message = planned[i].count == ThrottleUnit::messages;
      (is_of_message ? group.message : group.recipient)
          .taken.push_back(std::move(answer.receipt.taken[i]));
    }
    return std::optional<Finding>();
  }

  const ThrottleConfig& settings_;
  ThrottlePlan plan_;
  RateLimiter* limiter_;
  BackoffView* backoffs_;
};

}  // namespace

std::string submitter_word(std::string_view login, std::string_view stream,
                           std::string_view origin) {
  if (!login.empty()) return person_word("login " + std::string(login));
  if (!stream.empty()) return person_word("stream " + std::string(stream));
  return person_word("origin " + std::string(origin));
}

std::string mail_form(std::string_view author, std::string_view subject) {
  std::string words = lower_ascii(author);
  for_each_shared_word(subject, {}, [&](std::string_view word) {
    words += ' ';
    words += word;
  });
  return fmt::format("{:016x}", form_hash()(words));
}

std::uint64_t throttle_claim(const Envelope& envelope, const Recipient& recipient) {
  const std::string key = recipient.mailbox ? recipient.mailbox->key() : recipient.text;
  return form_hash()(fmt::format("{} {} {}", envelope.reverse_path.text, key,
                                 envelope.declared_size.value_or(0))) |
         1;
}

WallTime spread_retry(WallTime free, WallTime now, std::uint64_t claim) {
  using std::chrono::milliseconds;
  const milliseconds width =
      std::clamp<milliseconds>(free - now, std::chrono::minutes{1}, std::chrono::hours{1});
  return free + milliseconds(claim % static_cast<std::uint64_t>(width.count()));
}

std::unique_ptr<Policy> make_throttle(const Config& config, const PolicyMeans& means) {
  return std::make_unique<ThrottlePolicy>(config, means);
}

}  // namespace icm
