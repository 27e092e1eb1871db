// SPDX-License-Identifier: Apache-2.0
//
// What the doctor finds on this host: configuration, daemon, store, keys; and how it says it.
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "policy/auth/key_publication.h"
#include "policy/store/stores.h"
#include "test/milter/ctl/doctor/doctor_fixture.h"

namespace icm::ctl::doctor {
namespace {

using Ids = std::set<std::string>;
using DoctorOnTheHost = DoctorTest;

TEST_F(DoctorOnTheHost, says_where_the_configuration_is_wrong_and_looks_no_further) {
  config_["egress"]["addresses"] = "nonsense";
  EXPECT_EQ(ids("configuration"), Ids{"configuration.errors"});
  EXPECT_EQ(run({}).exit, 1);
}

TEST_F(DoctorOnTheHost, tells_warnings_and_that_nothing_is_enforced) {
  EXPECT_EQ(ids("configuration"), Ids{"configuration.read"});
  config_["format"]["mode"] = "observe";
  config_["suppression"]["mode"] = "observe";
  EXPECT_EQ(ids("configuration"), Ids{"configuration.observes"});
  config_["format"] = {{"mode", "enforce"}, {"until", "2020-01-01"}};
  EXPECT_TRUE(ids("configuration").contains("configuration.warning"));
}

TEST_F(DoctorOnTheHost, says_that_no_daemon_answers) {
  const auto found = findings("daemon");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front()["id"], "daemon.silent");
  config_["control"]["socket"] = "";
  EXPECT_EQ(ids("daemon"), Ids{"daemon.not-asked"});
}

TEST_F(DoctorOnTheHost, knows_a_store_that_answers_from_one_that_is_damaged_or_missing) {
  EXPECT_EQ(ids("store"), Ids{"store.not-made"});
  StoreConfig store;
  store.path = path("store.db");
  ASSERT_TRUE(make_store(store, Deadline::in(std::chrono::seconds{5})));
  EXPECT_EQ(ids("store"), Ids{"store.answers"});
  {
    std::fstream file(store.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(4096 * 2, 'x');
  }
  EXPECT_EQ(problems("store"), Ids{"store.damaged"});
  std::ofstream(store.path, std::ios::trunc) << "no database at all, but long enough to be one";
  EXPECT_EQ(problems("store"), Ids{"store.unusable"});
}

TEST_F(DoctorOnTheHost, says_how_a_directory_that_is_gone_is_made) {
  config_["log"]["decisions"] = path("gone/decisions.jsonl");
  for (const Json& one : findings("disk")) {
    if (one["id"] != "disk.unwritable") continue;
    EXPECT_EQ(one["subject"], path("gone"));
    EXPECT_EQ(one["remedy"], "make it: systemd-tmpfiles --create icloud-milter.conf");
    return;
  }
  FAIL() << "nothing is said of the directory";
}

TEST_F(DoctorOnTheHost, compares_the_keys_that_seal_with_the_dns) {
  const PrivateKey key = PrivateKey::generate(KeyType::rsa, 2048).value();
  const PrivateKey other = PrivateKey::generate(KeyType::rsa, 2048).value();
  const std::string file = directory_.write("arc.pem", key.to_pem());
  ::chmod(file.c_str(), 0600);
  config_["arc_sealing"] = {
      {"mode", "enforce"},
      {"keys", {{{"domain", "corp.example"}, {"selector", "arc1"}, {"file", file}}}}};
  EXPECT_EQ(ids("key"), Ids{"key.unpublished"});
  Json& record = zone_["arc1._domainkey.corp.example."]["TXT"];
  record = Json::array({txt_chunks(key_record(other))});
  EXPECT_EQ(ids("key"), Ids{"key.differs"});
  record = Json::array({txt_chunks(key_record(key))});
  EXPECT_EQ(ids("key"), Ids{"key.published"});
  ::chmod(file.c_str(), 0666);
  EXPECT_EQ(ids("key"), Ids{"key.file"});
}

TEST_F(DoctorOnTheHost, says_what_was_found_what_follows_and_what_to_do) {
  zone_.erase("25.2.0.192.in-addr.arpa.");
  const Outcome outcome = run({"--only", "egress"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(
      outcome.out,
      "fault    egress.reverse-missing  192.0.2.25\n"
      "         found    192.0.2.25 has no name in the DNS\n"
      "         follows  Apple asks for reverse DNS; mail from there is refused or filed as junk.\n"
      "         remedy   have 25.2.0.192.in-addr.arpa. PTR mx.corp.example. published by whoever "
      "gave you the address, and publish mx.corp.example. A 192.0.2.25\n"
      "\n"
      "Something is wrong: 1 fault, 0 warnings, 0 notes, 2 in order.\n");
}

// Nothing was examined then, which is not health.
TEST_F(DoctorOnTheHost, is_not_content_with_a_postfix_that_it_cannot_read) {
  if (::access("/usr/sbin/postconf", X_OK) != 0) GTEST_SKIP() << "there is no Postfix here";
  for (const char* area : {"postfix", "socket", "relay"}) {
    EXPECT_EQ(problems(area, {"--postfix-config", path("nowhere")}), Ids{"postfix.unread"});
    EXPECT_EQ(run({"--only", area, "--postfix-config", path("nowhere")}).exit, 1);
  }
}

TEST_F(DoctorOnTheHost, takes_no_area_and_no_name_that_is_none) {
  EXPECT_EQ(run({"--only", "weather"}).exit, 2);
  EXPECT_EQ(run({"--domain", "not a name"}).exit, 2);
}

}  // namespace
}  // namespace icm::ctl::doctor
