// SPDX-License-Identifier: Apache-2.0
//
// NameService: the DNS as the configuration names it, and what authentication keeps of it.
#pragma once

#include <memory>

#include "policy/auth/authenticator.h"
#include "policy/config/config.h"
#include "policy/dns/resolver.h"
#include "policy/dns/unbound_resolver.h"

namespace icm {

// Whom to ask: the servers that are configured, or else those that resolv_conf names now. The Error
// names the option.
[[nodiscard]] Result<UnboundOptions> unbound_options(const DnsConfig& config);

// A resolver with the parsed records over it. Safe from any thread; Worlds share one as long as its
// options stay.
class NameService {
 public:
  [[nodiscard]] static Result<std::shared_ptr<NameService>> open(UnboundOptions options);

  // Over any resolver; null knows no name at all.
  explicit NameService(std::unique_ptr<Resolver> resolver);

  // False when it was not opened from options.
  bool has(const UnboundOptions& options) const { return options == options_; }

  AuthSources& sources() { return sources_; }

  // Nothing but zeros when it was not opened from options.
  DnsFigures figures() const { return unbound_ == nullptr ? DnsFigures() : unbound_->figures(); }

 private:
  UnboundOptions options_;
  std::unique_ptr<Resolver> resolver_;
  const UnboundResolver* unbound_ = nullptr;  // resolver_, where it is one
  AuthSources sources_;
};

}  // namespace icm
