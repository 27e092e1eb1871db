// SPDX-License-Identifier: Apache-2.0
//
// OwnMail: what the configuration knows of the mail that was answered: its way out, and whether its
// domain is ours.
#pragma once

#include <string>
#include <vector>

#include "policy/config/config.h"
#include "policy/delivery/delivery_event.h"

namespace icm {

// Immutable, safe from any thread; the configuration must outlive it.
class OwnMail {
 public:
  explicit OwnMail(const Config& config);

  // IpAddress::text() of the address that the mail left from; every_egress where that is not sure.
  std::string egress_of(const Handover& handover) const;

  // A domain that the configuration says we send from.
  bool is_own(const Domain& domain) const;

  // For people: "192.0.2.1", "our addresses"; " of stream news", " of shop.example".
  std::string way_named(const std::string& egress) const;
  std::string mail_named(const Handover& handover) const;

  // What tells alerts apart: our From domain; empty for all mail of strangers.
  std::string subject_of(const Handover& handover) const;

  const std::vector<IpAddress>& addresses() const { return addresses_; }

 private:
  const Config& config_;
  std::vector<IpAddress> addresses_;  // every one that mail leaves from, once
  std::vector<Domain> domains_;
};

}  // namespace icm
