// SPDX-License-Identifier: Apache-2.0
//
// The identity that SPF checks, and what check_host() makes of it before it asks anybody.
#include <algorithm>

#include "policy/auth/spf.h"
#include "policy/base/domain.h"

namespace icm {
namespace {

// RFC 7208 §4.3. U-labels become A-labels; otherwise macros see the name as the client wrote it.
std::string initial_domain(std::string domain) {
  if (domain.ends_with('.')) domain.pop_back();
  if (!std::ranges::all_of(domain, [](char c) { return c > ' ' && c < 0x7f; })) {
    const auto converted = Domain::parse(domain);
    domain = converted ? converted->text() : std::string();
  }
  return dns_name(domain).find('.') == std::string::npos ? std::string() : domain;
}

}  // namespace

SpfSender spf_sender(const SpfQuestion& question) {
  SpfSender sender;
  const auto at = question.mail_from.rfind('@');
  if (question.mail_from.empty()) {
    sender.given = question.helo;
  } else if (at == std::string::npos) {
    sender.given = question.mail_from;
  } else {
    if (at > 0) sender.local = question.mail_from.substr(0, at);
    sender.given = question.mail_from.substr(at + 1);
  }
  sender.domain = initial_domain(sender.given);
  return sender;
}

}  // namespace icm
