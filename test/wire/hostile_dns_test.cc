// SPDX-License-Identifier: Apache-2.0
//
// Name servers that lie, stammer or say nothing, as a message meets them: the result is the right
// one, doubt becomes what the configuration says, and the daemon lives on.
#include <optional>

#include "test/support/hostile_name_server.h"
#include "test/wire/dns_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

class HostileDnsTest : public DnsTest {
 protected:
  HostileDnsTest() { publish_host(zone_); }

  // Asks nobody before everything is published.
  void run(std::string_view on_error, std::string_view dns = {},
           std::string_view deadlines = generous) {
    server_.emplace(zone_.dump());
    configure_dns(server_->address(), on_error, deadlines, dns);
    start();
  }

  // A letter from a domain whose name says how its name server behaves.
  MilterMail letter_under(std::string_view word, std::string_view queue_id_end = {}) {
    const std::string domain = fmt::format("{}.shop.example", word);
    publish(zone_, domain);
    return signed_letter(domain, fmt::format("4{}{}", word, queue_id_end));
  }

  // Where every answer that counts comes: the machine may stand still for seconds.
  static constexpr std::string_view generous =
      "limits: {message_deadline: 60s}\nauthentication: {deadline: 40s}\n";
  // Where some do not come.
  static constexpr std::string_view short_ones =
      "limits: {message_deadline: 4s}\nauthentication: {deadline: 2s}\n";
  static constexpr std::string_view long_ones =
      "limits: {message_deadline: 20s}\nauthentication: {deadline: 12s}\n";

  nlohmann::json zone_;
  std::optional<HostileNameServer> server_;
};

constexpr std::string_view doubtful[] = {"silent",    "late60000", "garbage", "short",    "wrongid",
                                         "wrongname", "deadtcp",   "cuttcp",  "halftcp",  "huge",
                                         "servfail",  "refused",   "notimp",  "badrdata", "knot",
                                         "loop",      "chain0"};

class Doubt : public HostileDnsTest {
 protected:
  // Every kind of trouble at once: what is decided, and that nobody waits longer than he may.
  void expect(std::string_view on_error, std::string_view verdict, std::string_view answer) {
    std::vector<MilterMail> mails;
    for (const std::string_view word : doubtful) mails.push_back(letter_under(word));
    run(on_error, {}, short_ones);
    const std::vector<Judged> judged = judge_together(mails);
    for (std::size_t i = 0; i < mails.size(); ++i) {
      const std::string& id = mails[i].queue_id;
      EXPECT_TRUE(shown(judged[i]).starts_with(answer)) << id << ": " << shown(judged[i]);
      EXPECT_LT(judged[i].took, deadline + slack) << id;
      EXPECT_TRUE(decided(id).starts_with(fmt::format(
          "{} alignment.spf-temporary alignment.dkim-temporary alignment.dmarc-temporary "
          "sender_identity.",
          verdict)))
          << id << ": " << decided(id);
      EXPECT_TRUE(evidence(id, "alignment.spf-temporary")
                      .starts_with(fmt::format("SPF says temperror for {0}.shop.example from "
                                               "192.0.2.7: TXT {0}.shop.example: temporary (",
                                               doubtful[i])))
          << evidence(id, "alignment.spf-temporary");
    }
    EXPECT_EQ(daemon_->stop().value_or(-1), 0);
  }

  static constexpr auto deadline = 4s;
  static constexpr auto slack = 15s;  // the machine may be busy
};

TEST_F(Doubt, is_deferred_where_the_configuration_says_defer) {
  expect("defer", "defer", "451 4.7.24 alignment.spf-temporary: SPF says temperror for ");
}

TEST_F(Doubt, goes_on_and_is_logged_where_the_configuration_says_accept) {
  expect("accept", "accept", "goes on");
}

TEST_F(HostileDnsTest, an_answer_without_the_record_is_no_doubt) {
  const MilterMail aside = letter_under("aside");
  const MilterMail missing = signed_letter("missing.shop.example", "4missing");
  run("accept");
  for (const MilterMail& mail : {aside, missing}) {
    EXPECT_TRUE(shown(judge(mail))
                    .starts_with("550 5.7.26 alignment.several: SPF (spf-none), DKIM "
                                 "(dkim-fail) and DMARC (dmarc-missing) failed; "));
    EXPECT_TRUE(decided(mail.queue_id).starts_with("reject alignment.several")) << mail.queue_id;
  }
}

TEST_F(HostileDnsTest, an_answer_too_long_for_a_datagram_comes_over_tcp) {
  const MilterMail mail = letter_under("onlytcp");
  run("defer");
  EXPECT_EQ(shown(judge(mail)), "goes on");
  EXPECT_EQ(decided("4onlytcp"), "accept");
}

TEST_F(HostileDnsTest, a_message_that_is_well_published_goes_on_among_all_that_trouble) {
  std::vector<MilterMail> mails;
  for (const std::string_view word : doubtful) {
    mails.push_back(letter_under(word));
    mails.push_back(letter_under(fmt::format("good{}", mails.size())));
  }
  run("defer", {}, long_ones);
  const std::vector<Judged> judged = judge_together(mails);
  for (std::size_t i = 1; i < mails.size(); i += 2) {
    EXPECT_EQ(shown(judged[i]), "goes on") << mails[i].queue_id;
  }
}

TEST_F(HostileDnsTest, an_answer_that_should_be_signed_and_is_not_is_doubt) {
  directory_.write("anchor", "signed.example. IN DS 20326 13 2 " + std::string(64, 'a') + "\n");
  publish(zone_, "signed.example");
  publish(zone_, "plain.example");
  run("defer", fmt::format(", dnssec: yes, trust_anchor: {}", path("anchor")));
  EXPECT_TRUE(shown(judge(signed_letter("signed.example", "4B")))
                  .starts_with("451 4.7.24 alignment.spf-temporary: SPF says temperror for "
                               "signed.example from 192.0.2.7: TXT signed.example: bogus ("));
  EXPECT_TRUE(evidence("4B", "alignment.dkim-temporary")
                  .starts_with("the key of a DKIM signature could not be fetched: s=sel "
                               "d=signed.example: TXT sel._domainkey.signed.example: bogus ("))
      << evidence("4B", "alignment.dkim-temporary");
  EXPECT_EQ(shown(judge(signed_letter("plain.example", "4P"))), "goes on");
}

}  // namespace
}  // namespace icm
