// SPDX-License-Identifier: Apache-2.0
//
// The control socket under stress: whatever comes there, mail goes on and others are answered.
#include <atomic>
#include <thread>
#include <vector>

#include "test/support/control_client.h"
#include "test/support/redis_process.h"
#include "test/wire/stalled_store.h"
#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

class ControlStress : public WireTest {
 protected:
  ControlStress() { control_socket_ = path("control"); }

  void start_and_wait() {
    configure("suppression: {mode: enforce}\n");
    start();
    ASSERT_TRUE(daemon_);
    ASSERT_TRUE(says("ready: version " ICM_VERSION ", listening on " + address()));
  }

  std::string ask(std::string_view request) const { return ask_control(path("control"), request); }

  nlohmann::json status() const {
    return nlohmann::json::parse(ask("icloud-milter/1 status\n"), nullptr, false);
  }
};

TEST_F(ControlStress, hostile_clients_stop_neither_mail_nor_answers) {
  start_and_wait();
  const auto before = status();
  ASSERT_TRUE(before.is_object());
  std::vector<ControlClient> silent;
  for (int i = 0; i < 8; ++i) silent.emplace_back(path("control"));
  EXPECT_TRUE(send(newsletter("4Silent"), "ICLOUD-GATE").goes_on());
  EXPECT_TRUE(status().is_object()) << "once the silent ones were let go";
  for (const ControlClient& client : silent) EXPECT_EQ(client.read_all(), "");

  EXPECT_EQ(ask("\xff\xfe\x80 garbage\n").substr(0, 6), "error ");
  EXPECT_EQ(ask(std::string(1u << 20, 'x')), "error the request is longer than 255 octets\n");
  for (int i = 0; i < 200; ++i) ControlClient(path("control")).send("icloud-milter/1 reload");
  EXPECT_TRUE(send(newsletter("4Garbage"), "ICLOUD-GATE").goes_on());
  EXPECT_EQ(status()["messages"]["judged"], 2);
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_EQ(read("log").find("panic"), std::string::npos) << read("log");
}

TEST_F(ControlStress, a_store_that_stalls_is_told_of_and_keeps_nobody_waiting) {
  start_and_wait();
  EXPECT_EQ(status()["attention"], nlohmann::json::array());
  {
    const StalledStore stalled(path("store.db"));
    const auto told = status();
    ASSERT_EQ(told["attention"].size(), 1u);
    const std::string problem = told["store"]["problem"];
    EXPECT_NE(problem, "");
    EXPECT_EQ(told["attention"][0], "store: " + problem);
  }
  await("the store answers again",
        [&] { return status()["attention"] == nlohmann::json::array(); });
}

TEST_F(ControlStress, many_clients_ask_and_change_while_mail_goes_through) {
  start_and_wait();
  constexpr int clients = 8, requests = 25, messages = 100;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([&, i] {
        constexpr std::string_view words[] = {
            "status", "reload", "stats", "policy format enforce for 1s", "policy format observe"};
        for (int n = 0; n < requests; ++n) {
          const auto word = words[static_cast<std::size_t>(i + n) % std::size(words)];
          const std::string answer = ask(fmt::format("icloud-milter/1 {}\n", word));
          if (answer.starts_with("{\"protocol\":1,") || answer.starts_with("error the daemon is "))
            ++answered;
        }
      });
    }
    MilterClient client = gate();
    for (int i = 0; i < messages; ++i) {
      ASSERT_TRUE(send_mail(client, newsletter(fmt::format("4M{}", i))));
    }
  }
  EXPECT_EQ(answered, clients * requests);
  EXPECT_EQ(status()["messages"]["judged"], messages);
  EXPECT_EQ(messages_by_queue_id().size(), static_cast<std::size_t>(messages));
  EXPECT_EQ(*daemon_->stop(), 0);
}

}  // namespace
}  // namespace icm
