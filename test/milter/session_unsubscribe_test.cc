// SPDX-License-Identifier: Apache-2.0
//
// A stream that lacks the List-Unsubscribe pair gets it where its mail comes in, and other mail
// does not.
#include "policy/dns/zone_resolver.h"
#include "policy/unsubscribe/forms.h"
#include "test/milter/session_fixture.h"

namespace icm {
namespace {

constexpr std::string_view signed_over = R"(From: Shop <shop@ours.example>
To: bob@icloud.com
DKIM-Signature: v=1; d=ours.example; s=s; a=rsa-sha256; bh=; b=; h=from:to:List-Unsubscribe
)";

class SessionUnsubscribe : public SessionTest {
 protected:
  SessionUnsubscribe() {
    StreamConfig news;
    news.name = "news";
    news.logins = {"newsletter"};
    news.unsubscribe = "add";
    StreamConfig offers = news;
    offers.name = "offers";
    offers.logins = {"offers"};
    offers.unsubscribe = "none";
    config_.streams = {news, offers};
    config_.unsubscribe.url = "https://ours.example/unsubscribe";
    config_.unsubscribe.mailto = "unsubscribe@ours.example";
  }

  void build_with_keys() {
    auto zone = ZoneResolver::parse(
        R"({"plus.example.": {"MX": [[10, "mx01.mail.icloud.com."]]},
            "plain.example.": {"MX": [[10, "mx.plain.example."]]},
            "late.example.": {"MX": ["TIMEOUT"]}})");
    ASSERT_TRUE(zone) << zone.error().text;
    auto names = std::make_shared<NameService>(std::make_unique<ZoneResolver>(*std::move(zone)));
    auto by_mx = config_.routing.by_mx
                     ? std::make_shared<AppleByMx>(config_.routing, names->sources().resolver)
                     : nullptr;
    auto world = std::make_shared<const World>(
        config_, World::Parts{.suppression = std::make_shared<MemorySuppressionList>(
                                  std::vector<Suppression>{}),
                              .snapshot = nullptr,
                              .store_login = {},
                              .ledger = nullptr,
                              .names = std::move(names),
                              .sealing_keys = {},
                              .unsubscribe = tokens_,
                              .throttle = nullptr,
                              .by_mx = std::move(by_mx)});
    world_.with([&](std::shared_ptr<const World>& current) { current = world; });
  }

  // What is added beside the field that every mail gets at arrival.
  Changes added(std::string_view login, std::vector<std::string_view> recipients,
                std::string_view header, std::string_view listener = "smtpd") {
    build_with_keys();
    const std::size_t before = mta_.changes().size();
    connect(listener);
    mail("<shop@ours.example>", login);
    for (const std::string_view recipient : recipients) rcpt(recipient);
    EXPECT_EQ(send(header), go_on);
    Changes changes;
    for (std::size_t i = before; i < mta_.changes().size(); ++i) {
      const std::string& change = mta_.changes()[i];
      if (change.find("Authentication-Results") == std::string::npos) changes.push_back(change);
    }
    return changes;
  }

  UnsubscribeTokens tokens_{{std::string(32, 'n')}};
};

TEST_F(SessionUnsubscribe, adds_both_fields_to_mail_for_one_recipient) {
  const std::string token = tokens_.mint(Mailbox::parse("bob@icloud.com").value(), "stream:news");
  EXPECT_EQ(added("newsletter", {"<Bob@icloud.com>"}, honest),
            (Changes{"insert 0 List-Unsubscribe-Post: List-Unsubscribe=One-Click",
                     "insert 0 List-Unsubscribe: <https://ours.example/unsubscribe/" + token +
                         ">,\r\n <mailto:unsubscribe+" + token + "@ours.example>"}));
}

TEST_F(SessionUnsubscribe, leaves_mail_alone_for_several_recipients) {
  EXPECT_EQ(added("newsletter", {"<bob@icloud.com>", "<eve@icloud.com>"}, honest), Changes{});
}

TEST_F(SessionUnsubscribe, leaves_mail_alone_whose_reader_is_not_at_apple) {
  EXPECT_EQ(added("newsletter", {"<bob@elsewhere.example>"}, honest), Changes{});
}

TEST_F(SessionUnsubscribe, adds_them_where_nobody_has_asked_yet_whose_the_domain_is) {
  config_.routing.by_mx = true;
  EXPECT_EQ(added("newsletter", {"<bob@plus.example>"}, honest).size(), 2u);
  EXPECT_EQ(added("newsletter", {"<bob@plain.example>"}, honest), Changes{});
  EXPECT_EQ(added("newsletter", {"<bob@late.example>"}, honest).size(), 2u)
      << "the gate may know it when it comes there";
}

TEST_F(SessionUnsubscribe, leaves_mail_alone_that_has_one_of_the_fields) {
  EXPECT_EQ(added("newsletter", {"<bob@icloud.com>"}, bulk_without_one_click), Changes{});
}

TEST_F(SessionUnsubscribe, leaves_mail_alone_whose_signature_says_there_are_none) {
  EXPECT_EQ(added("newsletter", {"<bob@icloud.com>"}, signed_over), Changes{});
}

TEST_F(SessionUnsubscribe, leaves_other_streams_and_other_mail_alone) {
  EXPECT_EQ(added("offers", {"<bob@icloud.com>"}, honest), Changes{});
}

TEST_F(SessionUnsubscribe, leaves_mail_of_strangers_alone) {
  EXPECT_EQ(added("", {"<bob@icloud.com>"}, honest), Changes{});
}

TEST_F(SessionUnsubscribe, leaves_mail_alone_that_has_been_judged) {
  for (const Changes& changes :
       {added("newsletter", {"<bob@icloud.com>"}, honest, "DIRECT"),
        added("newsletter", {"<bob@icloud.com>"}, honest, "ICLOUD-GATE")}) {
    for (const std::string& change : changes) {
      EXPECT_EQ(change.find("List-Unsubscribe"), std::string::npos) << change;
    }
  }
}

}  // namespace
}  // namespace icm
