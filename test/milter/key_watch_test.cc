// SPDX-License-Identifier: Apache-2.0
//
// What is said of keys and the DNS at start and reload.
#include "milter/key_watch.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "policy/dns/zone_resolver.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/recording_log.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using State = KeyPublication::State;

// Answers from a zone, and lets the first `failures` questions go by without an answer.
class SlowStarter final : public Resolver {
 public:
  SlowStarter(ZoneResolver zone, int failures) : zone_(std::move(zone)), failures_(failures) {}
  DnsAnswer query(std::string_view name, RecordType type, Deadline deadline) override {
    if (failures_-- <= 0) return zone_.query(name, type, deadline);
    DnsAnswer late;
    late.problem = "no answer in time";
    return late;
  }
  void prefetch(std::string_view, RecordType) override {}

 private:
  ZoneResolver zone_;
  std::atomic<int> failures_;
};

class KeyWatchTest : public testing::Test {
 protected:
  KeyWatchTest() : key_(PrivateKey::generate(KeyType::rsa, 2048).value()) {
    file_ = directory_.write("arc.pem", key_.to_pem());
    EXPECT_EQ(::chmod(file_.c_str(), 0600), 0);
  }

  std::shared_ptr<const World> world(const std::string& record, int failures = 0) const {
    Config config;
    config.arc_sealing.keys = {{.domain = "ours.example",
                                .selector = "arc",
                                .file = file_,
                                .recipients = {},
                                .listeners = {}}};
    auto zone = ZoneResolver::parse(
        fmt::format(R"({{"arc._domainkey.ours.example.": {{"TXT": ["{}"]}}}})", record));
    return World::over(config, std::make_unique<MemorySuppressionList>(std::vector<Suppression>{}),
                       std::make_unique<SlowStarter>(*std::move(zone), failures),
                       SealingKeys::load(config.arc_sealing.keys, "").value());
  }

  // Waits until the one key of the World is in this state.
  static void wait_for(const KeyWatch& watch, State state) {
    const Deadline deadline = Deadline::in(std::chrono::seconds{90});
    while (!deadline.passed()) {
      const auto known = watch.known();
      if (known.size() == 1 && known[0].publication.state == state) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    FAIL() << "the key did not become " << to_string(state);
  }

  const TemporaryDirectory directory_;
  const PrivateKey key_;
  std::string file_;
  SystemClock clock_;
  RecordingLog log_;
};

TEST_F(KeyWatchTest, says_once_that_the_dns_has_the_key) {
  {
    KeyWatch watch(log_, clock_);
    for (int reload = 0; reload < 3; ++reload) {
      watch.look_at(world(key_record(key_)));
      wait_for(watch, State::match);
    }
    EXPECT_EQ(watch.known()[0].file, file_);
    EXPECT_EQ(watch.known()[0].publication.name, "arc._domainkey.ours.example");
  }
  EXPECT_EQ(log_.sentences,
            std::vector<std::string>{"info: key arc._domainkey.ours.example: the DNS has the one "
                                     "of " +
                                     file_ + " (rsa, 2048 bits)"});
}

TEST_F(KeyWatchTest, warns_of_another_key_at_every_reload_with_the_record_to_publish) {
  {
    KeyWatch watch(log_, clock_);
    watch.look_at(world("v=DKIM1; p="));
    wait_for(watch, State::revoked);
    watch.look_at(world("v=spf1 -all"));
    wait_for(watch, State::unreadable);
    watch.look_at(world(key_record(key_)));
    wait_for(watch, State::match);
  }
  const std::string name = "arc._domainkey.ours.example";
  const std::string publish = "; receivers cannot rely on seals made with " + file_ +
                              ". Publish this alone: " + zone_line(name, key_record(key_));
  const std::vector<std::string> expected = {
      "warning: key " + name + ": the key at " + name + " has been revoked (p= is empty)" + publish,
      "warning: key " + name + ": the record at " + name +
          " is no key: v= expected DKIM1, got \"spf1 -all\"" + publish,
      "info: key " + name + ": the DNS has the one of " + file_ + " (rsa, 2048 bits)"};
  EXPECT_EQ(log_.sentences, expected);
}

TEST_F(KeyWatchTest, asks_again_when_the_dns_did_not_answer) {
  {
    KeyWatch watch(log_, clock_, std::chrono::milliseconds{1});
    watch.look_at(world(key_record(key_), 2));
    wait_for(watch, State::match);
  }
  const std::string late =
      "warning: key arc._domainkey.ours.example: not compared with " + file_ +
      ": TXT arc._domainkey.ours.example: temporary (no answer in time); asked again later";
  const std::vector<std::string> expected = {
      late, late,
      "info: key arc._domainkey.ours.example: the DNS has the one of " + file_ +
          " (rsa, 2048 bits)"};
  EXPECT_EQ(log_.sentences, expected);
}

TEST_F(KeyWatchTest, leaves_what_it_waits_for_when_another_world_comes) {
  KeyWatch watch(log_, clock_, std::chrono::hours{1});
  watch.look_at(world(key_record(key_), 1000));
  wait_for(watch, State::unknown);
  watch.look_at(world(key_record(key_)));
  wait_for(watch, State::match);
}

TEST_F(KeyWatchTest, says_nothing_without_keys_and_lets_the_world_go) {
  std::weak_ptr<const World> seen;
  {
    KeyWatch watch(log_, clock_);
    auto empty =
        World::over(Config{}, std::make_unique<MemorySuppressionList>(std::vector<Suppression>{}));
    seen = empty;
    watch.look_at(std::move(empty));
    const Deadline deadline = Deadline::in(std::chrono::seconds{90});
    while (!seen.expired() && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    EXPECT_TRUE(watch.known().empty());
    EXPECT_TRUE(seen.expired());
  }
  EXPECT_TRUE(log_.sentences.empty());
}

}  // namespace
}  // namespace icm
