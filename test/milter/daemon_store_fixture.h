// SPDX-License-Identifier: Apache-2.0
//
// DaemonStore: the real icloud-milter that enforces the suppression list, over a store that a test
// writes to, and damages.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "policy/store/stores.h"
#include "test/milter/daemon_fixture.h"
#include "test/support/redis_process.h"
#include "test/support/suppression_entries.h"

namespace icm {

class DaemonStore : public DaemonTest {
 protected:
  static constexpr auto enforced = "suppression: {mode: enforce}\n";
  static Deadline soon() { return Deadline::in(std::chrono::seconds{60}); }

  StoreConfig store() const {
    StoreConfig config;
    config.path = path("store.db");
    return config;
  }

  void point_to(const RedisProcess& server) {
    store_settings_ =
        fmt::format(", kind: redis, redis: {{servers: [\"{}\"]}}", server.address().text());
    config_ = store();
    config_.kind = StoreKind::redis;
    config_.redis.servers = {server.address()};
    config_.redis.timeout = std::chrono::seconds{60};
  }

  void add(const std::string& address, const StoreConfig& config) {
    const auto book = open_book(config, Missing::refuse, soon());
    ASSERT_TRUE(book) << book.error().text;
    ASSERT_TRUE((*book)->add(entries::entry(address), entries::deed()));
  }

  // "250" or the reply, at RCPT.
  std::string reply_for(const std::string& address) const {
    MilterMail mail = letter();
    mail.recipients = {{"<" + address + ">"}};
    const MilterOutcome outcome = send(mail, "ICLOUD-GATE");
    const std::string& text = outcome.recipients.at(0).text;
    return text.empty() ? "250" : text.substr(0, text.find(':'));
  }

  // Waits for a line with these words; how many there are.
  int lines_with(const std::string& words) const {
    int count = 0;
    await(words, [&] {
      const std::string log = read("log");
      count = 0;
      for (std::size_t at = 0; (at = log.find(words, at)) != std::string::npos; ++at) ++count;
      return count > 0;
    });
    return count;
  }

  // So that memory has what was added last.
  static void let_it_follow() { std::this_thread::sleep_for(std::chrono::seconds{1}); }

  // Starts with a store that has bob, whom memory knows.
  void start_with_bob(const StoreConfig& config) {
    ASSERT_EQ(make_store(config, soon()), true);
    add("bob@icloud.com", config);
    start();
    expect_bob_alone_refused();
    lines_with("entries in memory");
    let_it_follow();
  }

  void expect_bob_alone_refused() const {
    EXPECT_EQ(reply_for("bob@icloud.com"), suppressed);
    EXPECT_EQ(reply_for("eve@icloud.com"), "250");
  }

  StoreConfig config_;
  static constexpr auto suppressed = "550 5.7.1 suppression.unsubscribe";
};

}  // namespace icm
