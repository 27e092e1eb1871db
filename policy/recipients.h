// SPDX-License-Identifier: Apache-2.0
//
// Which recipients are Apple's.
#pragma once

#include <vector>

#include "policy/base/domain.h"
#include "policy/base/mailbox.h"

namespace icm {

// Answers for a domain. Safe from any thread. Other ways to know (an MX under Apple's) are further
// implementations of this.
class AppleDomains {
 public:
  virtual ~AppleDomains() = default;
  virtual bool contains(const Domain& domain) const = 0;

  // Hide My Email and Sign in with Apple: stricter rules hold there.
  virtual bool is_private_relay(const Domain& domain) const = 0;
};

// The names Apple has published and those the administrator added.
class NamedAppleDomains final : public AppleDomains {
 public:
  explicit NamedAppleDomains(std::vector<Domain> added);
  bool contains(const Domain& domain) const override;
  bool is_private_relay(const Domain& domain) const override;

 private:
  std::vector<Domain> domains_;  // sorted
};

}  // namespace icm
