// SPDX-License-Identifier: Apache-2.0
//
// ControlClient: somebody at the control socket, who may behave or not.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/unique_fd.h"

namespace icm {

class ControlClient {
 public:
  // Throws when nobody listens: that ends a test.
  explicit ControlClient(const std::string& path);

  // As much as the other end takes. Octets that were sent.
  std::size_t send(std::string_view octets) const;

  // Nothing more will be sent.
  void finish() const;

  // Everything that comes until the other end closes; throws when it does not for twenty seconds.
  std::string read_all() const;

 private:
  UniqueFd socket_;
};

// One request and its answer, both with their LF.
std::string ask_control(const std::string& path, std::string_view request);

}  // namespace icm
