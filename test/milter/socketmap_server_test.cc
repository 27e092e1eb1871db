// SPDX-License-Identifier: Apache-2.0
//
// Postfix's socketmap, with clients that behave and clients that do not.
#include "milter/socketmap_server.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/support/control_client.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/recording_log.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

// Knows one domain of Apple's, fails for "late", and keeps "slow" and "silent" waiting until they
// are let go.
class TestDns final : public AsyncResolver {
 public:
  DnsAnswer query(std::string_view name, RecordType, Deadline) override {
    DnsAnswer answer;
    if (name.starts_with("late")) return answer;
    answer.status = DnsStatus::ok;
    answer.ttl = 1h;
    const bool is_apples = name.find("plus") != std::string_view::npos;
    answer.exchanges = {{10, is_apples ? "mx01.mail.icloud.com" : "mx.example"}};
    return answer;
  }
  void prefetch(std::string_view, RecordType) override {}
  void ask(std::string_view name, RecordType type, Then then) override {
    ++asked;
    const DnsAnswer answer = query(name, type, Deadline::in({}));
    if (!name.starts_with("slow") && !name.starts_with("silent")) return then(answer);
    waiting_.with([&](auto& all) { all.push_back([then, answer] { then(answer); }); });
  }

  void let_go() {
    const auto all = waiting_.with([](auto& waiting) { return std::exchange(waiting, {}); });
    for (const auto& land : all) land();
  }

  std::atomic<int> asked = 0;

 private:
  Guarded<std::vector<std::function<void()>>> waiting_{{}};
};

class SocketmapServerTest : public testing::Test {
 protected:
  SocketmapServerTest() {
    config_.routing.by_mx = true;
    config_.routing.socketmap.group = "";
    config_.routing.socketmap.address = "unix:" + path();
  }
  std::string path() const { return directory_.path() / "routes"; }

  void open(SocketmapServer::Limits limits = {}) {
    auto dns = std::make_unique<TestDns>();
    dns_ = dns.get();
    auto world =
        World::over(config_, std::make_unique<MemorySuppressionList>(std::vector<Suppression>{}),
                    std::move(dns));
    world_.with([&](auto& current) { current = std::move(world); });
    auto server = SocketmapServer::open(config_.routing.socketmap, desk_, log_, limits);
    ASSERT_TRUE(server) << server.error().text;
    server_ = *std::move(server);
  }

  static std::string question(std::string_view key, std::string_view map = "icloud") {
    return fmt::format("{}:{} {},", map.size() + 1 + key.size(), map, key);
  }
  std::string asked(std::string_view key, std::string_view map = "icloud") {
    return raw(question(key, map));
  }
  std::string raw(std::string_view octets) {
    const ControlClient client(path());
    client.send(octets);
    client.finish();
    return client.read_all();
  }

  const std::string found_ = "32:OK icloud-gate:[127.0.0.1]:10027,";
  const std::string not_found_ = "9:NOTFOUND ,";
  Config config_;
  TemporaryDirectory directory_;
  RecordingLog log_;
  CurrentWorld world_;
  RouteDesk desk_{world_};
  TestDns* dns_ = nullptr;
  std::unique_ptr<SocketmapServer> server_;
};

using Socketmap = SocketmapServerTest;

TEST_F(Socketmap, tells_apples_domains_from_others) {
  config_.apple.domains = {*Domain::parse("own.example")};
  config_.routing.elsewhere = {*Domain::parse("plus.ours.example")};
  open();
  for (const std::string key : {"ann@icloud.com", "Ann@ICLOUD.com", "ann@own.example", "icloud.com",
                                "ann@plus.example", "a b@plus.example", "a@b@plus.example"}) {
    EXPECT_EQ(asked(key), found_) << key;
  }
  for (const std::string key :
       {"*", "", "@", "ann", "ann@", "ann@localhost", "ann@[192.0.2.1]", ".icloud.com",
        ".plus.example", "ann@.plus.example", "ann@plain.example", "ann@plus.ours.example",
        "ann@plus..example", "ann@\xff\xfe", "icloud.com@plain.example"}) {
    EXPECT_EQ(asked(key), not_found_) << key;
  }
  EXPECT_EQ(dns_->asked, 2) << "plus.example and plain.example, once each";
}

TEST_F(Socketmap, says_later_when_the_dns_does_not_say) {
  open();
  EXPECT_EQ(asked("ann@late.example"),
            "76:TEMP the DNS does not say whether late.example has Apple's mail servers (MX),");
  EXPECT_EQ(asked("ann@icloud.com"), found_);
}

TEST_F(Socketmap, lets_mail_by_where_that_is_chosen) {
  config_.routing.on_error = OnError::accept;
  open();
  EXPECT_EQ(asked("ann@late.example"), not_found_);
}

TEST_F(Socketmap, asks_nobody_where_that_is_off) {
  config_.routing.by_mx = false;
  open();
  EXPECT_EQ(asked("ann@plus.example"), not_found_);
  EXPECT_EQ(asked("ann@me.com"), found_);
  EXPECT_EQ(dns_->asked, 0);
}

TEST_F(Socketmap, refuses_a_map_that_is_none) {
  open();
  EXPECT_EQ(asked("ann@icloud.com", "virtual"),
            "49:PERM there is no map \"virtual\" here, but \"icloud\",");
}

TEST_F(Socketmap, answers_many_on_one_connection_in_order) {
  open();
  const std::string many = question("a@icloud.com") + question("a@plain.example") +
                           question("a@plus.example") + question("b@plain.example");
  EXPECT_EQ(raw(many), found_ + not_found_ + found_ + not_found_);
  std::string flood;
  std::string answers;
  for (int i = 0; i < 3000; ++i) {
    flood += question("a@icloud.com");
    answers += found_;
  }
  EXPECT_EQ(raw(flood).size(), answers.size());
}

TEST_F(Socketmap, tells_who_asks_nonsense_and_lets_him_go) {
  open();
  for (const std::string octets : {"GET / HTTP/1.0\r\n\r\n", "99999:", "3:abc;", "1:a,"}) {
    const ControlClient client(path());
    client.send(octets);
    const std::string told = client.read_all();  // without an end of ours
    EXPECT_NE(told.find(":PERM expected"), std::string::npos) << told;
  }
  EXPECT_EQ(asked("ann@icloud.com"), found_);
}

TEST_F(Socketmap, lets_go_who_is_silent_slow_or_does_not_read) {
  open({.idle = 200ms, .patience = 100ms});
  const ControlClient silent(path());
  const ControlClient slow(path());
  slow.send("21:icl");
  const ControlClient deaf(path());
  for (int i = 0; i < 200; ++i) deaf.send(question("a@icloud.com"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  for (int i = 0; i < 6000 && server_->connections() > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(Socketmap, who_waits_for_the_dns_keeps_nobody_else_waiting) {
  open();
  std::vector<std::future<std::string>> waiting;
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(std::async(std::launch::async, [this, i] {
      return asked(fmt::format("ann@slow{}.plus.example", i));
    }));
  }
  while (dns_->asked < 40) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(asked("ann@icloud.com"), found_);
  EXPECT_EQ(asked("ann@new.plus.example"), found_) << "names that stall do not stall others";
  dns_->let_go();
  for (auto& one : waiting) EXPECT_EQ(one.get(), found_);
}

TEST_F(Socketmap, says_later_after_a_while_and_knows_it_then) {
  open();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(asked("ann@silent.plus.example").find(":TEMP the DNS does not say") == 2);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 15s);
  EXPECT_TRUE(asked("bob@silent.plus.example").find(":TEMP the DNS does not say") == 2);
  EXPECT_EQ(dns_->asked, 1) << "a failure is believed";
  dns_->let_go();
  EXPECT_EQ(asked("ann@silent.plus.example"), found_);
}

TEST_F(Socketmap, silent_names_one_after_the_other_do_not_use_up_the_time_of_all) {
  open();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) asked(fmt::format("x@silent{}.example", i));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 25s) << "36 where each has the longest time";
}

TEST_F(Socketmap, serves_so_many_at_once_and_then_the_next) {
  open({.connections = 2});
  const ControlClient first(path());
  auto second = std::make_unique<ControlClient>(path());
  auto third = std::async(std::launch::async, [this] { return asked("ann@icloud.com"); });
  EXPECT_EQ(third.wait_for(100ms), std::future_status::timeout);
  second.reset();
  EXPECT_EQ(third.get(), found_);
}

TEST_F(Socketmap, ends_with_clients_and_questions_under_way) {
  open();
  const ControlClient idle(path());
  const ControlClient asking(path());
  asking.send(question("ann@slow.example"));
  while (dns_->asked == 0) std::this_thread::sleep_for(1ms);
  const auto start = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_FALSE(std::filesystem::exists(path()));
  dns_->let_go();  // who asked is gone
}

TEST_F(Socketmap, its_path_is_as_configured) {
  config_.routing.socketmap.mode = 0600;
  open();
  struct stat status {};
  ASSERT_EQ(::lstat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  RouteDesk desk(world_);
  const auto second = SocketmapServer::open(config_.routing.socketmap, desk, log_, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(
      second.error().text,
      fmt::format("routing.socketmap.address: another daemon answers at {}; stop it first, or "
                  "name another path",
                  path()));
}

}  // namespace
}  // namespace icm
