// SPDX-License-Identifier: Apache-2.0
//
// MetricsConfig: the `metrics` section of milter.conf; a part of config.h.
#pragma once

#include <string>

namespace icm {

struct MetricsConfig {
  std::string address;
  std::string owner;
  std::string group;
  int mode = 0660;
  bool operator==(const MetricsConfig&) const = default;
};

template <class Visitor>
void describe(MetricsConfig& c, Visitor& visit) {
  visit.socket_or_none("address", c.address,
                       "Where Prometheus reads the daemon's figures, at /metrics: a unix socket or "
                       "a port of a loopback address, such as inet:9810@127.0.0.1; empty means "
                       "nowhere. Where it cannot listen the daemon says so and serves without. A "
                       "change of this section needs a restart.");
  visit.text("owner", c.owner, "User that shall own a unix socket; empty keeps the daemon's user.");
  visit.text("group", c.group,
             "Group that shall own a unix socket; who reads the figures must be in it. Empty keeps "
             "the daemon's group.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of a unix socket, in octal.");
}

}  // namespace icm
