// SPDX-License-Identifier: Apache-2.0
//
// Apple's domains by name.
#include "policy/recipients.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace icm {
namespace {

// Mail addresses of Apple accounts (support.apple.com/118230): one mailbox may have all three.
constexpr std::array<std::string_view, 3> mailbox_domains = {"icloud.com", "mac.com", "me.com"};

// Where Sign in with Apple and Hide My Email make addresses up. Hide My Email also makes addresses
// in icloud.com, which no name can tell from a person's own.
constexpr std::array<std::string_view, 2> relay_domains = {"private.icloud.com",
                                                           "privaterelay.appleid.com"};

template <std::size_t size>
bool is_among(const std::array<std::string_view, size>& names, const Domain& domain) {
  return std::ranges::find(names, std::string_view(domain.text())) != names.end();
}

}  // namespace

NamedAppleDomains::NamedAppleDomains(std::vector<Domain> added) : domains_(std::move(added)) {
  std::ranges::sort(domains_);
}

bool NamedAppleDomains::contains(const Domain& domain) const {
  return is_among(mailbox_domains, domain) || is_among(relay_domains, domain) ||
         std::ranges::binary_search(domains_, domain);
}

bool NamedAppleDomains::is_private_relay(const Domain& domain) const {
  return is_among(relay_domains, domain);
}

}  // namespace icm
