// SPDX-License-Identifier: Apache-2.0
//
// What reaches syslogd: a child in a mount namespace of its own plays both ends.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "milter/log_writer.h"
#include "policy/base/unique_fd.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

constexpr int no_namespaces = 77;

// A /dev/log of the calling process' own; invalid when it may not have one.
UniqueFd own_syslog_socket() {
  const int wanted = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(wanted) != 0) return UniqueFd();
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return UniqueFd();
  if (::mount("none", "/dev", "tmpfs", 0, nullptr) != 0) return UniqueFd();
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/dev/log");
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return UniqueFd();
  }
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

// Begins on standard error, goes on with syslog, as a HUP with another log.destination does. Writes
// what syslogd got to "seen" in `folder`, its time and process id made words.
int change_to_syslog(const std::filesystem::path& folder) {
  // By relative names from here on: temporary files may lie in /dev/shm, which the new /dev hides.
  std::filesystem::current_path(folder);
  const LogConfig before{.destination = LogDestination::automatic,
                         .facility = "mail",
                         .decisions = "./decisions.jsonl"};
  const UniqueFd syslogd = own_syslog_socket();
  if (syslogd.get() < 0) return no_namespaces;
  const SystemClock clock;
  auto log = LogWriter::open(before, LineDestination::journal, clock);
  if (!log) return 1;
  LogConfig after = before;
  after.facility = "local3";
  if (!(*log)->reopen(after, LineDestination::syslog)) return 1;
  (*log)->say(LogLevel::warning, "words");
  (*log)->flush();
  char datagram[1024];
  const ssize_t size = ::recv(syslogd.get(), datagram, sizeof datagram, 0);
  if (size < 0) return 1;
  std::string text(datagram, static_cast<std::size_t>(size));
  const std::string pid = fmt::format("[{}]", ::getpid());
  if (const auto at = text.find(pid); at != std::string::npos)
    text.replace(at, pid.size(), "[PID]");
  constexpr std::size_t time_size = 15;  // RFC 3164 §4.1.2: "Nov 21 08:15:30"
  if (const auto at = text.find('>'); at != std::string::npos)
    text.replace(at + 1, time_size, "TIME");
  std::ofstream("seen") << text;
  return 0;
}

TEST(LogSyslog, knows_its_name_and_facility_after_a_change_from_standard_error) {
  const TemporaryDirectory directory;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(change_to_syslog(directory.path()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_namespaces) GTEST_SKIP() << "no namespaces here";
  ASSERT_EQ(WEXITSTATUS(status), 0);
  std::ostringstream text;
  text << std::ifstream(directory.path() / "seen").rdbuf();
  constexpr int local3_warning = 19 * 8 + 4;  // RFC 3164 §4.1.1
  EXPECT_EQ(text.str(), fmt::format("<{}>TIME icloud-milter[PID]: warning: words", local3_warning));
}

}  // namespace
}  // namespace icm
