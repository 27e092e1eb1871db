// SPDX-License-Identifier: Apache-2.0
#include "policy/apple_by_mx.h"

#include <chrono>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

Domain domain(std::string_view text) { return *Domain::parse(text); }

// Answers from a table that may change, and counts.
class ChangingDns final : public Resolver {
 public:
  void says(const std::string& name, std::vector<MxRecord> exchanges,
            std::chrono::seconds ttl = 1h) {
    DnsAnswer answer;
    answer.status = exchanges.empty() ? DnsStatus::no_data : DnsStatus::ok;
    answer.exchanges = std::move(exchanges);
    answer.ttl = ttl;
    answers_[name] = answer;
  }
  void fails(const std::string& name, DnsStatus status = DnsStatus::temporary) {
    answers_[name] = {};
    answers_[name].status = status;
  }

  DnsAnswer query(std::string_view name, RecordType type, Deadline) override {
    EXPECT_EQ(type, RecordType::mx);
    ++asked;
    return answers_[std::string(name)];
  }
  void prefetch(std::string_view, RecordType) override {}

  int asked = 0;

 private:
  std::map<std::string, DnsAnswer> answers_;
};

// Answers when it is told to.
class LateDns final : public AsyncResolver {
 public:
  DnsAnswer query(std::string_view, RecordType, Deadline) override { return {}; }
  void prefetch(std::string_view, RecordType) override {}
  void ask(std::string_view, RecordType, Then then) override { told_.push_back(std::move(then)); }

  void land(const std::string& host) {
    DnsAnswer answer;
    answer.status = DnsStatus::ok;
    answer.exchanges = {{10, host}};
    for (const Then& then : std::exchange(told_, {})) then(answer);
  }

 private:
  std::vector<Then> told_;
};

class AppleByMxTest : public testing::Test {
 protected:
  Whose whose(const std::string& name) { return judge_->whose(domain(name), Deadline::in(60s)); }
  void begin() { judge_.emplace(config_, dns_); }

  RoutingConfig config_;
  ChangingDns dns_;
  std::optional<AppleByMx> judge_{std::in_place, config_, dns_};
};

TEST_F(AppleByMxTest, goes_by_the_servers_that_a_domain_prefers) {
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}, {10, "mx02.mail.icloud.com"}});
  dns_.says("backed.example", {{20, "backup.example"}, {10, "mx01.mail.icloud.com"}});
  dns_.says("half.example", {{10, "mx.half.example"}, {10, "mx01.mail.icloud.com"}});
  dns_.says("filtered.example", {{5, "filter.example"}, {10, "mx01.mail.icloud.com"}});
  dns_.says("near.example", {{10, "mx01.mail.icloud.com.near.example"}});
  dns_.says("named.example", {{10, "notmail.xicloud.com"}});
  dns_.says("relay.example", {{10, "smtp1.privaterelay.appleid.com"}});
  dns_.says("plain.example", {{10, "mx.plain.example"}});
  dns_.says("nomx.example", {});
  dns_.says("null.example", {{0, ""}});
  dns_.fails("gone.example", DnsStatus::no_such_name);
  dns_.says("odd.example", {{10, "mx01.mail.icloud.com"}, {10, "no host.example"}});
  for (const std::string name : {"plus.example", "backed.example", "relay.example"}) {
    EXPECT_EQ(whose(name), Whose::apple) << name;
  }
  for (const std::string name :
       {"half.example", "odd.example", "filtered.example", "near.example", "named.example",
        "plain.example", "nomx.example", "null.example", "gone.example"}) {
    EXPECT_EQ(whose(name), Whose::elsewhere) << name;
  }
}

TEST_F(AppleByMxTest, keeps_answers_and_those_that_say_no) {
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  dns_.says("plain.example", {{10, "mx.plain.example"}}, 0s);  // keep_least holds
  dns_.fails("gone.example", DnsStatus::no_such_name);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(whose("plus.example"), Whose::apple);
    EXPECT_EQ(whose("plain.example"), Whose::elsewhere);
    EXPECT_EQ(whose("gone.example"), Whose::elsewhere);
  }
  EXPECT_EQ(dns_.asked, 3);
  EXPECT_EQ(judge_->figures().kept, 12u);
  EXPECT_EQ(judge_->figures().asked, 3u);
}

TEST_F(AppleByMxTest, asks_again_after_the_longest_time_it_may_keep) {
  config_.keep_least = config_.keep_most = 1s;
  begin();
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  const auto asked = Deadline::Time::now();
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  dns_.says("plus.example", {{10, "mx.elsewhere.example"}});
  const Whose kept = whose("plus.example");
  if (Deadline::Time::now() - asked < 1s) {
    EXPECT_EQ(kept, Whose::apple);
    EXPECT_EQ(dns_.asked, 1);
  }
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(whose("plus.example"), Whose::elsewhere);
}

TEST_F(AppleByMxTest, does_not_know_what_the_dns_never_said) {
  for (const DnsStatus status : {DnsStatus::temporary, DnsStatus::bogus}) {
    const std::string name = status == DnsStatus::bogus ? "bogus.example" : "late.example";
    dns_.fails(name, status);
    EXPECT_EQ(whose(name), Whose::unknown);
    EXPECT_EQ(whose(name), Whose::unknown);
  }
  EXPECT_EQ(dns_.asked, 2) << "a failure is believed for a moment";
  EXPECT_EQ(judge_->figures().failed, 2u);
}

TEST_F(AppleByMxTest, believes_failures_longer_each_time_but_not_for_ever) {
  std::vector<std::chrono::seconds> rests = {rest_of_failure(0s)};
  for (int i = 0; i < 6; ++i) rests.push_back(rest_of_failure(rests.back()));
  EXPECT_EQ(rests, (std::vector<std::chrono::seconds>{10s, 20s, 40s, 80s, 160s, 300s, 300s}));
}

TEST_F(AppleByMxTest, waits_for_nobody_and_keeps_what_comes_late) {
  LateDns dns;
  AppleByMx judge(config_, dns);
  const Domain late = domain("late.example");
  int told = 0;
  judge.ask(late, [&] { ++told; });
  EXPECT_EQ(judge.landed(late), std::nullopt);
  EXPECT_EQ(judge.whose(late, Deadline::in(10ms)), Whose::unknown);
  EXPECT_EQ(judge.landed(late), Whose::unknown) << "a failure is believed";
  dns.land("mx01.mail.icloud.com");
  EXPECT_EQ(told, 1);
  EXPECT_EQ(judge.whose(late, Deadline::in(0ms)), Whose::apple);
  EXPECT_EQ(judge.give_up(late), Whose::apple) << "another asker got it meanwhile";
  EXPECT_EQ(judge.figures().failed, 1u);
}

TEST_F(AppleByMxTest, knows_apples_names_however_many_strangers_ask_for) {
  config_.keep_least = config_.keep_most = 1s;
  begin();
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  for (int i = 0; i < 20000; ++i) whose(fmt::format("n{}.stranger.example", i));
  dns_.fails("plus.example");
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(whose("plus.example"), Whose::apple);
}

TEST_F(AppleByMxTest, lets_the_last_answer_stand_in_while_the_dns_fails) {
  config_.keep_least = config_.keep_most = 1s;
  begin();
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  dns_.fails("plus.example");
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  EXPECT_EQ(dns_.asked, 2);
  EXPECT_EQ(judge_->figures().stood_in, 1u);
}

TEST_F(AppleByMxTest, lets_nothing_stand_in_where_that_is_not_wanted) {
  config_.keep_least = config_.keep_most = 1s;
  config_.keep_failing = 0s;
  begin();
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  EXPECT_EQ(whose("plus.example"), Whose::apple);
  dns_.fails("plus.example");
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(whose("plus.example"), Whose::unknown);
}

TEST_F(AppleByMxTest, asks_nobody_about_what_names_settle) {
  const RoutedAppleDomains apple({domain("own.example")}, {domain("ours.example")}, &*judge_);
  const Deadline deadline = Deadline::in(60s);
  EXPECT_EQ(apple.whose(domain("icloud.com"), deadline), Whose::apple);
  EXPECT_EQ(apple.whose(domain("own.example"), deadline), Whose::apple);
  EXPECT_EQ(apple.whose(domain("ours.example"), deadline), Whose::elsewhere);
  EXPECT_EQ(apple.whose(domain("localhost"), deadline), Whose::elsewhere);
  EXPECT_EQ(dns_.asked, 0);
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  EXPECT_EQ(apple.known(domain("plus.example")), Whose::unknown);
  EXPECT_EQ(apple.whose(domain("plus.example"), deadline), Whose::apple);
  EXPECT_EQ(apple.known(domain("plus.example")), Whose::apple);
  EXPECT_FALSE(apple.contains(domain("plus.example")));
  EXPECT_EQ(dns_.asked, 1);
}

TEST_F(AppleByMxTest, asks_nobody_where_it_is_off) {
  const RoutedAppleDomains apple({}, {}, nullptr);
  EXPECT_EQ(apple.whose(domain("plus.example"), Deadline::in(60s)), Whose::elsewhere);
  EXPECT_EQ(dns_.asked, 0);
}

TEST_F(AppleByMxTest, a_recipient_is_where_his_domain_is) {
  dns_.says("plus.example", {{10, "mx01.mail.icloud.com"}});
  dns_.fails("late.example");
  const RoutedAppleDomains apple({}, {}, &*judge_);
  const auto reach = [&](std::string_view text) {
    Recipient recipient;
    recipient.text = text;
    if (auto mailbox = Mailbox::parse(text)) recipient.mailbox = *std::move(mailbox);
    return reach_of(recipient, apple, Deadline::in(60s));
  };
  EXPECT_EQ(reach("ann@plus.example"), Reach::apple);
  EXPECT_EQ(reach("ann@plain.example"), Reach::unknown);  // the table is silent
  EXPECT_EQ(reach("ann@late.example"), Reach::unknown);
  EXPECT_EQ(reach("ann@icloud.com"), Reach::apple);
  EXPECT_EQ(reach("ann%icloud.com@late.example"), Reach::unclear);
  EXPECT_EQ(reach("no mailbox"), Reach::elsewhere);
}

}  // namespace
}  // namespace icm
