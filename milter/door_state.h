// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace icm {

// One of the ways in which the daemon is asked by others than the milter protocol.
struct DoorState {
  std::string name;     // the section of milter.conf
  std::string problem;  // why it is shut, and what follows; empty: it is open
};

}  // namespace icm
