// SPDX-License-Identifier: Apache-2.0
#include "milter/open_files.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/resource.h>

namespace icm {
namespace {

// A busy Postfix has some hundreds of smtpd processes, each with a connection or two.
constexpr rlim_t enough = 2048;

}  // namespace

std::string raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fmt::format("the limit of open files is not known: {}", std::strerror(errno));
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur >= enough) return {};
  return fmt::format(
      "at most {} files may be open, and each connection of the mail server takes one; beyond that "
      "mail is deferred. Raise the hard limit to {} or more (systemd: LimitNOFILE, else ulimit "
      "-Hn)",
      limit.rlim_cur, enough);
}

}  // namespace icm
