// SPDX-License-Identifier: Apache-2.0
//
// RelaySources: what is registered with Apple as a source of mail to private relay addresses.
#pragma once

#include <string>
#include <vector>

#include "policy/base/domain.h"
#include "policy/base/mailbox.h"

namespace icm {

// Compared as Apple does: a domain is that domain and none below it. Immutable.
class RelaySources {
 public:
  // The texts of private_relay.sources.
  explicit RelaySources(const std::vector<std::string>& texts);

  bool is_empty() const { return is_empty_; }
  bool has(const Mailbox& mailbox) const;

  // Whether the domain, or an address of it at least, is registered.
  bool has_some_of(const Domain& domain) const;

 private:
  bool is_empty_;
  std::vector<Domain> domains_;
  std::vector<std::string> addresses_;  // Mailbox::key()
  std::vector<Domain> of_addresses_;    // their domains
};

}  // namespace icm
