// SPDX-License-Identifier: Apache-2.0
//
// What the chapters of the policy sender_identity share. The policy itself is in
// sender_identity.cc, its manual in sender_identity.md.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "policy/config/config.h"
#include "policy/policy.h"
#include "policy/second_look.h"

namespace icm::sender_identity {

// Code and enhanced code of a refusal.
struct Refusal {
  int code;
  std::string_view enhanced;
};
inline constexpr Refusal not_authorized = {550, "5.7.1"};         // RFC 3463 §3.8
inline constexpr Refusal bad_sender_domain = {550, "5.1.8"};      // RFC 3463 §3.2
inline constexpr Refusal reverse_dns_failed = {550, "5.7.25"};    // RFC 7372 §3.3
inline constexpr Refusal sender_null_mx = {550, "5.7.27"};        // RFC 7505 §4.2
inline constexpr Refusal directory_unavailable = {451, "4.4.3"};  // RFC 3463 §3.5

// What a rule has found.
struct Said {
  std::string_view rule;  // static storage
  Refusal refusal;
  std::string evidence;
  std::string fix;
  std::string prediction;
};

// One message under examination. Each rule speaks at most once, at the first place that breaks it.
class Report {
 public:
  Report(const Facts& message, const Config& settings, Deadline end)
      : facts(message),
        config(settings),
        deadline(end),
        look(message, settings.authentication, end) {}

  const Facts& facts;
  const Config& config;
  const Deadline deadline;
  SecondLook look;

  void refuse(Said said, const std::string& disputed = {});
  void advise(std::string_view rule, std::string evidence, std::string fix);

  // A name that could not be looked up: as `on_error` says.
  void defer(std::string evidence);

  bool is_known(std::string_view rule) const;
  Findings take() && { return std::move(findings_); }

 private:
  Findings findings_;
};

// Untrusted text as it stands in evidence.
std::string shown(std::string_view text);

// Begins the lookups that examine_dns() will want for this envelope.
void prefetch_dns(const Envelope& envelope, const SpfQuestions& out, Resolver& resolver);

// The chapters, cheap ones first.
void examine_stream(Report& report);  // sender_identity_stream.cc: what the streams declare
void examine_dns(Report& report);     // sender_identity_dns.cc: egress, HELO, envelope sender

}  // namespace icm::sender_identity
