// SPDX-License-Identifier: Apache-2.0
//
// A TCP socket bound to a configured host and port.
#pragma once

#include "policy/base/result.h"
#include "policy/base/unique_fd.h"
#include "policy/config/socket_address.h"

namespace icm {

// Non-blocking, closed on exec, not listening yet. `address` is of a host, not a path. Code::config
// with what is in the way: no such address on this host, or somebody has the port.
[[nodiscard]] Result<UniqueFd> bind_to_host(const SocketAddress& address);

}  // namespace icm
