// SPDX-License-Identifier: Apache-2.0
//
// Which deliveries Apple answered. Our own gate answers for Apple's recipients, too, and what it
// says is nothing to learn from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/recipients.h"

namespace icm {

// Immutable, safe from any thread; `apple` must outlive it.
class AppleTraffic {
 public:
  // `transports` deliver to Apple alone, as far as one can tell by a domain's MX. Mail servers at
  // or below `mx_suffixes` are Apple's, too.
  AppleTraffic(const AppleDomains& apple, std::vector<std::string> transports,
               std::vector<Domain> mx_suffixes = {})
      : apple_(apple), transports_(std::move(transports)), mx_suffixes_(std::move(mx_suffixes)) {}

  bool is_transport(std::string_view program) const;

  // By the name of the host that answered, such as mx01.mail.icloud.com.
  bool is_host(std::string_view relay_host) const;

  // By the recipient's domain.
  bool is_recipient(std::string_view recipient) const;

  // A delivery to `recipient` by `program` over this relay. A recipient of Apple's alone does not
  // make it so where the relay has an address that only our own network knows: that is a gate, or
  // a filter.
  bool concerns(std::string_view program, std::string_view recipient, std::string_view relay_host,
                std::string_view relay_ip) const;

  // Whether that delivery tells of Apple, and not of its recipient alone: whose MX names Apple's
  // hosts and others, or Apple's first and others later, answers at a transport for Apple as well.
  bool tells_of_apple(std::string_view recipient, std::string_view relay_host) const {
    return is_recipient(recipient) || is_host(relay_host);
  }

 private:
  const AppleDomains& apple_;
  std::vector<std::string> transports_;
  std::vector<Domain> mx_suffixes_;
};

}  // namespace icm
