// SPDX-License-Identifier: Apache-2.0
//
// Bodies are streamed: what a message costs in memory does not grow with it.
#include <algorithm>
#include <chrono>
#include <thread>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

class Memory : public WireTest {
 protected:
  // Waits until that many decisions are in the file.
  bool waits_for_log(int decisions) const {
    const Deadline deadline = Deadline::in(std::chrono::seconds{90});
    while (std::ranges::count(read("decisions.jsonl"), '\n') < decisions) {
      if (deadline.passed()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
  }
};

MilterMail message_of(std::size_t octets) {
  MilterMail mail;
  mail.recipients = {{"<bob@icloud.com>"}};
  mail.fields = {{"From", " a@ours.example"}, {"Subject", " large"}};
  const std::string line =
      "The quick brown fox jumps over the lazy dog and comes back for its hat.\r\n";
  mail.body.reserve(octets + line.size());
  while (mail.body.size() < octets) mail.body += line;
  return mail;
}

TEST_F(Memory, is_the_same_after_fifty_megabytes_as_after_four_kilobytes) {
  configure();
  start();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(send(message_of(4u << 10), "ICLOUD-GATE").goes_on());
  const long small = daemon_->status("VmHWM");
  EXPECT_TRUE(send(message_of(50u << 20), "ICLOUD-GATE").goes_on());
  EXPECT_TRUE(send(message_of(50u << 20), "smtpd").goes_on());
  const long large = daemon_->status("VmHWM");
  fmt::print("peak memory after 4 KiB messages {} KiB, after 50 MiB messages {} KiB\n", small,
             large);
  if (!is_sanitized) {
    EXPECT_LT(large - small, 1024);
  }
}

// A header is kept whole, but within limits.header_octets.
TEST_F(Memory, of_a_huge_header_is_bounded) {
  configure("format: {mode: enforce}\n");
  start();
  EXPECT_TRUE(send(letter(), "smtpd").goes_on());
  const long before = daemon_->status("VmHWM");
  MilterMail mail = letter();
  for (int i = 0; i < 800; ++i)
    mail.fields.emplace_back("X-Fill", " " + std::string(50000, 'x'));  // 40 MB
  const MilterOutcome outcome = send(mail, "ICLOUD-GATE");
  const long after = daemon_->status("VmHWM");
  fmt::print("peak memory before a header of 40 MB {} KiB, after it {} KiB\n", before, after);
  EXPECT_TRUE(outcome.answer.refuses());
  if (!is_sanitized) {
    EXPECT_LT(after - before, 8 * 1024);
  }
}

// The first messages fill what is kept for good: threads, connections, the queue of the log. A
// sanitizer's own memory says nothing, so that fewer are sent then.
TEST_F(Memory, does_not_grow_with_the_number_of_messages) {
  configure();
  start();
  MilterClient client = gate();
  int sent = 0;
  const auto send_until = [&](int total) {
    for (; sent < total; ++sent) {
      ASSERT_TRUE(send_mail(client, newsletter(fmt::format("4M{}", sent))));
      // The log's thread may be slower than we are; what waits for it is no growth.
      if (sent % 500 == 0) {
        ASSERT_TRUE(waits_for_log(sent));
      }
    }
  };
  const int first = is_sanitized ? 1000 : 5000;
  send_until(first);
  const long before = daemon_->status("VmRSS");
  send_until(3 * first);
  const long after = daemon_->status("VmRSS");
  fmt::print("memory after {} messages {} KiB, after {} {} KiB\n", first, before, sent, after);
  if (!is_sanitized) {
    EXPECT_LT(after - before, 1024);
  }
}

}  // namespace
}  // namespace icm
