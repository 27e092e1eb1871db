// SPDX-License-Identifier: Apache-2.0
#include "milter/store_probe.h"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "milter/store_risks.h"
#include "test/support/memory_ledger.h"
#include "test/support/redis_process.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

// What the store does is up to the test.
class TestStore final : public SuppressionList {
 public:
  struct Control {
    std::promise<void> release;
    std::shared_future<void> released = release.get_future().share();
    std::atomic<int> asked = 0;
    bool is_stalled = false;
    std::string problem;
  };
  explicit TestStore(Control& control) : control_(control) {}

  Result<std::vector<Suppression>> find(const Mailbox&, const std::vector<std::string>&, bool,
                                        WallTime, Deadline) const override {
    ++control_.asked;
    if (control_.is_stalled) control_.released.wait();
    if (!control_.problem.empty()) return fail(Code::temporary, control_.problem);
    return std::vector<Suppression>{};
  }

 private:
  Control& control_;
};

TEST(StoreProbe, says_what_the_store_says) {
  TestStore::Control control;
  const auto world = World::over(Config(), std::make_unique<TestStore>(control));
  StoreProbe probe({}, 10s);
  EXPECT_EQ(probe.health(world, now).problem, "");
  control.problem = "the store is damaged";
  EXPECT_EQ(probe.health(world, now).problem, "the store is damaged");
  EXPECT_EQ(control.asked, 2);
}

TEST(StoreProbe, asks_the_ledger_where_a_policy_does) {
  TestStore::Control control;
  auto ledger = std::make_unique<MemoryLedger>();
  ledger->error = Error{Code::temporary, "the ledger is gone"};
  const auto world = World::over(Config(), std::make_unique<TestStore>(control), nullptr, {},
                                 World::Host::ours, nullptr, std::move(ledger));
  StoreProbe probe({}, 10s);
  EXPECT_EQ(probe.health(world, now).problem, "the ledger is gone");
}

TEST(StoreProbe, tells_what_the_servers_can_lose) {
  const RedisProcess server;  // keeps nothing
  Config config;
  config.store.kind = StoreKind::redis;
  config.store.redis.servers = {server.address()};
  TestStore::Control control;
  const auto world = World::over(config, std::make_unique<TestStore>(control));
  StoreProbe probe({}, 10s);
  const StoreHealth health = probe.health(world, now);
  EXPECT_EQ(health.problem, "");
  EXPECT_EQ(health.risks, store_risks(config.store, {}, Deadline::in(60s)));
  EXPECT_EQ(health.risks.size(), 1u);
}

TEST(StoreProbe, waits_for_no_disk_and_asks_a_stalled_one_but_once) {
  TestStore::Control control;
  control.is_stalled = true;
  const auto world = World::over(Config(), std::make_unique<TestStore>(control));
  StoreProbe probe({}, 20ms);
  const std::string stalled = "no answer since 2026-11-21T08:00:00.000Z; is the disk stalled?";
  EXPECT_EQ(probe.health(world, now).problem, stalled);
  EXPECT_EQ(probe.health(world, now + 1h).problem, stalled);
  while (control.asked == 0) std::this_thread::yield();
  EXPECT_EQ(control.asked, 1);
  control.release.set_value();
  StoreProbe patient({}, 10s);
  EXPECT_EQ(patient.health(world, now).problem, "");
  while (!probe.health(world, now).problem.empty()) continue;  // the late answer is taken, too
}

}  // namespace
}  // namespace icm
