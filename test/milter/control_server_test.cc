// SPDX-License-Identifier: Apache-2.0
//
// The control socket, with a desk that says what it was asked.
#include "milter/control_server.h"

#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/control_client.h"
#include "test/support/recording_log.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

// Answers status at once and stats at great length; keeps the answers of everything else.
class TestDesk final : public ControlDesk {
 public:
  void asked(ControlRequest request, const ControlPeer& peer, ControlAnswer answer) override {
    if (request.word == ControlRequest::Word::status) {
      return answer(fmt::format("{} by {}", to_line(request), peer.user));
    }
    if (request.word == ControlRequest::Word::stats) return answer(std::string(2u << 20, 'x'));
    const std::scoped_lock lock(mutex_);
    kept_.push_back(std::move(answer));
  }

  // Waits for the next answer that was kept.
  ControlAnswer kept() {
    for (;;) {
      {
        const std::scoped_lock lock(mutex_);
        if (!kept_.empty()) {
          ControlAnswer answer = std::move(kept_.front());
          kept_.erase(kept_.begin());
          return answer;
        }
      }
      std::this_thread::sleep_for(1ms);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<ControlAnswer> kept_;
};

class ControlServerTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path() / "control"; }

  ControlConfig config() const {
    ControlConfig config;
    config.socket = path();
    return config;
  }

  void open(ControlServer::Limits limits = {}) {
    auto server = ControlServer::open(config(), desk_, log_, limits);
    ASSERT_TRUE(server) << server.error().text;
    server_ = *std::move(server);
  }

  std::string status() const { return ask_control(path(), "icloud-milter/1 status\n"); }
  static std::string good_status() {
    return fmt::format("icloud-milter/1 status by {}\n", ::getuid());
  }

  TemporaryDirectory directory_;
  RecordingLog log_;
  TestDesk desk_;
  std::unique_ptr<ControlServer> server_;
};

using Control = ControlServerTest;

TEST_F(Control, answers_one_line_with_one_line_and_knows_who_asked) {
  open();
  EXPECT_EQ(status(), good_status());
  EXPECT_EQ(ask_control(path(), "icloud-milter/1 status\nicloud-milter/1 status\n"), good_status());
}

TEST_F(Control, takes_a_line_in_pieces) {
  open();
  const ControlClient client(path());
  for (const std::string_view piece : {"icloud-", "milter/1 sta", "tus", "\n"}) {
    client.send(piece);
    EXPECT_EQ(status(), good_status()) << "others are served meanwhile";
  }
  EXPECT_EQ(client.read_all(), good_status());
}

TEST_F(Control, says_what_is_wrong_with_a_line) {
  open();
  EXPECT_EQ(ask_control(path(), "icloud-milter/1 stop\n"),
            "error expected status, stats, reload, policy, throttle, got \"stop\"\n");
  EXPECT_EQ(ask_control(path(), std::string(256, 'x') + "\n"),
            "error the request is longer than 255 octets\n");
  const ControlClient client(path());
  client.send("icloud-milter/1 status");
  client.finish();
  EXPECT_EQ(client.read_all(), "error the request has no end: LF is missing\n");
}

TEST_F(Control, reads_no_more_of_an_endless_line_than_it_needs) {
  open();
  const ControlClient client(path());
  client.send(std::string(1u << 20, 'x'));
  EXPECT_EQ(client.read_all(), "error the request is longer than 255 octets\n");
  EXPECT_EQ(status(), good_status());
}

TEST_F(Control, says_nothing_to_whom_says_nothing) {
  open();
  const ControlClient client(path());
  client.finish();
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(Control, lets_the_silent_go_so_that_others_are_let_in) {
  open({.clients = 2, .patience = 3s});
  const ControlClient silent(path());
  const ControlClient half(path());
  half.send("icloud-milter/1 ");
  EXPECT_EQ(status(), good_status()) << "waits for a place and gets one";
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(Control, lets_go_who_does_not_read_the_answer) {
  open({.clients = 1, .patience = 3s});
  const ControlClient deaf(path());
  deaf.send("icloud-milter/1 stats\n");
  EXPECT_EQ(status(), good_status());
  EXPECT_LT(deaf.read_all().size(), 2u << 20);
}

TEST_F(Control, gives_a_long_answer_whole_to_who_reads_it) {
  open();
  EXPECT_EQ(ask_control(path(), "icloud-milter/1 stats\n"), std::string(2u << 20, 'x') + "\n");
}

TEST_F(Control, waits_for_an_answer_that_comes_later_from_elsewhere) {
  open();
  const ControlClient first(path());
  const ControlClient second(path());
  first.send("icloud-milter/1 reload\n");
  ControlAnswer answer = desk_.kept();
  second.send("icloud-milter/1 reload\n");
  ControlAnswer other = desk_.kept();
  EXPECT_EQ(status(), good_status());
  other("two");
  EXPECT_EQ(second.read_all(), "two\n");
  answer("one");
  answer("one more");
  EXPECT_EQ(first.read_all(), "one\n");
}

TEST_F(Control, says_so_when_the_answer_does_not_come) {
  open({.desk_patience = 50ms});
  EXPECT_EQ(ask_control(path(), "icloud-milter/1 reload\n"),
            "error the daemon is busy; its log says with what\n");
}

TEST_F(Control, forgets_an_answer_whose_client_is_gone_and_one_that_outlives_it) {
  open();
  { ControlClient(path()).send("icloud-milter/1 reload\n"); }
  const ControlAnswer late = desk_.kept();
  late("nobody reads this");
  EXPECT_EQ(status(), good_status());
  const ControlClient client(path());
  client.send("icloud-milter/1 reload\n");
  const ControlAnswer too_late = desk_.kept();
  server_.reset();
  EXPECT_EQ(client.read_all(), "");
  too_late("nobody reads this either");
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Control, serves_many_at_once) {
  open();
  std::vector<std::string> answers(64);
  {
    std::vector<std::jthread> clients;
    for (std::string& answer : answers) clients.emplace_back([&] { answer = status(); });
  }
  for (const std::string& answer : answers) EXPECT_EQ(answer, good_status());
}

TEST_F(Control, lets_nobody_command_who_is_not_named) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  ::chmod(directory_.path().c_str(), 0755);
  ControlConfig open_to_all = config();
  open_to_all.mode = 0666;
  auto server = ControlServer::open(open_to_all, desk_, log_);
  ASSERT_TRUE(server) << server.error().text;
  const pid_t child = ::fork();
  if (child == 0) {  // a process of its own: credentials belong to the whole process
    constexpr uid_t nobody = 65534;
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(2);
    const std::string said = ask_control(path(), "icloud-milter/1 status\n");
    ::_exit(said == "error uid 65534 may not command this daemon; root may, its own user, and "
                    "those of control.owner and control.group\n"
                ? 0
                : 1);
  }
  int ended = -1;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  EXPECT_EQ(ended, 0);
}

TEST_F(Control, has_the_mode_that_is_configured_and_takes_no_path_from_another) {
  open();
  struct stat status {};
  ASSERT_EQ(::lstat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  const auto second = ControlServer::open(config(), desk_, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(),
            (Error{Code::config, "control.socket: another daemon answers at " + path() +
                                     "; stop it first, or name another path"}));
}

TEST_F(Control, names_the_option_that_keeps_it_from_being_made) {
  ControlConfig wrong = config();
  wrong.group = "no-such-group";
  const auto group = ControlServer::open(wrong, desk_, log_);
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().text,
            "control.group: this host has no group \"no-such-group\"; name one of administrators, "
            "or leave it empty");
  wrong = config();
  wrong.socket = directory_.path() / "no/such/control";
  const auto directory = ControlServer::open(wrong, desk_, log_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().text, "control.socket: cannot make the directory " +
                                        (directory_.path() / "no/such").string() +
                                        ": No such file or directory");
}

}  // namespace
}  // namespace icm
