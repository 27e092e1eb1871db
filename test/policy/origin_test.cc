// SPDX-License-Identifier: Apache-2.0
#include "policy/origin.h"

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

constexpr std::string_view ours = "mail.shop.example";

// A site whose arrival is covered, with one declared stream, and a message on its way.
class OriginTest : public testing::Test {
 protected:
  OriginTest() {
    config.arrival.covered = true;
    config.arrival.trusted_networks = {*IpRange::parse("192.0.2.0/24")};
    StreamConfig news;
    news.name = "news";
    news.from_domains = {*Domain::parse("news.shop.example")};
    config.streams = {news};
    envelope.role = Role::gate;
    envelope.client = *IpAddress::parse("127.0.0.1");
    envelope.reverse_path = ReversePath::from("a@b.example");
    envelope.recipients = {recipient("bob@icloud.com", "bob@icloud.com")};
  }

  static Recipient recipient(std::string_view address, std::optional<std::string> original) {
    return {.text = std::string(address),
            .mailbox = *Mailbox::parse(address),
            .original = std::move(original),
            .is_apple = true};
  }

  OriginDecision of_connection(Transport transport = Transport::smtp) const {
    return origin_of_connection(config.arrival, envelope, transport);
  }

  OriginDecision of_message(std::string_view header, Transport transport = Transport::smtp) const {
    Inspection message(config);
    const HeaderList headers = mail_text(header).headers;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      message.header(headers[i].name, headers[i].value);
    }
    message.end_of_header(envelope);
    return origin_of_message(config, ours, envelope, transport, message);
  }

  Config config;
  Envelope envelope;
};

TEST_F(OriginTest, is_shown_by_the_connection_at_arrival) {
  struct Case {
    std::string_view client;
    std::string_view login;
    Transport transport;
    OriginDecision expected;
  };
  for (const Role role : {Role::arrival, Role::direct}) {
    envelope.role = role;
    for (const auto& [client, login, transport, expected] : {
             Case{"203.0.113.9",
                  "shop",
                  Transport::smtp,
                  {Origin::submission, "authenticated as shop"}},
             Case{"127.0.0.1",
                  "",
                  Transport::internal,
                  {Origin::local, "no SMTP client: made on this host"}},
             Case{"::1", "", Transport::smtp, {Origin::local, "client ::1 is this host"}},
             Case{
                 "192.0.2.7",
                 "",
                 Transport::smtp,
                 {Origin::relay, "client 192.0.2.7 is in arrival.trusted_networks (192.0.2.0/24)"}},
             Case{"203.0.113.9",
                  "",
                  Transport::smtp,
                  {Origin::forwarded,
                   "client 203.0.113.9 is from outside: not authenticated, not in "
                   "arrival.trusted_networks"}},
         }) {
      envelope.client = *IpAddress::parse(client);
      envelope.login = login;
      EXPECT_EQ(of_connection(transport), expected) << of_connection(transport).reason;
    }
  }
}

TEST_F(OriginTest, is_unknown_when_the_mail_server_names_no_client) {
  envelope.role = Role::arrival;
  envelope.client.reset();
  EXPECT_EQ(of_connection(),
            (OriginDecision{Origin::unknown, "the mail server named no client address"}));
}

TEST_F(OriginTest, lets_an_administrator_call_this_host_a_relay) {
  envelope.role = Role::arrival;
  config.arrival.trusted_networks = {*IpRange::parse("127.0.0.0/8")};
  EXPECT_EQ(of_connection().origin, Origin::relay);
}

TEST_F(OriginTest, is_not_shown_by_a_connection_to_the_gate) {
  envelope.login = "shop";
  EXPECT_EQ(
      of_connection(),
      (OriginDecision{Origin::unknown, "at the gate every client is the mail server itself"}));
}

TEST_F(OriginTest, stays_forwarded_when_a_redirecting_mailbox_hands_the_mail_in_again) {
  envelope.role = Role::arrival;
  const std::string_view header =
      "Authentication-Results: mail.shop.example; auth=none policy.origin=outside\n";
  EXPECT_EQ(of_message(header, Transport::internal),
            (OriginDecision{Origin::forwarded,
                            "Authentication-Results: mail.shop.example; auth=none "
                            "policy.origin=outside"}));
  config.arrival.covered = false;
  EXPECT_EQ(of_message(header, Transport::internal).origin, Origin::local);
}

TEST_F(OriginTest, stays_forwarded_when_another_host_of_ours_hands_the_mail_on) {
  envelope.role = Role::arrival;
  envelope.client = *IpAddress::parse("192.0.2.7");
  constexpr std::string_view by_the_other =
      "Authentication-Results: mx2.shop.example; auth=none policy.origin=outside\n";
  EXPECT_EQ(of_message(by_the_other).origin, Origin::relay);
  config.arrival.other_ids = {"mx2.shop.example"};
  EXPECT_EQ(of_message(by_the_other),
            (OriginDecision{Origin::forwarded,
                            "Authentication-Results: mx2.shop.example; auth=none "
                            "policy.origin=outside"}));
  envelope.login = "shop";
  EXPECT_EQ(of_message(by_the_other).origin, Origin::submission);
}

TEST_F(OriginTest, is_not_improved_by_a_field_that_came_with_the_mail) {
  envelope.role = Role::arrival;
  const std::string_view header =
      "Authentication-Results: mail.shop.example; auth=pass policy.origin=submission\n";
  EXPECT_EQ(of_message(header, Transport::internal).origin, Origin::local);
  envelope.client = *IpAddress::parse("203.0.113.9");
  EXPECT_EQ(of_message(header).origin, Origin::forwarded);
}

TEST_F(OriginTest, is_read_from_our_own_field_at_the_gate) {
  config.arrival.show_login = true;
  for (const Origin origin :
       {Origin::submission, Origin::relay, Origin::local, Origin::forwarded}) {
    Envelope arrived;
    arrived.origin = origin;
    arrived.login = "john doe";
    const std::string value = arrival_results(config, ours, arrived);
    const OriginDecision found =
        of_message(fmt::format("Authentication-Results: {}\nSubject: x\n", unfold(value)));
    EXPECT_EQ(found.origin, origin) << value;
    EXPECT_EQ(found.reason, "Authentication-Results: " + unfold(value));
  }
}

TEST_F(OriginTest, brings_the_stream_of_a_login_to_the_gate) {
  config.streams[0].logins = {"newsletter"};
  Envelope arrived;
  arrived.origin = Origin::submission;
  arrived.login = "Newsletter";
  const std::string value = arrival_results(config, ours, arrived);
  EXPECT_EQ(value, "mail.shop.example; auth=pass policy.origin=submission\r\n policy.stream=news");
  HeaderList headers;
  headers.add("Authentication-Results", " " + value);
  EXPECT_EQ(stream_of_arrival(config, ours, headers), "news");

  envelope.stream = "news";
  const Classification found =
      classify(config.streams, envelope, HeaderList(), fail(Code::syntax, "no author"));
  EXPECT_EQ(found, (Classification{MailClass::bulk, "news", "stream news (login)"}));
  EXPECT_EQ(stream_of_envelope(config.streams, envelope), &config.streams[0]);
}

TEST_F(OriginTest, brings_no_stream_that_arrival_did_not_write) {
  const auto stream_in = [&](std::string_view value) {
    HeaderList headers;
    headers.add("Authentication-Results", value);
    return stream_of_arrival(config, ours, headers);
  };
  const std::string_view good =
      " mail.shop.example; auth=pass policy.origin=submission policy.stream=news";
  EXPECT_EQ(stream_in(good), "news");
  EXPECT_EQ(stream_in(" mail.shop.example; auth=none policy.origin=outside policy.stream=news"),
            "");
  EXPECT_EQ(stream_in(" other.example; auth=pass policy.origin=submission policy.stream=news"), "");
  EXPECT_EQ(stream_in(" mail.shop.example; auth=pass policy.origin=submission"), "");
  config.arrival.covered = false;
  EXPECT_EQ(stream_in(good), "");
}

TEST_F(OriginTest, is_believed_from_the_topmost_of_our_fields_alone) {
  const OriginDecision found = of_message(
      "Authentication-Results: mx.b.example; spf=pass smtp.mailfrom=b.example\n"
      "Received: by mail.shop.example\n"
      "authentication-results: mail.shop.example; auth=none policy.origin=outside\n"
      "Authentication-Results: mail.shop.example; auth=pass policy.origin=submission\n");
  EXPECT_EQ(found.origin, Origin::forwarded);
}

TEST_F(OriginTest, is_not_believed_when_arrival_is_not_covered) {
  config.arrival.covered = false;
  EXPECT_EQ(
      of_message("Authentication-Results: mail.shop.example; auth=pass policy.origin=submission\n"),
      (OriginDecision{Origin::unknown, "arrival.covered is not set"}));
}

TEST_F(OriginTest, is_not_believed_from_a_field_that_arrival_would_not_write) {
  for (const std::string_view value : {
           "mail.shop.example; auth=none policy.origin=submission",
           "mail.shop.example; auth=pass policy.origin=local",
           "mail.shop.example; auth=pass",
           "mail.shop.example; auth=pass policy.origin=submission; auth=none policy.origin=local",
           "mail.shop.example; auth=pass policy.origin=submission;",
           "mail.shop.example 2; auth=pass policy.origin=submission",
           "mail.shop.example; auth=pass policy.origin=other",
           "mail.shop.example; spf=pass",
       }) {
    EXPECT_EQ(of_message(fmt::format("Authentication-Results: {}\n", value)),
              (OriginDecision{Origin::unknown,
                              fmt::format("Authentication-Results says nothing that arrival would "
                                          "write: {}",
                                          excerpt(value))}));
  }
}

TEST_F(OriginTest, is_local_for_a_bounce_that_passed_no_arrival) {
  envelope.reverse_path = ReversePath::from("<>");
  EXPECT_EQ(of_message("Subject: Undelivered Mail Returned to Sender\n"),
            (OriginDecision{Origin::local,
                            "null reverse path and no Authentication-Results of "
                            "mail.shop.example: the mail server's own notice"}));
  config.arrival.covered = false;
  EXPECT_EQ(of_message("Subject: Undelivered\n").origin, Origin::unknown);
}

constexpr std::string_view arc_set =
    "ARC-Seal: i=1; cv=none\nARC-Message-Signature: i=1\nARC-Authentication-Results: i=1; x\n";

TEST_F(OriginTest, is_forwarded_for_an_arc_set_that_nobody_here_vouches_for) {
  config.arrival.covered = false;
  EXPECT_EQ(of_message(arc_set), (OriginDecision{Origin::forwarded, "it carries an ARC set"}));
  EXPECT_EQ(of_message("ARC-Seal: i=1; cv=none\n").origin, Origin::unknown);
  config.arrival.covered = true;
  const auto with_arc = [&](std::string_view from, std::string_view results) {
    return of_message(fmt::format("Authentication-Results: mail.shop.example; {}\nFrom: {}\n{}",
                                  results, from, arc_set));
  };
  EXPECT_EQ(with_arc("a@b.example", "auth=none policy.origin=local"),
            (OriginDecision{Origin::forwarded,
                            "it carries an ARC set and the author is in no declared stream"}));
  EXPECT_EQ(with_arc("a@b.example", "auth=none policy.origin=relay").origin, Origin::forwarded);
  EXPECT_EQ(with_arc("a@news.shop.example", "auth=none policy.origin=relay").origin, Origin::relay);
  EXPECT_EQ(with_arc("a@b.example", "auth=pass policy.origin=submission").origin,
            Origin::submission);
}

// Mailman hands it over on localhost, and what is wrong with it a member wrote.
TEST_F(OriginTest, is_forwarded_for_a_discussion_list_of_this_host_or_network) {
  const std::string by_list = "From: a@members.example\nList-Post: <mailto:l@lists.example>\n";
  const OriginDecision forwarded{Origin::forwarded,
                                 "a discussion list (List-Post) hands on what its members wrote, "
                                 "and no stream declares it"};
  for (const std::string_view word : {"local", "relay", "unknown"}) {
    EXPECT_EQ(of_message(fmt::format("Authentication-Results: {}; auth=none policy.origin={}\n{}",
                                     ours, word, by_list)),
              forwarded)
        << word;
  }
  EXPECT_EQ(of_message(by_list), forwarded) << "nobody has said anything";
  EXPECT_EQ(
      of_message(fmt::format("Authentication-Results: {}; auth=pass policy.origin=submission\n{}",
                             ours, by_list))
          .origin,
      Origin::submission)
      << "a login vouches for it";
  const std::string local =
      fmt::format("Authentication-Results: {}; auth=none policy.origin=local\n", ours);
  EXPECT_EQ(
      of_message(local + "From: a@news.shop.example\nList-Post: <mailto:l@lists.example>\n").origin,
      Origin::local)
      << "a stream declares it";
  EXPECT_EQ(of_message(local + "From: a@b.example\nList-Post: NO\n").origin, Origin::local)
      << "nobody may write to it";

  envelope.role = Role::direct;
  EXPECT_EQ(of_message(by_list), forwarded);
  EXPECT_EQ(of_message(by_list, Transport::internal), forwarded);
  envelope.role = Role::arrival;
  EXPECT_EQ(of_message(by_list).origin, Origin::local) << "arrival writes down how it came in";
}

TEST_F(OriginTest, is_forwarded_when_every_recipient_replaced_another) {
  const std::string_view stranger = "From: a@b.example\n";
  envelope.recipients = {recipient("bob@icloud.com", "bob@shop.example"),
                         recipient("eve@icloud.com", "eve@shop.example")};
  EXPECT_EQ(of_message(stranger),
            (OriginDecision{Origin::forwarded,
                            "bob@icloud.com was bob@shop.example and the author is in no declared "
                            "stream"}));
  EXPECT_EQ(of_message("From: a@news.shop.example\n"),
            (OriginDecision{Origin::unknown, "no Authentication-Results of mail.shop.example"}));

  envelope.recipients.push_back(recipient("zoe@icloud.com", "ZOE@icloud.com"));
  EXPECT_EQ(of_message(stranger).origin, Origin::unknown);
  envelope.recipients.back().original = std::nullopt;
  EXPECT_EQ(of_message(stranger).origin, Origin::unknown);
  envelope.recipients.back().original = "root";
  EXPECT_EQ(of_message(stranger).origin, Origin::forwarded);
  envelope.recipients.clear();
  EXPECT_EQ(of_message(stranger).origin, Origin::unknown);
}

TEST_F(OriginTest, is_that_of_the_login_also_when_an_alias_led_to_apple) {
  envelope.recipients = {recipient("bob@icloud.com", "bob@shop.example")};
  EXPECT_EQ(of_message("Authentication-Results: mail.shop.example; auth=pass "
                       "policy.origin=submission\nFrom: a@b.example\n")
                .origin,
            Origin::submission);
}

std::string results_of(Origin origin, std::string_view login, bool show_login) {
  Config config;
  config.arrival.show_login = show_login;
  Envelope envelope;
  envelope.origin = origin;
  envelope.login = login;
  return arrival_results(config, "x.example", envelope);
}

TEST(ArrivalResults, say_what_the_connection_showed) {
  struct Case {
    Origin origin;
    std::string_view value;
  };
  for (const auto& [origin, value] : {
           Case{Origin::submission, "x.example; auth=pass policy.origin=submission"},
           Case{Origin::relay, "x.example; auth=none policy.origin=relay"},
           Case{Origin::local, "x.example; auth=none policy.origin=local"},
           Case{Origin::forwarded, "x.example; auth=none policy.origin=outside"},
           Case{Origin::unknown, "x.example; auth=none policy.origin=unknown"},
       }) {
    EXPECT_EQ(results_of(origin, "bob", false), value);
  }
}

TEST(ArrivalResults, name_the_login_only_when_told_to) {
  EXPECT_EQ(results_of(Origin::submission, "bob", true),
            "x.example; auth=pass policy.origin=submission\r\n smtp.auth=bob");
  EXPECT_EQ(results_of(Origin::relay, "bob", true), "x.example; auth=none policy.origin=relay");
  EXPECT_EQ(results_of(Origin::submission, "", true),
            "x.example; auth=pass policy.origin=submission");
}

TEST(ResultsOfArrival, are_those_of_all_our_fields_in_their_order) {
  const HeaderList headers = mail_text(R"(Authentication-Results: mail.shop.example;
 auth=none policy.origin=relay
Authentication-Results: mx2.shop.example; auth=none policy.origin=outside;
 spf=pass smtp.mailfrom=a@b.example; dkim=fail header.d=b.example
Authentication-Results: other.example; dmarc=pass header.from=b.example
Authentication-Results: mail.shop.example; arc=none
)")
                                 .headers;
  const auto words = [&](const Config& config) {
    std::string text;
    for (const MethodResult& result : results_of_arrival(config, ours, headers)) {
      text += fmt::format("{}={} ", result.method, result.result);
    }
    return text;
  };
  Config config;
  EXPECT_EQ(words(config), "");  // nobody says that arrival is covered
  config.arrival.covered = true;
  EXPECT_EQ(words(config), "arc=none ");
  config.arrival.other_ids = {"MX2.shop.example"};
  EXPECT_EQ(words(config), "spf=pass dkim=fail arc=none ");
  const auto others = results_of_other_hosts(config, ours, headers);
  ASSERT_EQ(others.size(), 2u) << "what claims to be ours is not another host's";
  EXPECT_EQ(others[0].method, "spf");
  EXPECT_EQ(others[1].method, "dkim");
}

TEST(ArrivalResults, cannot_be_broken_by_a_login) {
  EXPECT_EQ(results_of(Origin::submission, "a\r\nX: \"y\"; spf=pass", true),
            "x.example; auth=pass policy.origin=submission\r\n"
            " smtp.auth=\"a??X: \\\"y\\\"; spf=pass\"");
}

}  // namespace
}  // namespace icm
