// SPDX-License-Identifier: Apache-2.0
//
// Real sockets, opened by the real daemon.
#include "milter/listening_socket.h"

#include <csignal>
#include <cstring>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"
#include "test/milter/daemon_fixture.h"

namespace icm {
namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

// What a daemon leaves behind that was killed.
void leave_stale_socket(const std::string& path) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

class SocketTest : public DaemonTest {
 protected:
  void configure_socket(const std::string& settings) {
    std::string text = config_text();
    const std::size_t begin = text.find("socket:");
    text.replace(begin, text.find('\n') - begin, "socket: {" + settings + "}");
    directory_.write("milter.conf", text);
  }
};

TEST_F(SocketTest, has_the_mode_and_group_that_are_configured) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a socket away";
  configure_socket("address: \"" + address() + "\", group: mail, mode: 0620, owner: daemon");
  start();
  const struct stat status = status_of(path("milter.sock"));
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0620u);
  EXPECT_EQ(status.st_gid, ::getgrnam("mail")->gr_gid);
  EXPECT_EQ(status.st_uid, 1u);
  EXPECT_FALSE(std::filesystem::exists(path("milter.sock.new")));
}

TEST_F(SocketTest, replaces_what_a_dead_daemon_left) {
  configure();
  leave_stale_socket(path("milter.sock"));
  leave_stale_socket(path("milter.sock.new"));
  start();
  EXPECT_TRUE(send(letter()).goes_on());
}

TEST_F(SocketTest, is_there_again_after_kill_minus_nine) {
  configure();
  start();
  daemon_->kill();
  EXPECT_TRUE(std::filesystem::exists(path("milter.sock")));
  start();
  EXPECT_TRUE(send(letter()).goes_on());
}

TEST_F(SocketTest, is_not_taken_from_a_daemon_that_lives) {
  configure();
  start();
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.address: another daemon answers at " +
                                 path("milter.sock") + "; stop it first, or name another path\n");
  EXPECT_TRUE(send(letter()).goes_on()) << "the first one serves on";
}

TEST_F(SocketTest, is_not_taken_away_from_a_successor) {
  configure();
  start();
  std::filesystem::remove(path("milter.sock"));
  auto first = std::move(*daemon_);
  daemon_.reset();
  std::string text = config_text();
  text.replace(text.find("store.db"), 8, "other.db");
  directory_.write("milter.conf", text);
  start();
  EXPECT_EQ(*first.stop(), 0);
  EXPECT_TRUE(send(letter()).goes_on());
}

TEST_F(SocketTest, replaces_nothing_that_is_no_socket) {
  directory_.write("milter.sock", "precious");
  configure();
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.address: " + path("milter.sock") +
                                 " is there and is no socket; remove it, or name another path\n");
  EXPECT_EQ(read("milter.sock"), "precious");
}

TEST_F(SocketTest, makes_its_directory_but_no_more) {
  socket_address_ = "unix:" + path("run/milter.sock");
  configure();
  start();
  EXPECT_EQ(status_of(path("run")).st_mode & 07777, 0755u);
  EXPECT_EQ(*daemon_->stop(), 0);

  socket_address_ = "unix:" + path("no/such/milter.sock");
  configure();
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.address: cannot make the directory " +
                                 path("no/such") + ": No such file or directory\n");
}

TEST_F(SocketTest, lets_only_its_group_into_a_directory_it_makes) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  socket_address_ = "unix:" + path("run/milter.sock");
  configure_socket("address: \"" + socket_address_ + "\", group: mail");
  start();
  EXPECT_EQ(status_of(path("run")).st_mode & 07777, 0750u);
  EXPECT_EQ(status_of(path("run")).st_gid, ::getgrnam("mail")->gr_gid);
}

TEST_F(SocketTest, names_users_and_groups_that_do_not_exist) {
  configure_socket("address: \"" + address() + "\", group: nosuchgroup");
  EXPECT_EQ(fail_to_start(),
            "icloud-milter: socket.group: this host has no group \"nosuchgroup\"; name the mail "
            "server's group, or leave it empty\n");
  std::filesystem::remove(path("complaint"));
  configure_socket("address: \"" + address() + "\", group: \"\", owner: nosuchuser");
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.owner: this host has no user \"nosuchuser\"\n");
}

TEST_F(SocketTest, may_be_an_internet_address) {
  socket_address_ = fmt::format("inet:{}@127.0.0.1", free_port());
  configure_socket("address: \"" + socket_address_ + "\"");
  start();
  EXPECT_TRUE(send(letter()).goes_on());
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.address: cannot listen on " + socket_address_ +
                                 ": Address already in use\n");
  EXPECT_EQ(*daemon_->stop(), 0);
}

TEST_F(SocketTest, leaves_room_for_the_name_it_has_while_it_is_made) {
  const std::string name(107 - path("").size() - 1, 'x');
  socket_address_ = "unix:" + path(name + "y");
  configure();
  EXPECT_EQ(fail_to_start(), "icloud-milter: socket.address: " + path(name + "y") +
                                 ".new is longer than a unix socket's path may be; name a shorter "
                                 "one\n");
}

}  // namespace
}  // namespace icm
