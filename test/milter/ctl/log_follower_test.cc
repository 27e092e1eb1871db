// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_follower.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

namespace fs = std::filesystem;

std::string line(std::string_view id) {
  return fmt::format("{{\"time\":\"t\",\"verdict\":\"accept\",\"queue_id\":\"{}\"}}\n", id);
}

// A log file that is written to, and what a follower has seen of it.
class Following : public testing::Test {
 protected:
  void append(const fs::path& file, std::string_view text) {
    std::ofstream(file, std::ios::app | std::ios::binary) << text;
  }
  std::vector<std::string> poll() {
    seen_.clear();
    const Status status = follower_->poll(reader_);
    EXPECT_TRUE(status) << status.error().text;
    return seen_;
  }
  void follow(std::chrono::milliseconds farewell = std::chrono::seconds(60)) {
    Result<LogFollower> follower = LogFollower::open(log_, farewell);
    ASSERT_TRUE(follower) << follower.error().text;
    follower_.emplace(std::move(*follower));
  }

  using Ids = std::vector<std::string>;
  TemporaryDirectory directory_;
  fs::path log_ = directory_.write("decisions.jsonl", line("1"));
  fs::path rotated_ = directory_.path() / "decisions.jsonl.1";
  Ids seen_;
  LogReader reader_{[this](std::string_view, const DecisionRecord& decision) {
    seen_.emplace_back(decision.queue_id);
  }};
  std::optional<LogFollower> follower_;
};

TEST_F(Following, gives_what_is_there_and_then_what_is_added) {
  follow();
  EXPECT_EQ(poll(), (Ids{"1"}));
  EXPECT_EQ(poll(), (Ids{}));
  append(log_, line("2") + line("3"));
  EXPECT_EQ(poll(), (Ids{"2", "3"}));
}

TEST_F(Following, keeps_a_half_line_until_it_is_complete) {
  follow();
  poll();
  const std::string whole = line("2");
  append(log_, whole.substr(0, 20));
  EXPECT_EQ(poll(), (Ids{}));
  append(log_, whole.substr(20));
  EXPECT_EQ(poll(), (Ids{"2"}));
  EXPECT_EQ(reader_.report().bad_lines, 0u);
}

TEST_F(Following, goes_on_with_the_new_file_after_a_rename_and_still_hears_the_old_one) {
  follow();
  poll();
  fs::rename(log_, rotated_);
  EXPECT_EQ(poll(), (Ids{})) << "no new file yet";
  append(rotated_, line("2"));
  EXPECT_EQ(poll(), (Ids{"2"}));
  append(rotated_, line("3"));
  append(log_, line("4"));
  EXPECT_EQ(poll(), (Ids{"3", "4"})) << "the old file first";
  append(rotated_, line("5"));  // the daemon was not told to reopen yet
  append(log_, line("6"));
  EXPECT_EQ(poll(), (Ids{"5", "6"}));
}

TEST_F(Following, leaves_a_renamed_file_after_a_while_with_its_last_line) {
  follow(std::chrono::milliseconds(0));
  poll();
  std::string unended = line("2");
  unended.pop_back();
  append(log_, unended);
  fs::rename(log_, rotated_);
  append(log_, line("3"));
  EXPECT_EQ(poll(), (Ids{"3", "2"}));
  append(rotated_, line("4"));
  EXPECT_EQ(poll(), (Ids{}));
}

TEST_F(Following, survives_many_rotations) {
  follow();
  poll();
  for (int i = 2; i < 40; ++i) {
    fs::rename(log_, directory_.path() / fmt::format("decisions.jsonl.{}", i));
    append(log_, line(std::to_string(i)));
    EXPECT_EQ(poll(), (Ids{std::to_string(i)}));
  }
}

TEST_F(Following, begins_anew_when_the_file_is_truncated) {
  follow();
  poll();
  append(log_, line("2").substr(0, 20));
  EXPECT_EQ(poll(), (Ids{}));
  fs::resize_file(log_, 0);
  EXPECT_EQ(poll(), (Ids{}));
  append(log_, line("3"));
  EXPECT_EQ(poll(), (Ids{"3"}));
  EXPECT_EQ(reader_.report().bad_lines, 0u);
}

TEST_F(Following, goes_on_after_lines_that_are_no_decisions) {
  follow();
  poll();
  append(log_, std::string("no decision\n\0\n", 14) + line("2"));
  EXPECT_EQ(poll(), (Ids{"2"}));
  EXPECT_EQ(reader_.report().bad_lines, 2u);
  EXPECT_EQ(reader_.report().examples.at(0).substr(0, log_.string().size() + 12),
            log_.string() + ":2: not JSON");
}

TEST_F(Following, says_when_there_is_no_file) {
  const std::string missing = directory_.path() / "missing.jsonl";
  EXPECT_EQ(LogFollower::open(missing).error().text,
            missing + ": cannot open the decision log: No such file or directory");
}

}  // namespace
}  // namespace icm::ctl
