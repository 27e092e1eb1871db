// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/client_limits.h"

#include <algorithm>
#include <iterator>

namespace icm::ctl {

std::optional<std::chrono::seconds> ClientLimits::admit(std::string_view client, Time now) {
  using std::chrono::nanoseconds;
  const nanoseconds window = std::chrono::minutes(1);
  const nanoseconds each = window / per_minute_;
  return memory_.with([&](Memory& memory) -> std::optional<std::chrono::seconds> {
    auto found = memory.by_client.find(client);
    if (found == memory.by_client.end()) {
      if (memory.seen.size() >= most_clients) {
        memory.by_client.erase(memory.seen.back().client);
        memory.seen.pop_back();
      }
      memory.seen.push_front({std::string(client), now});
      found = memory.by_client.emplace(memory.seen.front().client, memory.seen.begin()).first;
    }
    memory.seen.splice(memory.seen.begin(), memory.seen, found->second);
    Seen& seen = memory.seen.front();
    const Time free = std::max(seen.free, now) + each;
    if (free - now > window) {
      return std::chrono::ceil<std::chrono::seconds>(free - now - window);
    }
    seen.free = free;
    return std::nullopt;
  });
}

std::string client_of(const IpAddress& address) {
  return address.is_v4() ? address.text() : IpRange::of(address, 64).text();
}

}  // namespace icm::ctl
