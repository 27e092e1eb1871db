// SPDX-License-Identifier: Apache-2.0
//
// RouteDesk: the way of a recipient's mail, as Postfix asks for it (transport(5)).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "milter/socketmap_protocol.h"
#include "milter/world.h"
#include "policy/base/deadline.h"

namespace icm {

// Safe from any thread.
class RouteDesk {
 public:
  // `world` outlives this.
  explicit RouteDesk(const CurrentWorld& world) : world_(world) {}

  // The answer, when it is known without asking the DNS.
  std::optional<SocketmapAnswer> at_once(const SocketmapQuestion& question);

  // The answer; may wait for the DNS, as long as routing.timeout says.
  SocketmapAnswer answer(const SocketmapQuestion& question);

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
