// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace icm {

// What is in the way of a door that cannot be opened is seldom there for ever.
inline constexpr std::chrono::seconds between_tries_of_door{10};

// One of the ways in which the daemon is asked by others than the milter protocol.
struct DoorState {
  std::string name;     // the section of milter.conf
  std::string problem;  // why it is shut, and what follows; empty: it is open
};

}  // namespace icm
