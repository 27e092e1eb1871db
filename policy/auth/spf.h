// SPDX-License-Identifier: Apache-2.0
//
// SPF: may this address send for this domain (RFC 7208)?
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/ip_address.h"
#include "policy/dns/resolver.h"

namespace icm {

// RFC 7208 §2.6, in the RFC's order.
enum class SpfStatus { none, neutral, pass, fail, soft_fail, temp_error, perm_error };

// The words of RFC 8601 §2.7.2: "softfail", "temperror" …
std::string_view to_string(SpfStatus status);

enum class SpfIdentity { mail_from, helo };
std::string_view to_string(SpfIdentity identity);  // "mailfrom", "helo" (RFC 7208 §9.1)

struct SpfQuestion {
  IpAddress client;
  std::string helo;
  std::string mail_from;             // without angle brackets; empty for the null reverse-path
  std::string receiver = "unknown";  // for %{r} (RFC 7208 §7.3)
  WallTime now{};                    // for %{t}
};

// Whom a question is about: the envelope sender, or postmaster at the HELO name when that is null
// (RFC 7208 §2.4, §4.3).
struct SpfSender {
  std::string local = "postmaster";
  std::string given;  // the domain as the client wrote it
  std::string
      domain;  // without final dot, in A-labels; empty when malformed or of one label (§4.3)
};
SpfSender spf_sender(const SpfQuestion& question);

struct SpfResult {
  SpfStatus status = SpfStatus::none;
  SpfIdentity identity = SpfIdentity::mail_from;
  std::string domain;       // the domain that was asked about; may be anything a client said
  std::string mechanism;    // what decided, as written: "include:x -> ip4:…"; empty for a default
  std::string explanation;  // what the domain's owner says to a fail (§6.2); untrusted, ASCII
  std::string problem;      // why temperror, permerror or none, in words
  int lookups = 0;          // of the ten that §4.6.4 allows
  int void_lookups = 0;     // of the two
  std::vector<std::string>
      path;  // the terms in the order they were evaluated: "example.com: ip4:… no match"
  std::chrono::seconds ttl{0};  // how long this result holds, by the shortest answer used
};

inline constexpr int spf_max_lookups = 10;      // RFC 7208 §4.6.4
inline constexpr int spf_max_void_lookups = 2;  // the same

// check_host() for the MAIL FROM identity, or for HELO when the reverse-path is null (§2.4).
// Safe from any thread as far as `resolver` is. Returns by `deadline`, with temperror when time is
// out.
SpfResult check_spf(const SpfQuestion& question, Resolver& resolver, Deadline deadline);

}  // namespace icm
