// SPDX-License-Identifier: Apache-2.0
#include "test/policy/authentication_fixture.h"

namespace icm {
namespace {

constexpr std::string_view unauthorized =
    " -> 550 5.1.1 <bounce@shop.example>: unauthorized sender";
constexpr std::string_view sign =
    "sign with d=shop.example (SELECTOR._domainkey.shop.example. TXT), exactly the registered "
    "domain of From; or use an envelope sender of a registered domain for which SPF passes";

class PrivateRelayTest : public AuthenticationTest {
 protected:
  PrivateRelayTest() : AuthenticationTest(make_private_relay) {
    envelope.recipients = {recipient("x7k2@privaterelay.appleid.com")};
    config.private_relay.sources = {"shop.example"};
    config.private_relay.on_error = OnError::defer;
  }
};

TEST_F(PrivateRelayTest, has_nothing_to_say_of_a_registered_source_by_either_route) {
  all_pass();
  EXPECT_EQ(judged(), "");
  found.spf[0].result.status = SpfStatus::fail;
  EXPECT_EQ(judged(), "");
  found.spf[0].result.status = SpfStatus::pass;
  found.dkim[0].status = DkimStatus::fail;
  EXPECT_EQ(judged(), "");
}

TEST_F(PrivateRelayTest, leaves_other_recipients_alone) {
  header = "From: Eve <eve@evil.example>\n";
  for (const std::string_view other :
       {"bob@icloud.com", "bob@sub.privaterelay.appleid.com", "bob@appleid.com"}) {
    envelope.recipients = {recipient(other)};
    EXPECT_EQ(judged(), "") << other;
  }
  for (const std::string_view relay : {"x@private.icloud.com", "x@PrivateRelay.AppleID.com"}) {
    envelope.recipients = {recipient(relay)};
    EXPECT_NE(judged(), "") << relay;
  }
}

TEST_F(PrivateRelayTest, asks_that_from_is_registered_exactly) {
  all_pass();
  header = "From: News <news@mail.shop.example>\n";
  found.dkim[0].domain = "mail.shop.example";
  EXPECT_EQ(judged(),
            fmt::format("violation 550 5.7.1 private_relay.source-unregistered: "
                        "news@mail.shop.example of From is no registered source; register "
                        "mail.shop.example in the Apple developer account (Services, Sign in with "
                        "Apple for Email Communication), then add it to private_relay.sources{}",
                        unauthorized));
  config.private_relay.sources.push_back("News@Mail.Shop.Example");
  EXPECT_EQ(judged(), "");
  header = "From: Sale <sale@mail.shop.example>\n";
  EXPECT_EQ(rules(), "source-unregistered");
}

TEST_F(PrivateRelayTest, takes_no_relaxed_alignment) {
  spf(SpfStatus::pass, "bounces.shop.example");
  envelope.reverse_path = ReversePath::from("x@bounces.shop.example");
  dkim(DkimStatus::pass, "mail.shop.example");
  EXPECT_EQ(judged(),
            fmt::format("violation 550 5.7.1 private_relay.unauthenticated: no DKIM signature has "
                        "d=shop.example, and bounces.shop.example of the envelope sender is no "
                        "registered source; {} -> 550 5.1.1 <x@bounces.shop.example>: unauthorized "
                        "sender",
                        sign));
  config.private_relay.sources.push_back("bounces.shop.example");
  EXPECT_EQ(judged(), "");
}

TEST_F(PrivateRelayTest, tells_why_neither_route_is_open) {
  spf(SpfStatus::pass, "shop.example");
  found.spf.push_back({*IpAddress::parse("192.0.2.8"), found.spf[0].result});
  found.spf[1].result.status = SpfStatus::soft_fail;
  dkim(DkimStatus::fail, "shop.example", "body hash did not verify");
  EXPECT_EQ(judged(),
            fmt::format("violation 550 5.7.1 private_relay.unauthenticated: DKIM says fail for "
                        "d=shop.example s=sel, and SPF says softfail for shop.example from "
                        "192.0.2.8; {}{}",
                        sign, unauthorized));
  envelope.reverse_path = ReversePath::from("<>");
  EXPECT_EQ(judged(),
            fmt::format("violation 550 5.7.1 private_relay.unauthenticated: DKIM says fail for "
                        "d=shop.example s=sel, and there is no envelope sender; {} -> 550 5.1.1 "
                        "<>: unauthorized sender",
                        sign));
}

TEST_F(PrivateRelayTest, advises_to_register_the_envelope_sender_when_the_signature_does_it) {
  spf(SpfStatus::pass, "esp.example");
  envelope.reverse_path = ReversePath::from("b@esp.example");
  dkim(DkimStatus::pass, "shop.example");
  EXPECT_EQ(judged(),
            "advice private_relay.sender-unregistered: esp.example of the envelope sender is no "
            "registered source; register esp.example in the Apple developer account (Services, "
            "Sign in with Apple for Email Communication), then add it to private_relay.sources");
}

TEST_F(PrivateRelayTest, defers_what_could_not_be_looked_up_as_on_error_says) {
  spf(SpfStatus::none, "shop.example");
  dkim(DkimStatus::temp_error, "shop.example");
  EXPECT_EQ(judged(),
            "violation 451 4.7.1 private_relay.temporary: DKIM says temperror for d=shop.example "
            "s=sel, and SPF says none for shop.example from 192.0.2.7; sign with d=shop.example "
            "(SELECTOR._domainkey.shop.example. TXT) (defer)");
  config.private_relay.on_error = OnError::accept;
  EXPECT_EQ(rules(), "temporary(advice)");
}

TEST_F(PrivateRelayTest, does_not_wait_for_what_nobody_asked) {
  EXPECT_EQ(judged(),
            "advice private_relay.unauthenticated: no DKIM signature has d=shop.example, and SPF "
            "was not asked (egress.addresses is empty); set egress.addresses, or sign with "
            "d=shop.example");
}

TEST_F(PrivateRelayTest, judges_the_routes_alone_when_nothing_is_known_of_what_is_registered) {
  config.private_relay.sources.clear();
  all_pass();
  EXPECT_EQ(judged(),
            "advice private_relay.source-unregistered: private_relay.sources is empty: nothing is "
            "known of what is registered; write down there what is registered in the Apple "
            "developer account (Services, Sign in with Apple for Email Communication)");
  found.spf[0].result.status = SpfStatus::fail;
  found.dkim.clear();
  EXPECT_EQ(rules(), "source-unregistered(advice) unauthenticated");
}

TEST_F(PrivateRelayTest, knows_the_registered_sources_without_authentication) {
  authenticated = false;
  EXPECT_EQ(judged(), "");
  header = "From: Eve <eve@evil.example>\n";
  EXPECT_EQ(rules(), "source-unregistered");
}

TEST_F(PrivateRelayTest, only_advises_when_others_would_lose_the_message) {
  envelope.recipients.push_back(recipient("bob@icloud.com"));
  spf(SpfStatus::fail, "shop.example");
  EXPECT_EQ(judged(),
            fmt::format("advice private_relay.unauthenticated: no DKIM signature has "
                        "d=shop.example, and SPF says fail for shop.example from 192.0.2.7; {}; "
                        "send one recipient per message, so that one can be refused without the "
                        "others",
                        sign));
}

TEST_F(PrivateRelayTest, disputes_what_libspf2_does_not_confirm) {
  zone = R"({"shop.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}})";
  questions.mail_from = "bounce@shop.example";
  ask_libraries = true;
  spf(SpfStatus::fail, "shop.example");
  EXPECT_EQ(findings()[0].disputed, "libspf2 says pass");
  zone = R"({"shop.example": {"TXT": ["v=spf1 -all"]}})";
  EXPECT_EQ(findings()[0].disputed, "");
}

}  // namespace
}  // namespace icm
