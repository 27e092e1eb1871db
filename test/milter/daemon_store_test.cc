// SPDX-License-Identifier: Apache-2.0
//
// The real icloud-milter when its store is emptied, vanishes, stops and comes back, over SQLite and
// a real Redis: whoever is on the list gets no mail, and no lost list is taken for one that is
// empty.
#include <filesystem>

#include "test/milter/daemon_store_fixture.h"
#include "test/support/control_client.h"

namespace icm {
namespace {

TEST_F(DaemonStore, goes_on_with_what_it_knows_when_the_file_vanishes_and_after_a_restart) {
  configure(enforced);
  start();
  add("bob@icloud.com", store());
  expect_bob_alone_refused();
  let_it_follow();
  std::filesystem::rename(path("store.db"), path("elsewhere"));
  EXPECT_EQ(lines_with("the store is away: " + path("store.db") + ": the store is not there any"),
            1);
  expect_bob_alone_refused();
  ASSERT_EQ(*daemon_->stop(), 0);

  start();
  expect_bob_alone_refused();
  EXPECT_EQ(lines_with("the store is away: " + path("store.db") + ": there is no store"), 1);
  EXPECT_FALSE(std::filesystem::exists(path("store.db")));
  std::filesystem::rename(path("elsewhere"), path("store.db"));
  EXPECT_EQ(lines_with("the store answers again"), 1);
  expect_bob_alone_refused();
  EXPECT_EQ(read("log").find("is away", read("log").find("answers again")), std::string::npos);
}

TEST_F(DaemonStore, is_watched_while_nobody_knows_what_is_paused) {
  configure(std::string(enforced) + "throttle: {mode: observe}\n" +
            fmt::format("metrics: {{address: \"unix:{}\"}}\n", path("metrics")));
  start();
  add("bob@icloud.com", store());
  let_it_follow();
  ASSERT_EQ(*daemon_->stop(), 0);
  std::filesystem::rename(path("store.db"), path("elsewhere"));
  start();
  ASSERT_EQ(lines_with("the store is away: "), 1);
  const ControlClient client(path("metrics"));
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string page = client.read_all();
  EXPECT_NE(page.find("icloud_milter_throttle_backoff_active{kind=\"pause\"} 0\n"),
            std::string::npos)
      << page;
  expect_bob_alone_refused();
}

TEST_F(DaemonStore, does_not_start_over_a_lost_file_when_nothing_may_stand_in) {
  store_settings_ = ", while_away: on_error";
  configure(enforced);
  start();
  add("bob@icloud.com", store());
  std::filesystem::rename(path("store.db"), path("elsewhere"));
  lines_with("the store is away");
  EXPECT_EQ(reply_for("eve@icloud.com"), "451 4.3.0 suppression.error");
  ASSERT_EQ(*daemon_->stop(), 0);
  const std::string told = fail_to_start();
  EXPECT_NE(told.find(path("store.db") + ": there is no store; put its backup back if there was "
                                         "one, or make an empty one with icloud-milterctl store "
                                         "init\n"),
            std::string::npos)
      << told;
  EXPECT_FALSE(std::filesystem::exists(path("store.db")));
}

TEST_F(DaemonStore, refuses_who_is_on_a_list_that_keeps_no_address_and_starts_with_no_other_key) {
  const auto write_key = [&](const std::string& name, char digit) {
    directory_.write(name, std::string(64, digit) + "\n");
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read);
  };
  write_key("ours.key", 'a');
  write_key("others.key", 'b');
  StoreConfig config = store();
  config.hash_key_file = path("ours.key");
  store_settings_ = ", hash_key_file: " + config.hash_key_file;
  configure(enforced);
  start_with_bob(config);
  ASSERT_EQ(*daemon_->stop(), 0);
  for (const char* const file : {"store.db", "store.db-wal", "store.db-snapshot"}) {
    EXPECT_EQ(read(file).find("bob"), std::string::npos) << file;
  }
  start();  // with what the snapshot's file tells
  expect_bob_alone_refused();
  add("eve@icloud.com", config);
  EXPECT_EQ(reply_for("eve@icloud.com"), suppressed);
  ASSERT_EQ(*daemon_->stop(), 0);
  store_settings_ = ", hash_key_file: " + path("others.key");
  configure(enforced);
  const std::string told = fail_to_start();
  EXPECT_NE(told.find("its addresses are hashed under another key"), std::string::npos) << told;
}

TEST_F(DaemonStore, leaves_a_store_to_the_daemon_that_counts_there) {
  configure();
  start();
  socket_address_ = "unix:" + path("second.sock");
  configure();
  const std::string told = fail_to_start();
  socket_address_.clear();
  EXPECT_NE(told.find(path("store.db-throttle") + ": another daemon counts here"),
            std::string::npos)
      << told;
  EXPECT_EQ(reply_for("eve@icloud.com"), "250") << "the first goes on";
}

class DaemonRedis : public DaemonStore {
 protected:
  DaemonRedis() { point_to(server_); }

  const RedisProcess server_;
};

TEST_F(DaemonRedis, takes_no_emptied_server_for_an_empty_list_not_even_after_a_restart) {
  configure(enforced);
  EXPECT_NE(fail_to_start().find("there is no suppression list \"icloud-milter\"; put its backup"),
            std::string::npos);
  ASSERT_EQ(make_store(config_, soon()), true);
  start();
  add("bob@icloud.com", config_);
  expect_bob_alone_refused();
  let_it_follow();
  server_.ask({"FLUSHALL"});
  EXPECT_EQ(lines_with("the store is away: " + server_.address().text()), 1);
  expect_bob_alone_refused();
  EXPECT_FALSE(open_book(config_, Missing::refuse, soon()));
  ASSERT_EQ(*daemon_->stop(), 0);

  start();
  expect_bob_alone_refused();
  await("the second line",
        [&] { return lines_with("the store is away: " + server_.address().text()) == 2; });
  EXPECT_FALSE(open_book(config_, Missing::refuse, soon()));
}

// A host of its own, on the same server.
class OtherHost : public DaemonStore {
 public:
  explicit OtherHost(const RedisProcess& server) {
    point_to(server);
    configure(enforced);
    start();
  }
  using DaemonStore::reply_for;

 private:
  void TestBody() override {}
};

TEST_F(DaemonRedis, enforces_at_once_what_its_host_adds_and_soon_what_others_add) {
  ASSERT_EQ(make_store(config_, soon()), true);
  configure(enforced);
  start();
  const OtherHost other(server_);
  for (const std::string address : {"bob@icloud.com", "ann@icloud.com"}) {
    EXPECT_EQ(reply_for(address), "250");
    EXPECT_EQ(other.reply_for(address), "250");
    add(address, config_);
    EXPECT_EQ(reply_for(address), suppressed);
    await("the other host follows", [&] { return other.reply_for(address) == suppressed; });
  }
}

}  // namespace
}  // namespace icm
