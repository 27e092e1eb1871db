// SPDX-License-Identifier: Apache-2.0
//
// A thousand connections that say nothing: what they cost, and whether anybody else notices.
#include <chrono>
#include <vector>

#include <sys/resource.h>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr int connections = 1000;
constexpr rlim_t descriptors = 4096;

class Idle : public WireTest {
 protected:
  // The daemon inherits this.
  void SetUp() override {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur >= descriptors) return;
    if (limit.rlim_max < descriptors)
      GTEST_SKIP() << "this user may have " << limit.rlim_max << " open files only";
    limit.rlim_cur = descriptors;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
};

TEST_F(Idle, connections_cost_a_few_kilobytes_each_and_no_thread) {
  configure();
  start();
  EXPECT_TRUE(send(letter(), "ICLOUD-GATE").goes_on());
  const long memory_before = daemon_->status("VmRSS");
  std::vector<MilterClient> idle;
  for (int i = 0; i < connections; ++i) {
    idle.push_back(gate());
    // Between MAIL and RCPT, where a session holds most for longest while its client is slow.
    ASSERT_TRUE(idle.back().mail({"<a@ours.example>"}));
    ASSERT_TRUE(idle.back().socket().flush());
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(send(letter(), "ICLOUD-GATE").goes_on());
  const auto took = std::chrono::steady_clock::now() - before;

  const long growth = daemon_->status("VmRSS") - memory_before;
  const long threads = daemon_->status("Threads");
  fmt::print("{} idle connections: {} KiB more, {} threads; a message beside them took {:.1f} ms\n",
             connections, growth, threads, std::chrono::duration<double, std::milli>(took).count());
  EXPECT_LT(took, 20s);
  EXPECT_LT(threads, 20);
  constexpr long kib_for_each = 16;
  if (!is_sanitized) {
    EXPECT_LT(growth, connections * kib_for_each);
  }

  for (MilterClient& client : idle) {
    const auto answer = client.rcpt({"<bob@icloud.com>"});
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->kind, MilterAnswer::Kind::go_on);
  }
  idle.clear();
  EXPECT_EQ(daemon_->stop().value_or(-1), 0);
}

}  // namespace
}  // namespace icm
