// SPDX-License-Identifier: Apache-2.0
//
// One POST over HTTP, and how it is answered: the status and where it would lead. Nothing is
// followed.
#pragma once

#include <string>

#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/config/socket_address.h"

namespace icm::ctl::doctor {

struct HttpAnswer {
  int status = 0;
  std::string location;  // of a redirect
};

// POSTs a form. Code::temporary: nobody answers there, or not in time; Code::permanent: whoever
// answers does not show a certificate for that name.
[[nodiscard]] Result<HttpAnswer> post_to_listener(const SocketAddress& address,
                                                  const std::string& path, const std::string& form,
                                                  Deadline deadline);
[[nodiscard]] Result<HttpAnswer> post_to_url(const std::string& origin, const std::string& path,
                                             const std::string& form, Deadline deadline);

}  // namespace icm::ctl::doctor
