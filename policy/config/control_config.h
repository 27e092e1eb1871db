// SPDX-License-Identifier: Apache-2.0
//
// ControlConfig: the `control` section of milter.conf; a part of config.h.
#pragma once

#include <string>

namespace icm {

struct ControlConfig {
  std::string socket = "/run/icloud-milter/control";
  std::string owner;
  std::string group;
  int mode = 0660;
  bool operator==(const ControlConfig&) const = default;
};

template <class Visitor>
void describe(ControlConfig& c, Visitor& visit) {
  visit.path("socket", c.socket,
             "Unix socket where icloud-milterctl finds the daemon; empty means none. Its directory "
             "is made when only that is missing. Where the socket cannot be made the daemon says "
             "so and serves without. A change of this section needs a restart.");
  visit.text("owner", c.owner,
             "User that shall own it, and may command the daemon beside root and the daemon's own "
             "user; empty keeps the daemon's user.");
  visit.text("group", c.group,
             "Group that shall own it, and whose members may command the daemon; empty keeps the "
             "daemon's group, and its members may not.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of the socket, in octal.");
}

}  // namespace icm
