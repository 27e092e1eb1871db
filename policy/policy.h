// SPDX-License-Identifier: Apache-2.0
//
// Policy: one thing Apple (or a standard) asks of a sender, as code that judges and never acts.
#pragma once

#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
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

  // Whether Facts::authentication is worth its lookups to it.
  virtual bool needs_authentication() const { return false; }

  // Begins the lookups that judge() will want, as soon as the envelope names them; does not wait.
  virtual void prefetch(const Envelope&, const SpfQuestions&, AuthSources&) const {}

  // Judges a whole message. Returns by `deadline`.
  // An Error means "could not judge"; the configuration says what then (`on_error`).
  [[nodiscard]] virtual Result<Findings> judge(const Facts& facts, Deadline deadline) const = 0;

  // Judges one recipient when it is named, before the header is known. Most have nothing to say.
  [[nodiscard]] virtual Result<Findings> judge_recipient(const Envelope&, const Recipient&,
                                                         WallTime, Deadline) const {
    return Findings{};
  }
};

}  // namespace icm
