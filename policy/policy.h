// SPDX-License-Identifier: Apache-2.0
//
// Policy: one thing Apple (or a standard) asks of a sender, as code that judges and never acts.
#pragma once

#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/charges.h"
#include "policy/facts.h"
#include "policy/verdict.h"

namespace icm {

using Findings = std::vector<Finding>;

// Immutable after construction, safe from any thread, knows no other policy. Whether it acts, on
// which mail and how hard is the engine's business (PolicyConfig), not its own.
class Policy {
 public:
  virtual ~Policy() = default;

  // The word in milter.conf; the rules of its findings begin with it and a dot. Static storage.
  virtual std::string_view name() const = 0;

  // What of Facts::authentication is worth its lookups and its time to it.
  virtual AuthNeeds needs() const { return {}; }

  // Begins the lookups that judge() will want, as soon as the envelope names them; does not wait.
  virtual void prefetch(const Envelope&, const SpfQuestions&, AuthSources&) const {}

  // Judges a whole message. Returns by `deadline`.
  // An Error means "could not judge"; the configuration says what then (`on_error`).
  [[nodiscard]] virtual Result<Findings> judge(const Facts& facts, Deadline deadline) const = 0;

  // Makes the header edits of its finding of weight `service`. Asked only when that acts and the
  // mail goes on, since it may be dear. An Error is one of judge().
  [[nodiscard]] virtual Result<std::vector<HeaderEdit>> serve(const Facts&, Deadline) const {
    return std::vector<HeaderEdit>{};
  }

  // Judges one recipient when it is named, before the header is known. Most have nothing to say.
  [[nodiscard]] virtual Result<Findings> judge_recipient(const Envelope&, const Recipient&,
                                                         WallTime, Deadline) const {
    return Findings{};
  }

  // Takes what the mail to one recipient costs, once every policy lets it go on, or says why that
  // cannot be had. What was taken is in `charges`, and is given back when the mail does not go on.
  [[nodiscard]] virtual Result<Findings> admit(const Envelope&, const Recipient&, WallTime,
                                               Deadline, Charges&) const {
    return Findings{};
  }

  // The same at the end of the message, for what only its header told: takes what the message costs
  // by that, in place of what its recipients took.
  [[nodiscard]] virtual Result<Findings> admit_message(const Facts&, Deadline, Charges&) const {
    return Findings{};
  }
};

}  // namespace icm
