// SPDX-License-Identifier: Apache-2.0
//
// ClientLimits: how many requests a minute one client of a web page may make. In memory and gone
// with the process: it keeps strangers from guessing and from flooding, and owes nobody a count.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policy/base/guarded.h"
#include "policy/base/ip_address.h"

namespace icm::ctl {

// Safe from any thread. Its memory is bounded: who was not seen for longest is forgotten first.
class ClientLimits {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t most_clients = 16384;

  explicit ClientLimits(int per_minute) : per_minute_(per_minute) {}

  // Counts a request at `now` and says nothing, or how long this client has to wait. A minute's
  // requests may come at once, then one after the other as they become free (GCRA).
  std::optional<std::chrono::seconds> admit(std::string_view client, Time now);

 private:
  struct Seen {
    std::string client;
    Time free;  // when all that it made is paid for
  };
  struct Memory {
    std::list<Seen> seen;  // the last used first
    std::unordered_map<std::string_view, std::list<Seen>::iterator> by_client;  // of Seen::client
  };
  int per_minute_;
  Guarded<Memory> memory_{Memory{}};
};

// One household of IPv6 has a /64: so many addresses are one client.
std::string client_of(const IpAddress& address);

}  // namespace icm::ctl
