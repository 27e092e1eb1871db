// SPDX-License-Identifier: Apache-2.0
//
// Engine: asks every policy, lets the configuration have its say, and makes one Verdict.
//
// What the configuration says of a finding, in this order:
//   mode      of the rule, or of its policy: off drops the finding, observe only records it
//   origins   a mail of another origin is observed ("origin forwarded")
//   until     from that time on the rule is observed ("until 2026-12-01")
//   percent   a message whose bucket is not below it goes on ("not among the 10 percent")
//   disputed  a finding that an independent implementation does not confirm goes on
//   action    reject, defer, quarantine or tag; a rule that demands one of them itself has its way
// Advice never acts. A service is held back for the same reasons as a violation, and is done when
// the mail goes on. A policy that could not judge gives the finding POLICY.error: recorded when
// on_error is accept; when it is defer, a temporary refusal that goes as far as the policy would.
#pragma once

#include <string_view>

#include "policy/base/deadline.h"
#include "policy/policy_set.h"
#include "policy/verdict.h"

namespace icm {

// Safe from any thread. Holds references: the PolicySet must outlive it.
class Engine {
 public:
  explicit Engine(const PolicySet& policies) : policies_(policies) {}

  // One recipient, at RCPT. The Verdict's headers are always empty: there is no header yet. A
  // single recipient cannot be put on hold, so quarantine becomes defer; nor can it be tagged, so
  // tag becomes accept, and held_back says so.
  //
  // With `charges`, a recipient that nothing speaks against pays what it costs, or is turned away
  // by who counts; without, nothing is counted. The caller keeps them when the message goes on.
  Verdict judge_recipient(const Envelope& envelope, const Recipient& recipient, WallTime now,
                          Deadline deadline, Charges* charges = nullptr) const;

  // Begins the lookups that policies want for any message with this envelope; does not wait.
  void prefetch(const Envelope& envelope, const SpfQuestions& questions,
                AuthSources& sources) const;

  // The whole message, at its end. After a reject only observing policies are still asked, as long
  // as time remains. With the `charges` of its recipients, who counts is asked again when the
  // message goes on.
  Verdict judge(const Facts& facts, Deadline deadline, Charges* charges = nullptr) const;

  // What of Facts::authentication judge() can use.
  AuthNeeds needs() const { return policies_.needs(); }

 private:
  const PolicySet& policies_;
};

// 0 to 99, the same for the same message whenever it comes by: the canary's bucket. Taken from the
// Message-ID, or from From, Date and Subject when there is none.
int canary_bucket(const HeaderList& headers);

// The bucket of a recipient at RCPT, when nothing of the header is known: taken from the reverse
// path and the recipient as Apple compares it. It need not be the bucket of the message.
int canary_bucket(const Envelope& envelope, const Recipient& recipient);

// The field that the action "tag" puts on top of a message, one for each finding that tags:
//   X-ICloud-Milter: list_unsubscribe.post-missing; no List-Unsubscribe-Post field
// the rule, a semicolon, the evidence in printable ASCII. The name is ours alone, so no other
// filter's field is mistaken for it; a field of that name below ours was not written here.
inline constexpr std::string_view tag_field = "X-ICloud-Milter";

}  // namespace icm
