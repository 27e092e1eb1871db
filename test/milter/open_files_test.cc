// SPDX-License-Identifier: Apache-2.0
#include "milter/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace icm {
namespace {

// What a process with these limits is told, and whether its soft limit is the hard one then.
bool is_told(rlim_t soft, rlim_t hard, const std::string& expected) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(2);
    const std::string told = raise_open_files();
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    ::_exit(told == expected && now.rlim_cur == hard ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

TEST(OpenFiles, are_as_many_as_the_hard_limit_allows) {
  EXPECT_TRUE(is_told(256, 4096, ""));
  EXPECT_TRUE(is_told(2048, 2048, ""));
}

TEST(OpenFiles, are_complained_about_when_they_are_few) {
  EXPECT_TRUE(is_told(
      256, 1024,
      "at most 1024 files may be open, and each connection of the mail server takes one; beyond "
      "that mail is deferred. Raise the hard limit to 2048 or more (systemd: LimitNOFILE, else "
      "ulimit -Hn)"));
}

}  // namespace
}  // namespace icm
