// SPDX-License-Identifier: Apache-2.0
//
// Programs of others: what they are given, what they say, how they end.
#include "policy/base/program.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(RunProgram, hands_over_its_input_and_arguments_without_a_shell) {
  const TemporaryDirectory directory;
  const std::string script = directory.path().string() + "/alert";
  const std::string written = directory.path().string() + "/written";
  std::ofstream(script) << "#!/bin/sh\n{ echo \"$1 $#\"; cat; } > " << written << "\n";
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  const std::string input(200000, 'x');
  const Status done = run_program({script, "$(id); a"}, input, 10s);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(content_of(written), "$(id); a 1\n" + input);
}

TEST(RunProgram, ends_what_takes_too_long_with_all_that_it_began) {
  const TemporaryDirectory directory;
  const std::string script = directory.path().string() + "/alert";
  const std::string pid = directory.path().string() + "/pid";
  std::ofstream(script) << "#!/bin/sh\nsleep 60 &\necho $! > " << pid << "\nwait\n";
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  // On a machine that is busy it takes its time to begin.
  for (auto timeout = 100ms; timeout < 30s && content_of(pid).empty(); timeout *= 2) {
    const Status done = run_program({script}, "alert", timeout);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().text,
              fmt::format("{}: has not ended within {}ms, and was ended", script, timeout.count()));
  }
  const int child = std::atoi(content_of(pid).c_str());
  ASSERT_GT(child, 0);
  // Gone, or a zombie until its new parent looks.
  const auto is_over = [&] {
    const std::string state = content_of(fmt::format("/proc/{}/stat", child));
    return state.empty() || state.find(") Z ") != std::string::npos;
  };
  for (int tries = 0; tries < 2000 && !is_over(); ++tries) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(is_over());
}

TEST(RunProgram, says_how_it_ended) {
  EXPECT_EQ(run_program({"/nowhere/alert"}, "", 1s).error().text,
            "/nowhere/alert: cannot be run: No such file or directory");
  EXPECT_EQ(run_program({"/bin/false"}, std::string(200000, 'x'), 10s).error().text,
            "/bin/false: exit status 1");
  EXPECT_TRUE(run_program({"/bin/true"}, std::string(200000, 'x'), 10s));
}

TEST(AskProgram, hears_both_outputs_and_the_status) {
  const auto end = ask_program({"/bin/sh", "-c", "cat; echo problem >&2; exit 3"},
                               std::string(200000, 'x'), 10s, 200000);
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->status, 3);
  EXPECT_EQ(end->output, std::string(200000, 'x'));
  EXPECT_EQ(end->errors, "problem\n");
}

TEST(AskProgram, does_not_listen_without_end) {
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "yes"}, "", 60s, 100000).error().text,
            "/bin/sh: says more than can be listened to");
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "yes >&2"}, "", 60s, 100000).error().text,
            "/bin/sh: says more than can be listened to");
}

TEST(AskProgram, does_not_wait_for_what_a_program_left_behind) {
  const auto began = std::chrono::steady_clock::now();
  const auto end = ask_program({"/bin/sh", "-c", "sleep 30 & echo done"}, "", 20s, 100);
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 15s);
}

TEST(AskProgram, has_no_environment_but_a_path) {
  ::setenv("MAIL_CONFIG", "/nowhere", 1);
  const auto end = ask_program({"/usr/bin/env"}, "", 10s, 1000);
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
}

}  // namespace
}  // namespace icm
