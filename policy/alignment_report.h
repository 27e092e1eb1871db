// SPDX-License-Identifier: Apache-2.0
//
// What the chapters of the policy alignment share: the message, what it owes, and the findings. The
// policy itself is in alignment.cc, its manual in alignment.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/auth/authenticator.h"
#include "policy/config/config.h"
#include "policy/policy.h"
#include "policy/second_look.h"

namespace icm::alignment {

// The mechanisms; when several of them fail, the reply is that of RFC 7372 §3.4.
enum class Check { spf, dkim, dmarc };

// Code and enhanced code of a refusal.
struct Refusal {
  int code;
  std::string_view enhanced;
};
inline constexpr Refusal not_authorized = {550, "5.7.1"};         // RFC 3463 §3.8
inline constexpr Refusal no_passing_signature = {550, "5.7.20"};  // RFC 7372 §3.1
inline constexpr Refusal no_good_signature = {550, "5.7.21"};     // RFC 7372 §3.1
inline constexpr Refusal no_authors_signature = {550, "5.7.22"};  // RFC 7372 §3.1
inline constexpr Refusal spf_failed = {550, "5.7.23"};            // RFC 7372 §3.2: a result "fail"
inline constexpr Refusal spf_broken = {550, "5.7.24"};            // RFC 7372 §3.2, RFC 7208 §8.7
inline constexpr Refusal several_failed = {550, "5.7.26"};        // RFC 7372 §3.4
inline constexpr Refusal spf_unknown = {451, "4.7.24"};           // RFC 7372 §3.2, RFC 7208 §8.6
inline constexpr Refusal key_unavailable = {451, "4.7.5"};        // RFC 6376 §6.3
inline constexpr Refusal directory_unavailable = {451, "4.4.3"};  // RFC 3463 §3.5

inline constexpr std::size_t names_shown = 3;  // addresses or signatures spelled out in one finding

// What a rule has found.
struct Said {
  std::string_view rule;  // static storage
  Refusal refusal;
  std::string evidence;
  std::string fix;
  std::string disputed;  // SecondLook's words
};

// One message under examination. Each rule speaks at most once.
class Report {
 public:
  Report(const Facts& message, const Config& settings, Deadline end);

  const Facts& facts;
  const Authentication& found;
  const AlignmentConfig& config;
  const Deadline deadline;
  SecondLook look;
  const std::string author;  // the domain of From; empty when there is none to align with
  const bool is_bounce;      // a null reverse-path on what is not bulk mail
  const bool spf_known;      // SPF was asked for an address and a domain at least
  const bool spf_passes;     // from every address
  const bool dkim_passes;    // a signature passes and may be accepted

  // Whether the signature vouches for the whole message with a long enough key.
  bool is_acceptable(const DkimResult& signature) const;

  // Whether the message needs this mechanism: both are asked for, or the other one does not pass.
  bool needs(Check check) const;

  // A violation of what the message needs, advice otherwise. With `require: one` a failure is no
  // refusal as long as the other mechanism's result is open.
  void refuse(Check check, Said said);
  void refuse_if(bool owed, Check check, Said said);

  // A result that could not be found out: as `on_error` says when the message needs it.
  void defer(Check check, Said said);

  void advise(std::string_view rule, std::string evidence, std::string fix);

  // All findings, with the prediction, and what several failures together mean.
  Findings take() &&;

 private:
  struct Failure {
    Check check;
    std::size_t finding;
  };
  bool is_known(std::string_view rule) const;
  bool both_required() const { return config.require == Required::both && !is_bounce; }
  bool is_open(Check check) const;
  void add_several();
  std::string prediction() const;

  Findings findings_;
  std::vector<Failure> failures_;
};

// "A, B and 2 more"
std::string listed(const std::vector<std::string>& names);

// The chapters, in the order of their findings.
void examine_spf(Report& report);    // alignment_spf.cc
void examine_dkim(Report& report);   // alignment_dkim.cc
void examine_dmarc(Report& report);  // alignment_dmarc.cc

}  // namespace icm::alignment
