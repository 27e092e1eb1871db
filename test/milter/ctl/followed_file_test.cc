// SPDX-License-Identifier: Apache-2.0
//
// Real files, rotated as logrotate does it, under a reader that stays and one that comes back.
#include "milter/ctl/followed_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class FollowedFileTest : public testing::Test {
 protected:
  void append(const fs::path& file, std::string_view text) {
    std::ofstream(file, std::ios::app | std::ios::binary) << text;
  }
  void open(std::optional<std::string> position = std::nullopt, std::uint64_t at_most = 0) {
    auto followed = FollowedFile::open(
        log_, position ? std::optional<std::string_view>(*position) : std::nullopt,
        {.longest_line = 100, .farewell = farewell_, .at_most = at_most});
    ASSERT_TRUE(followed) << followed.error().text;
    followed_.emplace(std::move(*followed));
  }
  Lines read(std::size_t most = 1000) {
    Lines lines;
    while (lines.size() < most) {
      const auto line = followed_->next();
      EXPECT_TRUE(line) << line.error().text;
      if (!line || !*line) break;
      lines.push_back((*line)->too_long ? "(too long)" : std::string((*line)->text));
    }
    return lines;
  }
  // Whoever read is gone, and comes back with what it wrote down.
  void come_back() { open(followed_->position()); }
  void older(const fs::path& file, std::chrono::seconds by) {
    fs::last_write_time(file, fs::last_write_time(file) - by);
  }

  TemporaryDirectory directory_;
  fs::path log_ = directory_.write("mail.log", "one\ntwo\n");
  fs::path rotated_ = directory_.path() / "mail.log.1";
  std::chrono::milliseconds farewell_{0};
  std::optional<FollowedFile> followed_;
};

TEST_F(FollowedFileTest, gives_each_line_once_and_a_half_line_when_it_is_whole) {
  open();
  EXPECT_EQ(read(), (Lines{"one", "two"}));
  append(log_, "thr");
  EXPECT_EQ(read(), Lines{});
  append(log_, "ee\nfour\n");
  EXPECT_EQ(read(), (Lines{"three", "four"}));
  EXPECT_EQ(followed_->left(), 0u);
}

TEST_F(FollowedFileTest, goes_on_where_it_was_written_down) {
  open();
  EXPECT_EQ(read(1), Lines{"one"});
  EXPECT_EQ(followed_->left(), 4u);
  come_back();
  EXPECT_EQ(read(), Lines{"two"});
  append(log_, "thr");
  EXPECT_EQ(read(), Lines{});
  come_back();
  append(log_, "ee\n");
  EXPECT_EQ(read(), Lines{"three"});
  EXPECT_EQ(followed_->take_notices(), Lines{});
}

TEST_F(FollowedFileTest, reads_a_renamed_file_to_its_end_and_then_the_new_one) {
  open();
  read();
  fs::rename(log_, rotated_);
  append(rotated_, "three\n");  // the writer has not reopened yet
  EXPECT_EQ(read(), Lines{"three"});
  append(log_, "four\n");
  EXPECT_EQ(read(), Lines{"four"});
  append(log_, "five\n");
  EXPECT_EQ(read(), Lines{"five"});
}

TEST_F(FollowedFileTest, stays_with_a_renamed_file_while_it_may_be_written_to) {
  farewell_ = std::chrono::hours(1);
  open();
  read();
  fs::rename(log_, rotated_);
  append(log_, "four\n");
  EXPECT_EQ(read(), Lines{});
  append(rotated_, "three\n");
  EXPECT_EQ(read(), Lines{"three"});
  older(rotated_, std::chrono::hours(2));
  come_back();
  EXPECT_EQ(read(), Lines{"four"});
}

TEST_F(FollowedFileTest, finds_its_line_in_the_renamed_file_after_a_restart) {
  open();
  EXPECT_EQ(read(1), Lines{"one"});
  older(log_, std::chrono::seconds(20));
  fs::rename(log_, directory_.path() / "mail.log.2");
  append(rotated_, "three\n");
  older(rotated_, std::chrono::seconds(10));
  append(directory_.path() / "mail.log.3.gz", "compressed\n");
  append(directory_.path() / "mail.logs", "another\n");
  append(log_, "four\n");
  come_back();
  EXPECT_EQ(read(), (Lines{"two", "three", "four"}));
  EXPECT_EQ(followed_->take_notices(), Lines{});
}

TEST_F(FollowedFileTest,
       reads_what_was_copied_away_from_the_copy_and_then_the_file_from_its_start) {
  open();
  EXPECT_EQ(read(), (Lines{"one", "two"}));
  append(log_, "three\n");
  fs::copy_file(log_, rotated_);
  fs::resize_file(log_, 0);
  append(log_, "four\n");
  EXPECT_EQ(read(), (Lines{"three", "four"}));
  append(log_, "five\n");
  EXPECT_EQ(read(), Lines{"five"});
  EXPECT_EQ(followed_->take_notices(), Lines{});
}

TEST_F(FollowedFileTest, notices_a_file_that_was_truncated_and_has_grown_past_where_it_was) {
  open();
  read();
  fs::copy_file(log_, rotated_);
  fs::resize_file(log_, 0);
  append(log_, "four and five and six\n");
  EXPECT_EQ(read(), Lines{"four and five and six"});
  fs::remove(rotated_);
  fs::resize_file(log_, 0);
  append(log_, "seven, which is longer than all before\n");
  EXPECT_EQ(read(), Lines{"seven, which is longer than all before"});
  EXPECT_EQ(followed_->take_notices(),
            Lines{log_.string() + ": was truncated; read from the beginning"});
}

TEST_F(FollowedFileTest, finds_the_copy_after_a_restart_though_the_file_has_grown_again) {
  open();
  EXPECT_EQ(read(1), Lines{"one"});
  fs::copy_file(log_, rotated_);
  fs::resize_file(log_, 0);
  append(log_, "four and five and six\n");
  come_back();
  EXPECT_EQ(read(), (Lines{"two", "four and five and six"}));
}

TEST_F(FollowedFileTest, begins_anew_and_says_so_when_its_line_is_nowhere) {
  open();
  read();
  fs::remove(log_);
  append(log_, "other\nlines\n");
  come_back();
  EXPECT_EQ(read(), (Lines{"other", "lines"}));
  EXPECT_EQ(followed_->take_notices(),
            Lines{log_.string() +
                  ": the line that was read last is in no file any more; read from the beginning"});
}

TEST_F(FollowedFileTest, takes_no_hostile_line_or_position_amiss) {
  append(log_, std::string(5000, 'x') + "\n" + std::string("a\0b\xff\n", 5) + "end\n");
  open();
  EXPECT_EQ(read(), (Lines{"one", "two", "(too long)", std::string("a\0b\xff", 4), "end"}));
  come_back();
  EXPECT_EQ(read(), Lines{});
  for (const char* position :
       {"", "1:2:3", "a:b:c:d:e", "1:2:99999999999999999999:4:5", "0:0:0:0:0:0"}) {
    open(position);
    EXPECT_EQ(read().size(), 5u) << position;
  }
}

TEST_F(FollowedFileTest, begins_near_the_end_where_the_past_is_too_long) {
  open(std::nullopt, 6);
  EXPECT_EQ(read(), (Lines{"e", "two"}));  // the rest of a line, which its reader refuses
}

TEST_F(FollowedFileTest, says_why_a_file_cannot_be_read) {
  const auto missing =
      FollowedFile::open(directory_.path() / "none", std::nullopt, {.longest_line = 100});
  EXPECT_EQ(missing.error(),
            (Error{Code::permanent, (directory_.path() / "none").string() +
                                        ": cannot be read: No such file or directory"}));
  const auto folder = FollowedFile::open(directory_.path(), std::nullopt, {.longest_line = 100});
  EXPECT_EQ(folder.error().text, directory_.path().string() + ": cannot be read: Invalid argument");
}

}  // namespace
}  // namespace icm::ctl
