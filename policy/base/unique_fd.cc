// SPDX-License-Identifier: Apache-2.0
#include "policy/base/unique_fd.h"

#include <cerrno>

namespace icm {

UniqueFd::~UniqueFd() {
  if (fd_ < 0) return;
  const int kept = errno;
  ::close(fd_);
  errno = kept;
}

}  // namespace icm
