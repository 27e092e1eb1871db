// SPDX-License-Identifier: Apache-2.0
//
// ThrottlePlan: which limits hold for a recipient, and how much each lets go today: the
// configuration and what Apple's answers ask of us, made into charges for a RateLimiter.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/recipients.h"
#include "policy/store/backoff.h"
#include "policy/store/rate_limiter.h"

namespace icm {

// Where a warm-up stands.
struct WarmUpDay {
  int day = 0;  // 1 on the first day; 0 before it
  std::uint32_t cap = 0;
  bool is_grown = false;  // the figure of further days is the same
  bool operator==(const WarmUpDay&) const = default;
};

WarmUpDay warm_up_day(const WarmUpConfig& plan, WallTime now);

struct PlannedCharge {
  RateCharge charge;
  std::string_view rule;
  std::string name;     // of the limit; "warm-up"
  std::string subject;  // whose counter it is: "all", "stream news", an address
  ThrottleUnit count = ThrottleUnit::recipients;
  std::optional<WarmUpDay> day;                // a warm-up's
  std::optional<Backoff> slowed;               // what made it less
  const ThrottleLimitConfig* limit = nullptr;  // absent for a warm-up, and a slowed recipient
};

// Immutable, safe from any thread; `config` must outlive it.
class ThrottlePlan {
 public:
  explicit ThrottlePlan(const Config& config);

  // What a recipient has to pay when its mail is of `stream`, in the order of the configuration;
  // without what its message has paid when `is_message_paid`. Rules whose mode is off are left out.
  std::vector<PlannedCharge> charges(const Envelope& envelope, const Recipient& recipient,
                                     const StreamConfig* stream, bool is_message_paid,
                                     const Backoffs& backoffs, WallTime now) const;

  // What a message has to pay for all its Apple recipients.
  std::vector<PlannedCharge> charges(const Envelope& envelope, const StreamConfig* stream,
                                     const Backoffs& backoffs, WallTime now) const;

  // Every counter that the configuration names, for people: not those of single senders, logins and
  // recipients, whom nobody has counted.
  std::vector<PlannedCharge> overview(const Backoffs& backoffs, WallTime now) const;

  // The stream that is known when recipients are named: at the gate arrival's word is in the
  // header.
  const StreamConfig* stream_at_rcpt(const Envelope& envelope) const;
  const StreamConfig* stream_named(const std::string& name) const;  // nullptr when there is none

  // The addresses that mail of a stream, or of none, may leave from. All of them count, since
  // nobody knows which one the mail server will take.
  const std::vector<IpAddress>& egress_of(const StreamConfig* stream) const;

  // Every address of the configuration, once.
  std::vector<IpAddress> all_egress() const;

  Mode mode_of(std::string_view rule) const;

 private:
  struct Mail;
  void add_limit(const ThrottleLimitConfig& limit, const Mail& mail,
                 std::vector<PlannedCharge>& planned) const;
  void add_warm_up(const IpAddress& egress, const Backoffs& backoffs, WallTime now,
                   std::vector<PlannedCharge>& planned) const;
  void add_slowed_recipient(const Mail& mail, std::vector<PlannedCharge>& planned) const;
  void add_probe(const Mail& mail, std::vector<PlannedCharge>& planned) const;

  const Config& config_;
  std::vector<const ThrottleLimitConfig*> limits_;  // the preset's, then the administrator's
  NamedAppleDomains apple_;
};

// The strictest backoff that holds for mail that may leave by these addresses; nullopt when none
// does.
std::optional<Backoff> backoff_of(BackoffKind kind, const std::vector<IpAddress>& egress,
                                  const Backoffs& backoffs, WallTime now);

// Of a pause: until when nothing goes, not even a message to see whether it is taken. From then on
// charges() has what lets one go in a while, which needs a RateLimiter.
std::optional<WallTime> first_probe(const Backoff& pause);

}  // namespace icm
