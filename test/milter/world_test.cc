// SPDX-License-Identifier: Apache-2.0
#include "milter/world.h"

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/dns/zone_resolver.h"
#include "policy/store/store_file.h"
#include "policy/store/stores.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/nsd_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

constexpr std::chrono::seconds generous{20};

class WorldTest : public testing::Test {
 protected:
  WorldTest() {
    config_.store.path = directory_.path() / "store.db";
    config_.dns.servers = {*NameServer::parse("127.0.0.1:1")};
  }

  std::shared_ptr<const World> build(const std::shared_ptr<const World>& previous = nullptr) {
    auto world = World::build(config_, previous);
    EXPECT_TRUE(world) << world.error().text;
    return world.value_or(nullptr);
  }

  DnsAnswer ask(const World& world) {
    return world.auth_sources().resolver.query("corp.example", RecordType::txt,
                                               Deadline::in(generous));
  }

  TemporaryDirectory directory_;
  Config config_;
};

TEST_F(WorldTest, keeps_what_it_knows_of_the_dns_when_it_is_built_anew) {
  const auto first = build();
  config_.limits.drain = std::chrono::seconds{1};
  const auto second = build(first);
  EXPECT_EQ(&first->auth_sources(), &second->auth_sources());
}

TEST_F(WorldTest, forgets_the_dns_when_other_servers_are_asked) {
  const auto first = build();
  config_.dns.servers = {*NameServer::parse("127.0.0.1:2")};
  EXPECT_NE(&first->auth_sources(), &build(first)->auth_sources());
}

TEST_F(WorldTest, sees_that_resolv_conf_changed) {
  config_.dns.servers.clear();
  config_.dns.resolv_conf = directory_.write("resolv.conf", "nameserver 127.0.0.1\n");
  const auto first = build();
  const auto second = build(first);
  EXPECT_EQ(&first->auth_sources(), &second->auth_sources());
  directory_.write("resolv.conf", "nameserver 127.0.0.2\n");
  EXPECT_NE(&first->auth_sources(), &build(second)->auth_sources());
}

TEST_F(WorldTest, keeps_the_list_in_memory_as_long_as_the_store_is_the_same) {
  const auto first = build();
  config_.limits.drain = std::chrono::seconds{1};
  const auto second = build(first);
  EXPECT_NE(first->snapshot(), nullptr);
  EXPECT_EQ(first->snapshot(), second->snapshot());
  EXPECT_EQ(&first->suppression(), &second->suppression());
  config_.store.while_away = WhileAway::on_error;
  EXPECT_NE(second->snapshot(), build(second)->snapshot());
}

TEST_F(WorldTest, takes_no_empty_list_for_the_one_in_use_when_the_path_is_misspelt) {
  const auto first = build();
  config_.store.path = directory_.path() / "stroe.db";
  const auto second = World::build(config_, first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "store.path: " + config_.store.path +
                                     ": there is no store; put its backup back if there was one, "
                                     "or make an empty one with icloud-milterctl store init");
  EXPECT_FALSE(std::filesystem::exists(config_.store.path));
}

TEST_F(WorldTest, changes_no_store_of_an_earlier_release_when_it_is_only_looked_at) {
  std::filesystem::copy_file(ICM_SOURCE_DIR "/test/policy/store/data/version-1.db",
                             config_.store.path);
  const Deadline deadline = Deadline::in(generous);
  ASSERT_TRUE(World::build(config_, nullptr, {}, Missing::refuse));
  EXPECT_EQ(review_store(config_.store, deadline),
            Notices{fmt::format("{}: the store is of version 1; the daemon brings it to version {} "
                                "when it is started, and keeps it as it was beside it",
                                config_.store.path, store_version())});
  build();
  EXPECT_EQ(review_store(config_.store, deadline), Notices{});
}

TEST_F(WorldTest, asks_the_servers_of_its_configuration) {
  const NsdProcess server(Zones{{"corp.example", "@ TXT hello\n"}});
  config_.dns.servers = {server.address()};
  EXPECT_EQ(ask(*build()).texts, std::vector<std::string>{"hello"});
}

TEST_F(WorldTest, is_not_built_when_the_dns_cannot_be_asked_as_configured) {
  config_.dns.dnssec = true;
  config_.dns.trust_anchor = directory_.path() / "none";
  const auto world = World::build(config_, nullptr);
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error(),
            (Error{Code::config,
                   fmt::format("dns.trust_anchor: {}: No such file or directory; install the "
                               "package dns-root-data, name another file, or set dns.dnssec to no",
                               config_.dns.trust_anchor)}));
  config_.dns = {};
  config_.dns.resolv_conf = directory_.path();
  const auto without_servers = World::build(config_, nullptr);
  ASSERT_FALSE(without_servers);
  EXPECT_EQ(without_servers.error(),
            (Error{Code::config, fmt::format("dns.resolv_conf: {}: cannot be read: Is a directory",
                                             directory_.path().string())}));
}

TEST_F(WorldTest, over_a_resolver_asks_that_one_and_knows_no_name_without) {
  const auto list = [] {
    return std::make_unique<MemorySuppressionList>(std::vector<Suppression>{});
  };
  auto zone = ZoneResolver::parse(R"({"corp.example.": {"TXT": ["from the zone"]}})");
  const auto over_zone =
      World::over(config_, list(), std::make_unique<ZoneResolver>(*std::move(zone)));
  EXPECT_EQ(ask(*over_zone).texts, std::vector<std::string>{"from the zone"});
  EXPECT_EQ(ask(*World::over(config_, list())).status, DnsStatus::no_such_name);
}

}  // namespace
}  // namespace icm
