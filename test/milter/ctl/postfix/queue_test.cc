// SPDX-License-Identifier: Apache-2.0
//
// The queue as its files and postcat(1) show it. That mail is queued anew is shown with a real
// Postfix (test/postfix/wiring_test.py).
#include "milter/ctl/postfix/queue.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl::postfix {
namespace {

TEST(PostfixQueue, is_listed_by_its_files) {
  const TemporaryDirectory spool;
  const auto make = [&](const char* folder, const char* name) {
    std::filesystem::create_directories(spool.path() / folder);
    spool.write(std::string(folder) + "/" + name, "");
  };
  make("hold", "4Xq1Zb2Qz0z3Kb");
  make("deferred/A", "A1B2C3D4E5");
  make("deferred/A/1", "A1F2C3D4E5");
  make("active", "B1B2C3D4E5");
  make("active", "not an id");
  make("active", ".hidden");
  make("maildrop", "C1B2C3D4E5");
  make("defer/A", "A1B2C3D4E5");
  std::filesystem::create_directories(spool.path() / "deferred/DDDDDD");
  std::filesystem::create_symlink("/etc/passwd", spool.path() / "hold/EEEEEE");
  auto listed = list_queue(spool.path().string());
  ASSERT_TRUE(listed) << listed.error().text;
  std::ranges::sort(*listed, {}, &QueuedMessage::id);
  EXPECT_EQ(*listed, (std::vector<QueuedMessage>{{.id = "4Xq1Zb2Qz0z3Kb", .queue = "hold"},
                                                 {.id = "A1B2C3D4E5", .queue = "deferred"},
                                                 {.id = "A1F2C3D4E5", .queue = "deferred"},
                                                 {.id = "B1B2C3D4E5", .queue = "active"}}));
  const auto nowhere = list_queue((spool.path() / "nowhere").string());
  ASSERT_TRUE(nowhere);
  EXPECT_TRUE(nowhere->empty());
}

TEST(PostfixQueue, knows_mail_that_has_passed) {
  const Envelopes envelopes = read_envelopes(
      "content_filter: icloud-out:\n"
      "*** ENVELOPE RECORDS deferred/A/A1 ***\nsender: a\n"
      "content_filter: icloud-out:[relay]:25\n"
      "*** ENVELOPE RECORDS active/B2 ***\ncontent_filter: amavis:\n");
  EXPECT_EQ(envelopes.passed, std::vector<std::string>{"A1"});
  EXPECT_EQ(envelopes.looked_at, (std::vector<std::string>{"A1", "B2"}));
}

}  // namespace
}  // namespace icm::ctl::postfix
