// SPDX-License-Identifier: Apache-2.0
//
// AsyncResolver: a Resolver that need not be waited for, for those who serve many.
#pragma once

#include <functional>
#include <string_view>

#include "policy/dns/resolver.h"

namespace icm {

// Safe from any thread.
class AsyncResolver : public Resolver {
 public:
  using Then = std::function<void(const DnsAnswer& answer)>;

  // Asks what query() asks, and does not wait: `then` is called once, before this returns when the
  // answer is known or cannot be had, or else by a thread of the resolver's when the name servers
  // have answered or were given up, which may be long after query() would have gone. It must not
  // wait itself. Where the resolver ends before, it is dropped. Whoever asks so gets half of the
  // places that questions on their way have, as a prefetch does.
  virtual void ask(std::string_view name, RecordType type, Then then) = 0;
};

}  // namespace icm
