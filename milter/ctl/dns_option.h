// SPDX-License-Identifier: Apache-2.0
//
// The DNS that a command asks: a file, servers of one's own, or what the daemon would ask.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "policy/dns/resolver.h"

namespace CLI {
class App;
}

namespace icm::ctl {

// --zone FILE, --dns SERVER, --config FILE.
struct DnsOption {
  std::optional<std::string> zone;
  std::vector<std::string> servers;
  std::string config;
  void add_to(CLI::App& command);
  [[nodiscard]] Result<std::unique_ptr<Resolver>> open() const;
};

}  // namespace icm::ctl
