// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/other_user.h"

#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl::doctor {
namespace {

// A socket in a directory that everybody may pass, as root sees it.
class OtherUserTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OtherUser::can_be_tried()) GTEST_SKIP() << "only root can be another user";
    ::chmod(directory_.path().c_str(), 0755);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path().c_str(), sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ASSERT_EQ(::listen(listener_.get(), 8), 0);
  }
  std::string path() const { return directory_.path() / "milter.sock"; }
  int connect(const std::string& root, const std::string& directory, const std::string& to) const {
    return OtherUser::named("nobody")->connect_error(root, directory, to,
                                                     Deadline::in(std::chrono::seconds{60}));
  }

  TemporaryDirectory directory_;
  UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_F(OtherUserTest, connects_only_where_that_user_may) {
  ::chmod(path().c_str(), 0666);
  EXPECT_EQ(connect("", "", path()), 0);
  ::chmod(path().c_str(), 0600);
  EXPECT_EQ(connect("", "", path()), EACCES);
  ::chmod(path().c_str(), 0666);
  ::chmod(directory_.path().c_str(), 0700);
  EXPECT_EQ(connect("", "", path()), EACCES);
}

TEST_F(OtherUserTest, names_the_first_directory_that_is_closed) {
  const auto nobody = OtherUser::named("nobody");
  const std::string above = directory_.path() / "above";
  const std::string below = above + "/below";
  ASSERT_EQ(::mkdir(above.c_str(), 0755) + ::mkdir(below.c_str(), 0700), 0);
  const auto wall = [&](const std::string& root, const std::string& from, const std::string& to) {
    return nobody->first_impassable(root, from, to, Deadline::in(std::chrono::seconds{60}));
  };
  EXPECT_EQ(wall("", "", below + "/milter.sock"), below);
  EXPECT_EQ(wall("", above, "below/milter.sock"), below);
  EXPECT_EQ(wall(above, "", "/below/milter.sock"), below);
  EXPECT_EQ(wall(above, "", "below/milter.sock"), below);
  EXPECT_EQ(wall("", "", above + "/milter.sock"), "");
  ::chmod(above.c_str(), 0700);
  EXPECT_EQ(wall("", "", below + "/milter.sock"), above);
  EXPECT_EQ(wall(above, "", "below/milter.sock"), above);
}

TEST_F(OtherUserTest, sees_a_path_from_inside_a_chroot_and_from_a_directory) {
  ::chmod(path().c_str(), 0666);
  EXPECT_EQ(connect(directory_.path(), "", "milter.sock"), 0);
  EXPECT_EQ(connect(directory_.path(), "", "/milter.sock"), 0);
  EXPECT_EQ(connect(directory_.path(), "", path()), ENOENT);
  EXPECT_EQ(connect("", directory_.path(), "milter.sock"), 0);
}

TEST_F(OtherUserTest, says_what_that_user_may_write) {
  const auto nobody = OtherUser::named("nobody");
  const Deadline deadline = Deadline::in(std::chrono::seconds{60});
  EXPECT_EQ(nobody->access_error(directory_.path(), W_OK | X_OK, deadline), EACCES);
  ::chmod(directory_.path().c_str(), 0777);
  EXPECT_EQ(nobody->access_error(directory_.path(), W_OK | X_OK, deadline), 0);
}

TEST_F(OtherUserTest, is_nobody_where_there_is_no_such_user) {
  EXPECT_EQ(OtherUser::named("no-such-user").error().text,
            "there is no user no-such-user on this host");
}

}  // namespace
}  // namespace icm::ctl::doctor
