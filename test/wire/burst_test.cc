// SPDX-License-Identifier: Apache-2.0
//
// Many connections at once while every judgement has to wait: libmilter hands sessions to workers
// that are already spoken for, so a callback's longest time is a neighbour's waiting time. What is
// promised is a bound, not that nobody waits.
#include <chrono>
#include <thread>
#include <vector>

#include "test/wire/stalled_store.h"
#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Burst = WireTest;
using Time = std::chrono::steady_clock;

constexpr int connections = 12;
constexpr auto deadline = 1s;

struct Answered {
  MilterOutcome outcome;
  Time::duration after{};
};

// All connect first and then send at the same moment.
std::vector<Answered> send_at_once(const std::string& address, const MilterMail& mail) {
  std::vector<Answered> all(connections);
  std::vector<std::jthread> threads;
  const auto start = Time::now() + 200ms;
  for (Answered& answered : all) {
    threads.emplace_back([&address, &mail, &answered, start] {
      auto client = MilterClient::open(address, {}, 60s);
      if (!client) return;
      client->define("{daemon_name}", "ICLOUD-GATE");
      if (!client->connect({}) || !client->helo("localhost")) return;
      std::this_thread::sleep_until(start);
      answered.outcome = send_mail(*client, mail).value_or(MilterOutcome{});
      answered.after = Time::now() - start;
    });
  }
  threads.clear();
  return all;
}

Time::duration longest(const std::vector<Answered>& all) {
  Time::duration most{};
  for (const Answered& one : all) most = std::max(most, one.after);
  return most;
}

double seconds(Time::duration span) { return std::chrono::duration<double>(span).count(); }

TEST_F(Burst, of_twelve_is_answered_within_a_bound_when_every_lookup_takes_its_deadline) {
  suppress("bob@icloud.com");  // so that the store is asked
  store_settings_ = ", while_away: on_error";
  configure("limits: {message_deadline: 1s}\nsuppression: {mode: enforce}\n");
  start();
  {
    const StalledStore stalled(path("store.db"));
    const auto all = send_at_once(address(), letter());
    for (const Answered& one : all) {
      ASSERT_EQ(one.outcome.recipients.size(), 1u);
      EXPECT_EQ(one.outcome.recipients[0].text,
                "451 4.3.0 suppression.error: this mail could not be judged now; try again later");
      EXPECT_GE(one.after, deadline - 50ms);
    }
    RecordProperty("last_answer_seconds", fmt::format("{:.2f}", seconds(longest(all))));
    fmt::print("last of {} answers after {:.2f} s, each judgement taking {:.0f} s\n", connections,
               seconds(longest(all)), seconds(deadline));
    // Were every session to wait for all others, the last would wait for twelve.
    EXPECT_LT(longest(all), connections * deadline);
  }
  EXPECT_TRUE(daemon_->is_running());
  // A machine that stood still for a moment may do so no longer.
  std::vector<Answered> after = send_at_once(address(), letter());
  for (int i = 0; i < 10 && longest(after) >= deadline; ++i) {
    after = send_at_once(address(), letter());
  }
  for (const Answered& one : after) {
    ASSERT_EQ(one.outcome.recipients.size(), 1u);
    EXPECT_TRUE(one.outcome.recipients[0].text.starts_with("550 5.1.1 suppression.hard-bounce: "))
        << one.outcome.recipients[0].text;
  }
  EXPECT_LT(longest(after), deadline);
}

}  // namespace
}  // namespace icm
