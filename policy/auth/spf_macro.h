// SPDX-License-Identifier: Apache-2.0
//
// Expanding SPF macros (RFC 7208 §7).
#pragma once

#include <functional>
#include <string>

#include "policy/auth/spf_record.h"
#include "policy/base/clock.h"
#include "policy/base/ip_address.h"

namespace icm {

// What the letters stand for at one point of an evaluation. References outlive the expansion.
struct SpfMacroValues {
  const std::string& sender_local;              // l
  const std::string& sender_domain;             // o
  const std::string& domain;                    // d
  const IpAddress& client;                      // i c v
  const std::string& helo;                      // h
  const std::string& receiver;                  // r
  WallTime now;                                 // t
  std::function<std::string()> validated_name;  // p: asks the DNS, so only when it is wanted
};

std::string expand_spf_macros(const SpfMacroString& text, const SpfMacroValues& values);

// The same for a domain: over-long results lose labels from the left until 253 octets are left
// (§7.3), a final dot is dropped.
std::string expand_spf_domain(const SpfMacroString& text, const SpfMacroValues& values);

}  // namespace icm
