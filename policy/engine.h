// SPDX-License-Identifier: Apache-2.0
//
// Engine: asks every policy, lets the configuration have its say, and makes one Verdict.
#pragma once

#include "policy/base/deadline.h"
#include "policy/policy_set.h"
#include "policy/verdict.h"

namespace icm {

// Safe from any thread. Holds references: the PolicySet must outlive it.
class Engine {
 public:
  explicit Engine(const PolicySet& policies) : policies_(policies) {}

  // One recipient, at RCPT. The Verdict's headers are always empty.
  Verdict judge_recipient(const Envelope& envelope, const Recipient& recipient, WallTime now,
                          Deadline deadline) const;

  // The whole message, at its end. After a reject only observing policies are still asked, as long
  // as time remains.
  Verdict judge(const Facts& facts, Deadline deadline) const;

 private:
  const PolicySet& policies_;
};

// 0 to 99, the same for the same message whenever it comes by: the canary's bucket. Taken from the
// Message-ID, or from From, Date and Subject when there is none.
int canary_bucket(const HeaderList& headers);

}  // namespace icm
