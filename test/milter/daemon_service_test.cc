// SPDX-License-Identifier: Apache-2.0
//
// What the real daemon tells a service manager (sd_notify(3)).
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "policy/base/unique_fd.h"
#include "test/milter/daemon_fixture.h"

namespace icm {
namespace {

class DaemonService : public DaemonTest {
 protected:
  void SetUp() override {
    const std::string name = path("notify");
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    ASSERT_LT(name.size(), sizeof place.sun_path);
    std::memcpy(place.sun_path, name.data(), name.size());
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC"}) ::unsetenv(name);
  }

  // The next words but signs of life; empty when none come.
  std::string told() {
    for (;;) {
      const std::string words = next();
      if (words != "WATCHDOG=1") return words;
    }
  }

  std::string next() {
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 20'000) != 1) return {};
    std::array<char, 4096> octets{};
    const ssize_t count = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    return {octets.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

  UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(DaemonService, hears_when_it_is_ready_reloads_and_stops) {
  configure();
  start();
  const std::string ready = "READY=1\nSTATUS=listening on " + address();
  EXPECT_EQ(told(), ready);
  daemon_->signal(SIGHUP);
  EXPECT_TRUE(told().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(told(), ready);
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_EQ(told(), "STOPPING=1");
}

TEST_F(DaemonService, hears_signs_of_life_where_it_watches) {
  ::setenv("WATCHDOG_USEC", "100000", 1);
  configure();
  start();
  EXPECT_TRUE(next().starts_with("READY=1"));
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
}

}  // namespace
}  // namespace icm
