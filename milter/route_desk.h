// SPDX-License-Identifier: Apache-2.0
//
// RouteDesk: the way of a recipient's mail, as Postfix asks for it (transport(5)).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "milter/socketmap_protocol.h"
#include "milter/world.h"
#include "policy/apple_by_mx.h"

namespace icm {

// Safe from any thread.
class RouteDesk {
 public:
  // `world` outlives this.
  explicit RouteDesk(const CurrentWorld& world) : world_(world) {}

  // The answer, when it is known without asking the DNS.
  std::optional<SocketmapAnswer> at_once(const SocketmapQuestion& question);

  // Where it is not: asks the DNS, and does not wait. `then` is called once, before this returns or
  // from any thread, when landed() may know; never, where the DNS is given up with its World.
  void ask(const SocketmapQuestion& question, AppleByMx::Then then);
  std::optional<SocketmapAnswer> landed(const SocketmapQuestion& question);

  // The answer to who has waited long enough.
  SocketmapAnswer give_up(const SocketmapQuestion& question);

  // How long anybody may wait for the DNS, at most.
  std::chrono::seconds patience() const { return world()->config().routing.timeout; }

  // Answers given, by the value of SocketmapAnswer::Kind.
  using Figures = std::array<std::uint64_t, 4>;
  Figures figures() const;

 private:
  std::shared_ptr<const World> world() const;
  SocketmapAnswer counted(SocketmapAnswer answer);

  const CurrentWorld& world_;
  std::array<std::atomic<std::uint64_t>, 4> given_{};
};

}  // namespace icm
