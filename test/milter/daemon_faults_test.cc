// SPDX-License-Identifier: Apache-2.0
//
// The real icloud-milter while its store suffers what disks, servers and people do to stores:
// whoever is on the list gets no mail, everybody else does, nothing crashes, and the log says once
// what happened.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include "policy/store/sqlite.h"
#include "test/milter/daemon_store_fixture.h"
#include "test/support/child_process.h"
#include "test/support/hostile_redis.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

class DaemonFaults : public DaemonStore {
 protected:
  static constexpr uid_t nobody = 65534;

  DaemonFaults() { configure(enforced); }

  // Every page but the first, as a failing disk does; what is in the -wal is in the file before.
  void damage(const std::string& file) const {
    ASSERT_TRUE(
        Database::open(file, Database::Access::write)->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(file));
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096);
    stream << std::string(static_cast<std::size_t>(size - 4096), '\xff');
  }

  // The daemon's files may not grow beyond that: as on a disk that is full.
  void start_with_files_of_at_most(rlim_t octets) {
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit tight{.rlim_cur = octets, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
    start();
    ::setrlimit(RLIMIT_FSIZE, &before);
  }

  // Puts the daemon's program behind a script, which starts it as somebody without rights.
  void start_as_nobody() {
    directory_.write(
        "as-nobody",
        "#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups " ICM_DAEMON
        " \"$@\"\n");
    std::filesystem::permissions(path("as-nobody"), std::filesystem::perms(0755));
    auto daemon =
        DaemonProcess::start(path("as-nobody"), path("milter.conf"), address(), path("log"));
    ASSERT_TRUE(daemon) << daemon.error().text;
    daemon_.emplace(*std::move(daemon));
  }
};

TEST_F(DaemonFaults, a_file_that_is_damaged_is_known_from_memory_and_after_a_restart_from_a_file) {
  start_with_bob(store());
  damage(path("store.db"));
  expect_bob_alone_refused();
  const std::string away = "the store is away: " + path("store.db") + ": the store is damaged";
  EXPECT_EQ(lines_with(away), 1);
  expect_bob_alone_refused();
  ASSERT_EQ(*daemon_->stop(), 0);
  start();
  await("the file is read", [&] { return reply_for("eve@icloud.com") == "250"; });
  expect_bob_alone_refused();
  await("it is said again", [&] { return lines_with("the store is away") == 2; });
}

TEST_F(DaemonFaults, a_file_that_is_damaged_holds_mail_where_nothing_may_stand_in) {
  store_settings_ = ", while_away: on_error";
  configure(enforced);
  start_with_bob(store());
  damage(path("store.db"));
  EXPECT_EQ(reply_for("bob@icloud.com"), "451 4.3.0 suppression.error");
  EXPECT_EQ(reply_for("eve@icloud.com"), "451 4.3.0 suppression.error");
  ASSERT_EQ(*daemon_->stop(), 0);
  start();
  EXPECT_EQ(reply_for("bob@icloud.com"), "451 4.3.0 suppression.error");
  EXPECT_EQ(reply_for("eve@icloud.com"), "451 4.3.0 suppression.error");
}

TEST_F(DaemonFaults, a_full_disk_costs_the_snapshot_and_no_answer) {
  ASSERT_EQ(make_store(store(), soon()), true);
  add("bob@icloud.com", store());
  const auto book = *open_book(store(), Missing::refuse, soon());
  const auto import = *book->begin_import();
  for (int i = 0; i < 10000; ++i) {
    ASSERT_TRUE(import->stage(entries::entry(fmt::format("user{}@me.com", i))));
  }
  ASSERT_TRUE(import->commit(entries::deed(Deed::Kind::import), soon(), [](auto) {}));
  start_with_files_of_at_most(40 * 1024);  // SQLite's -shm has 32
  expect_bob_alone_refused();
  EXPECT_EQ(lines_with("after a restart the list is read from the store again"), 1);
  add("ann@icloud.com", store());
  EXPECT_EQ(reply_for("ann@icloud.com"), suppressed);
  ASSERT_EQ(*daemon_->stop(), 0);
}

TEST_F(DaemonFaults, a_file_that_may_only_be_read_is_read) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  ASSERT_EQ(make_store(store(), soon()), true);
  add("bob@icloud.com", store());
  for (const auto& one : std::filesystem::directory_iterator(directory_.path())) {
    ASSERT_EQ(::chown(one.path().c_str(), nobody, nobody), 0);
  }
  ASSERT_EQ(::chown(directory_.path().c_str(), nobody, nobody), 0);
  start_as_nobody();
  expect_bob_alone_refused();
  add("ann@icloud.com", store());
  EXPECT_EQ(reply_for("ann@icloud.com"), suppressed);
  for (const auto& one : std::filesystem::directory_iterator(directory_.path())) {
    if (one.is_regular_file()) std::filesystem::permissions(one, std::filesystem::perms(0444));
  }
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0555));
  let_it_follow();
  expect_bob_alone_refused();
  ASSERT_TRUE(daemon_->is_running());
}

TEST_F(DaemonFaults, a_store_that_somebody_holds_locked_delays_nobody) {
  start_with_bob(store());
  auto writer = *Database::open(path("store.db"), Database::Access::write);
  ASSERT_TRUE(writer.execute("BEGIN IMMEDIATE"));
  expect_bob_alone_refused();
  const auto book = *open_book(store(), Missing::refuse, Deadline::in(50ms));
  EXPECT_FALSE(book->add(entries::entry("ann@icloud.com"), entries::deed())) << "not acknowledged";
  EXPECT_EQ(reply_for("ann@icloud.com"), "250");
  ASSERT_TRUE(writer.execute("ROLLBACK"));
  add("ann@icloud.com", store());
  EXPECT_EQ(reply_for("ann@icloud.com"), suppressed);
  EXPECT_EQ(read("log").find("is away"), std::string::npos);
}

TEST_F(DaemonFaults, what_was_acknowledged_outlives_a_writer_and_a_daemon_that_are_killed) {
  start_with_bob(store());
  ChildProcess writer([&](const ChildProcess::Ready& ready) {
    const auto book = *open_book(store(), Missing::refuse, soon());
    std::ofstream acknowledged(path("acknowledged"));
    for (int i = 0; i < 20; ++i) {
      const std::string address = fmt::format("user{}@icloud.com", i);
      if (!book->add(entries::entry(address), entries::deed())) return;
      acknowledged << address << std::endl;
    }
    auto database = *Database::open(path("store.db"), Database::Access::write);
    if (!database.execute("BEGIN IMMEDIATE; DELETE FROM suppression")) return;
    ready();
  });
  writer.kill();
  const auto expect_all_refused = [&] {
    std::ifstream acknowledged(path("acknowledged"));
    std::string address;
    int count = 0;
    for (; std::getline(acknowledged, address); ++count) EXPECT_EQ(reply_for(address), suppressed);
    EXPECT_EQ(count, 20);
    expect_bob_alone_refused();
  };
  expect_all_refused();
  daemon_->kill();
  start();
  expect_all_refused();
  EXPECT_EQ(read("log").find("is away"), std::string::npos);
}

class DaemonRedisFaults : public DaemonFaults {
 protected:
  DaemonRedisFaults() {
    point_to(server_);
    configure(enforced);
  }

  RedisProcess server_{"appendonly yes\nappendfsync always\n"};
};

TEST_F(DaemonRedisFaults, a_server_that_stops_and_starts_again_is_not_missed) {
  start_with_bob(config_);
  server_.stop();
  expect_bob_alone_refused();
  EXPECT_EQ(lines_with("the store is away: " + server_.address().text()), 1);
  server_.start();
  EXPECT_EQ(lines_with("the store answers again"), 1);
  add("ann@icloud.com", config_);
  EXPECT_EQ(reply_for("ann@icloud.com"), suppressed);
  expect_bob_alone_refused();
}

TEST_F(DaemonRedisFaults, a_server_that_stops_holds_mail_where_nothing_may_stand_in) {
  store_settings_ += ", while_away: on_error";
  configure(std::string(enforced) + "consent: {mode: enforce}\n");
  start_with_bob(config_);
  server_.stop();
  EXPECT_EQ(reply_for("bob@icloud.com"), "451 4.3.0 suppression.error");
  lines_with("the store is away: " + server_.address().text());
  EXPECT_EQ(reply_for("eve@icloud.com"), "451 4.3.0 suppression.error");
  server_.start();
  EXPECT_EQ(lines_with("the store answers again"), 1);
  await("the list is asked again", [&] { return reply_for("bob@icloud.com") == suppressed; });
  expect_bob_alone_refused();
}

TEST_F(DaemonRedisFaults, a_server_that_stands_still_is_not_waited_for) {
  start_with_bob(config_);
  server_.freeze();
  EXPECT_EQ(lines_with("the store is away: " + server_.address().text()), 1);
  expect_bob_alone_refused();
  server_.thaw();
  EXPECT_EQ(lines_with("the store answers again"), 1);
  expect_bob_alone_refused();
}

TEST_F(DaemonRedisFaults, half_an_answer_is_none_and_what_is_known_stands_in) {
  start_with_bob(config_);
  ASSERT_EQ(*daemon_->stop(), 0);
  const HostileRedis hostile("*2\r\n$5\r\nab", HostileRedis::Afterwards::close);
  store_settings_ =
      fmt::format(", kind: redis, redis: {{servers: [\"{}\"]}}", hostile.address().text());
  configure(enforced);
  start();
  expect_bob_alone_refused();
  EXPECT_EQ(lines_with("the store is away: " + hostile.address().text()), 1);
  expect_bob_alone_refused();
}

TEST_F(DaemonRedisFaults, bulk_mail_waits_while_the_ledger_is_away_and_no_longer) {
  configure(
      "consent: {mode: enforce, on_error: defer}\n"
      "streams: [{name: news, sender_domains: [example.org]}]\n");
  ASSERT_EQ(make_store(config_, soon()), true);
  Subscription consent{.address = "bob@icloud.com",
                       .scope = "stream:news",
                       .consented = *parse_time("2026-06-01T00:00:00Z"),
                       .source = "form",
                       .withdrawn = {},
                       .engaged = {}};
  ASSERT_TRUE((*open_ledger_book(config_, Missing::refuse, soon()))->add(consent));
  start();
  let_it_follow();
  EXPECT_EQ(reply_for("bob@icloud.com"), "250");
  EXPECT_EQ(reply_for("eve@icloud.com"), "550 5.7.1 consent.missing");
  server_.stop();
  EXPECT_EQ(reply_for("bob@icloud.com"), "451 4.3.0 consent.error");
  EXPECT_EQ(reply_for("eve@icloud.com"), "451 4.3.0 consent.error");
  ASSERT_EQ(*daemon_->stop(), 0);
  start();
  EXPECT_EQ(reply_for("bob@icloud.com"), "451 4.3.0 consent.error");
  server_.start();
  await("the ledger answers", [&] { return reply_for("bob@icloud.com") == "250"; });
  EXPECT_EQ(reply_for("eve@icloud.com"), "550 5.7.1 consent.missing");
}

TEST_F(DaemonFaults, a_failover_is_not_missed) {
  SentinelTrio trio;
  const RedisOptions options = trio.options();
  config_ = store();
  config_.kind = StoreKind::redis;
  config_.redis.mode = RedisMode::sentinel;
  config_.redis.servers = options.servers;
  config_.redis.master_name = options.master_name;
  std::string servers;
  for (const RedisAddress& server : options.servers) {
    servers += fmt::format("{}\"{}\"", servers.empty() ? "" : ", ", server.text());
  }
  store_settings_ =
      fmt::format(", kind: redis, redis: {{mode: sentinel, master_name: {}, servers: [{}]}}",
                  options.master_name, servers);
  configure(enforced);
  start_with_bob(config_);
  trio.allow_failover();
  trio.master->stop();
  expect_bob_alone_refused();
  EXPECT_EQ(lines_with("the store is away"), 1);
  EXPECT_EQ(lines_with("the store answers again"), 1);
  EXPECT_EQ(trio.replica->ask({"ROLE"}).items[0].text, "master");
  expect_bob_alone_refused();
}

}  // namespace
}  // namespace icm
