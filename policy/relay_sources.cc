// SPDX-License-Identifier: Apache-2.0
#include "policy/relay_sources.h"

#include <algorithm>

namespace icm {

RelaySources::RelaySources(const std::vector<std::string>& texts) : is_empty_(texts.empty()) {
  for (const std::string& text : texts) {
    if (const auto mailbox = Mailbox::parse(text)) {
      addresses_.push_back(mailbox->key());
      of_addresses_.push_back(mailbox->domain());
    } else if (auto domain = Domain::parse(text)) {
      domains_.push_back(*std::move(domain));
    }
  }
}

bool RelaySources::has(const Mailbox& mailbox) const {
  return std::ranges::find(domains_, mailbox.domain()) != domains_.end() ||
         std::ranges::find(addresses_, mailbox.key()) != addresses_.end();
}

bool RelaySources::has_some_of(const Domain& domain) const {
  return std::ranges::find(domains_, domain) != domains_.end() ||
         std::ranges::find(of_addresses_, domain) != of_addresses_.end();
}

}  // namespace icm
