// SPDX-License-Identifier: Apache-2.0
//
// A name server that dies while mail is judged: what must wait for it waits no longer than the
// configuration says and gets the answer it says, what need not is not delayed, and its return is
// noticed.
#include <memory>

#include "test/wire/dns_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 12s;  // limits.message_deadline
constexpr auto slack = 15s;     // the machine may be busy

class DyingDns : public DnsTest {
 protected:
  void SetUp() override {
    publish_host(zone_);
    for (int i = 0; i < 9; ++i) publish(zone_, domain(i));
    nsd_ = std::make_unique<NsdProcess>(zones_of(zone_));
    port_ = nsd_->address().port;
  }

  void run(std::string_view on_error) {
    configure_dns(nsd_->address(), on_error,
                  "limits: {message_deadline: 12s}\nauthentication: {deadline: 8s}\n");
    start();
    EXPECT_EQ(shown(judge(letter_of(0))), "goes on") << decided("4S0");
  }

  void revive() { nsd_ = std::make_unique<NsdProcess>(zones_of(zone_), port_); }

  static std::string all_in_doubt(std::string_view verdict) {
    return fmt::format(
        "{} alignment.spf-temporary alignment.dkim-temporary alignment.dmarc-temporary "
        "sender_identity.",
        verdict);
  }

  static std::string domain(int i) { return fmt::format("shop{}.example", i); }
  static MilterMail letter_of(int i) { return signed_letter(domain(i), fmt::format("4S{}", i)); }

  // Sent again and again, as a mail server does with what was deferred.
  bool goes_on_in_the_end(int i) const {
    for (int n = 0; n < 20; ++n) {
      if (judge(letter_of(i)).outcome.goes_on()) return true;
      std::this_thread::sleep_for(500ms);
    }
    return false;
  }

  nlohmann::json zone_;
  std::unique_ptr<NsdProcess> nsd_;
  int port_ = 0;
};

TEST_F(DyingDns, killed_between_two_messages_makes_the_next_one_wait_until_it_is_back) {
  run("defer");
  nsd_->stop();
  const Judged judged = judge(letter_of(1));
  EXPECT_TRUE(shown(judged).starts_with(
      "451 4.7.24 alignment.spf-temporary: SPF says temperror for shop1.example from 192.0.2.7: "
      "TXT shop1.example: temporary ("))
      << shown(judged);
  EXPECT_LT(judged.took, patience + slack);
  EXPECT_TRUE(decided("4S1").starts_with(all_in_doubt("defer"))) << decided("4S1");
  EXPECT_EQ(shown(judge(letter_of(0))), "goes on") << "its names are known";
  revive();
  EXPECT_TRUE(goes_on_in_the_end(1));
  EXPECT_EQ(shown(judge(letter_of(2))), "goes on");
  EXPECT_EQ(daemon_->stop().value_or(-1), 0);
}

TEST_F(DyingDns, killed_in_the_middle_of_a_message_fails_what_was_not_asked_yet) {
  run("defer");
  publish(zone_, "keys.shop0.example");
  const MilterMail mail = signed_letter(domain(0), "4M", "keys.shop0.example");
  MilterClient client = gate();
  client.define("i", mail.queue_id);
  ASSERT_TRUE(client.mail(mail.mail));
  ASSERT_TRUE(client.rcpt(mail.recipients[0]));
  nsd_->stop();
  const auto began = Time::now();
  ASSERT_TRUE(client.data());
  for (const auto& [name, value] : mail.fields) ASSERT_TRUE(client.header(name, value));
  ASSERT_TRUE(client.end_of_header());
  ASSERT_TRUE(client.body(mail.body));
  const auto end = client.end_of_message();
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_LT(Time::now() - began, patience + slack);
  EXPECT_TRUE(end->answer.text.starts_with(
      "451 4.7.5 alignment.dkim-temporary: the key of a DKIM signature could not be fetched: s=sel "
      "d=keys.shop0.example: TXT sel._domainkey.keys.shop0.example: temporary ("))
      << end->answer.text;
  EXPECT_TRUE(decided("4M").starts_with("defer alignment.dkim-temporary")) << decided("4M");
}

TEST_F(DyingDns, neighbours_that_need_it_not_are_not_delayed) {
  run("accept");
  nsd_->freeze();
  auto waiting = std::async(std::launch::async, [this] { return judge(letter_of(3)); });
  MilterMail elsewhere = letter_of(4);
  elsewhere.recipients = {{"<carl@elsewhere.example>"}};
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(judge(elsewhere).outcome.stage, MilterOutcome::Stage::data);
    EXPECT_EQ(shown(judge(letter_of(0))), "goes on");
  }
  EXPECT_EQ(waiting.wait_for(0s), std::future_status::timeout) << "they came after it";
  nsd_->stop();
  const Judged judged = waiting.get();
  EXPECT_EQ(shown(judged), "goes on");
  EXPECT_LT(judged.took, patience + slack);
  EXPECT_TRUE(decided("4S3").starts_with(all_in_doubt("accept"))) << decided("4S3");
}

}  // namespace
}  // namespace icm
