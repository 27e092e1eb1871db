// SPDX-License-Identifier: Apache-2.0
//
// LedgerPolicy: what the policies consent and inactive have in common. Bulk mail is judged by what
// the ledger says of each recipient: at RCPT where the envelope gives the stream away, so that a
// refused recipient bounces alone; else at the end of the message.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/config.h"
#include "policy/policy.h"
#include "policy/store/ledger.h"

namespace icm {

// A recipient of bulk mail, and what is known.
struct LedgerCase {
  const Mailbox& recipient;
  const StreamConfig* stream;  // nullptr: of no declared stream
  std::string mail;            // "stream news", or "bulk mail" for that of no stream
  const Standing& standing;
  WallTime now;
};

// What speaks against sending.
struct LedgerObjection {
  std::string_view rule;
  std::string evidence;
  std::string advice;  // what the sender should do, for the reply
  std::string fix;     // what the administrator can do, for the log
};

class LedgerPolicy : public Policy {
 public:
  // Without a ledger there is nothing to judge by: an offline check where there is no store.
  LedgerPolicy(const Config& config, const Ledger* ledger)
      : streams_(config.streams), ledger_(ledger) {}

  Result<Findings> judge_recipient(const Envelope& envelope, const Recipient& recipient,
                                   WallTime now, Deadline deadline) const final;
  Result<Findings> judge(const Facts& facts, Deadline deadline) const final;

 protected:
  // Whether bulk mail of this stream is judged; nullptr: that of no declared stream.
  virtual bool concerns(const StreamConfig* stream) const = 0;

  virtual std::optional<LedgerObjection> objection(const LedgerCase& the_case) const = 0;

 private:
  const StreamConfig* stream_named(std::string_view name) const;

  const std::vector<StreamConfig>& streams_;
  const Ledger* ledger_;
};

}  // namespace icm
