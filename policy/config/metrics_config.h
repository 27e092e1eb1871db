// SPDX-License-Identifier: Apache-2.0
//
// MetricsConfig: where a program's figures are read; the sections `metrics` (the daemon's) and
// `replies.metrics` (the follower's) of milter.conf.
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
                       "Where Prometheus reads the figures, at /metrics: a unix socket or a port "
                       "of a loopback address; empty means nowhere. Where it cannot be opened the "
                       "program says so, goes on without, and tries again. A change of this "
                       "section needs a restart.");
  visit.text("owner", c.owner,
             "User that shall own a unix socket; empty keeps the program's user.");
  visit.text("group", c.group,
             "Group that shall own a unix socket; who reads the figures must be in it. Empty keeps "
             "the program's group.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of a unix socket, in octal.");
}

}  // namespace icm
