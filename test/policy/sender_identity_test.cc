// SPDX-License-Identifier: Apache-2.0
#include "test/policy/authentication_fixture.h"

namespace icm {
namespace {

StreamConfig stream_named(std::string name, StreamKind kind, std::string_view domain) {
  StreamConfig stream;
  stream.name = std::move(name);
  stream.kind = kind;
  stream.from_domains = {*Domain::parse(domain)};
  stream.sender_domains = {*Domain::parse(fmt::format("bounce.{}", domain))};
  stream.dkim_domains = {*Domain::parse(domain)};
  return stream;
}

// A shop with a newsletter and receipts; its host and bounce domains are in order.
class SenderIdentityTest : public AuthenticationTest {
 protected:
  SenderIdentityTest() : AuthenticationTest(make_sender_identity) {
    StreamConfig news = stream_named("news", StreamKind::bulk, "news.shop.example");
    news.display_names = {"Shop News", "Größe"};
    config.streams = {news, stream_named("receipts", StreamKind::transactional, "shop.example")};
    config.sender_identity.on_error = OnError::defer;
    zone = good_zone;
    as_news();
    dkim(DkimStatus::pass, "news.shop.example");
  }

  void as_news() {
    mail_class = MailClass::bulk;
    stream = "news";
    header = "From: Shop News <news@news.shop.example>\n";
    envelope.reverse_path = ReversePath::from("b@bounce.news.shop.example");
  }
  void as_receipt() {
    mail_class = MailClass::transactional;
    stream = "receipts";
    header = "From: Shop <receipts@shop.example>\n";
    envelope.reverse_path = ReversePath::from("b@bounce.shop.example");
    found.dkim[0].domain = "shop.example";
  }

  static constexpr std::string_view good_zone = R"({
    "7.2.0.192.in-addr.arpa": {"PTR": ["out.shop.example."]},
    "out.shop.example": {"A": ["192.0.2.7"]},
    "bounce.news.shop.example": {"MX": [[10, "out.shop.example."]]},
    "bounce.shop.example": {"A": ["192.0.2.7"]}})";

  // The zone with one piece of it replaced.
  void zone_with(std::string_view from, std::string_view to) {
    zone = good_zone;
    zone.replace(zone.find(from), from.size(), to);
  }
};

TEST_F(SenderIdentityTest, has_nothing_to_say_of_streams_and_hosts_in_order) {
  EXPECT_EQ(judged(), "");
  header = "From: =?utf-8?q?Gr=C3=B6=C3=9Fe?= <news@news.shop.example>\n";
  EXPECT_EQ(judged(), "");
  as_receipt();
  EXPECT_EQ(judged(), "");
}

TEST_F(SenderIdentityTest, holds_a_stream_to_what_it_declares) {
  header = "From: Big Sale <sale@sale.shop.example>\n";
  envelope.reverse_path = ReversePath::from("b@esp.example");
  found.dkim[0].domain = "esp.example";
  zone_with("bounce.news.shop.example", "esp.example");
  EXPECT_EQ(
      judged(),
      "violation 550 5.7.1 sender_identity.display-name: From calls the sender \"Big Sale\", "
      "stream "
      "news has \"Shop News\" or \"Gr\\xc3\\xb6\\xc3\\x9fe\"; write \"Shop News\" or "
      "\"Gr\\xc3\\xb6\\xc3\\x9fe\", or add the name to display_names of the stream\n"
      "violation 550 5.7.1 sender_identity.from-domain: sale.shop.example of From is not of stream "
      "news; use news.shop.example in From, or add the domain to from_domains of the stream\n"
      "violation 550 5.7.1 sender_identity.sender-domain: esp.example of the envelope sender is "
      "not "
      "of stream news; use bounce.news.shop.example in the envelope sender, or add the domain to "
      "sender_domains of the stream\n"
      "violation 550 5.7.1 sender_identity.dkim-domain: no DKIM signature of stream news "
      "(d=news.shop.example) passes; sign this stream with d=news.shop.example");
}

TEST_F(SenderIdentityTest, asks_nothing_of_what_a_stream_leaves_open_or_nobody_declared) {
  config.streams[0].display_names.clear();
  config.streams[0].dkim_domains.clear();
  header = "From: Anything <news@news.shop.example>\n";
  found.dkim.clear();
  EXPECT_EQ(judged(), "");
  stream.clear();
  header = "From: Ann <ann@other.example>\n";
  EXPECT_EQ(judged(), "");
}

TEST_F(SenderIdentityTest, leaves_the_key_that_could_not_be_fetched_to_alignment) {
  found.dkim[0].status = DkimStatus::temp_error;
  EXPECT_EQ(judged(), "");
  found.dkim[0].status = DkimStatus::fail;
  EXPECT_EQ(rules(), "dkim-domain");
}

TEST_F(SenderIdentityTest, keeps_the_domains_of_two_streams_apart) {
  envelope.reverse_path = ReversePath::from("b@bounce.shop.example");
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 sender_identity.streams-mixed: news.shop.example of From is of "
            "stream news, the envelope sender's bounce.shop.example is of stream receipts; send "
            "each stream with its own domains: news.shop.example belongs to news");
  as_news();
  found.dkim[0].domain = "shop.example";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 sender_identity.streams-mixed: news.shop.example of From is of "
            "stream news, the signature's d= shop.example is of stream receipts; send each stream "
            "with its own domains: news.shop.example belongs to news");
  dkim(DkimStatus::pass, "news.shop.example");
  EXPECT_EQ(judged(), "");
}

TEST_F(SenderIdentityTest, keeps_marketing_and_transactional_mail_apart) {
  as_receipt();
  header += "List-Unsubscribe: <https://shop.example/u/1>\n";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 sender_identity.bulk-in-transactional: bulk mail "
            "(List-Unsubscribe) in the transactional stream receipts; send it by a stream of kind "
            "bulk, with domains and addresses of its own");
  as_news();
  found.dkim[0].domain = "news.shop.example";
  header += "Auto-Submitted: auto-generated\n";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 sender_identity.transactional-in-bulk: a notice (Auto-Submitted: "
            "auto-generated) in the bulk stream news; send it by a stream of kind transactional, "
            "with domains and addresses of its own");
}

TEST_F(SenderIdentityTest, asks_each_address_for_a_name_that_leads_back) {
  zone_with(R"("7.2.0.192.in-addr.arpa": {"PTR": ["out.shop.example."]},)", "");
  EXPECT_EQ(judged(),
            "violation 550 5.7.25 sender_identity.reverse-missing: 192.0.2.7 has no name in the "
            "DNS; have 7.2.0.192.in-addr.arpa. PTR out.shop.example. published by whoever gave you "
            "the address, and publish out.shop.example. A 192.0.2.7");
  EXPECT_EQ(findings().front().prediction, no_answer_known);
  zone_with("out.shop.example.\"]", "mx.shop.example.\"]");
  EXPECT_EQ(
      judged(),
      "violation 550 5.7.25 sender_identity.reverse-unconfirmed: 192.0.2.7 is called "
      "mx.shop.example, which does not lead back to it; publish mx.shop.example. A 192.0.2.7");
  zone = good_zone;
  questions.clients.push_back(*IpAddress::parse("2001:db8::7"));
  EXPECT_EQ(rules(), "helo-mismatch(advice) reverse-missing");
}

TEST_F(SenderIdentityTest, advises_on_names_that_are_not_ours) {
  zone_with(R"({"PTR": ["out.shop.example."]},)",
            R"({"PTR": ["7-2-0-192.static.isp.example."]},
               "7-2-0-192.static.isp.example": {"A": ["192.0.2.7"]},)");
  EXPECT_EQ(judged(),
            "advice sender_identity.reverse-generic: 192.0.2.7 is called "
            "7-2-0-192.static.isp.example, as providers call any address; have "
            "7.2.0.192.in-addr.arpa. PTR out.shop.example. published");
  zone_with(R"({"PTR": ["out.shop.example."]},)",
            R"({"PTR": ["host7.isp.example."]}, "host7.isp.example": {"A": ["192.0.2.7"]},)");
  EXPECT_EQ(judged(),
            "advice sender_identity.reverse-foreign: 192.0.2.7 is called host7.isp.example, which "
            "is of another organization than HELO, From and the envelope sender; have "
            "7.2.0.192.in-addr.arpa. PTR out.shop.example. published");
}

TEST_F(SenderIdentityTest, only_advises_about_a_helo_name_that_it_had_to_guess) {
  questions.helo = "localhost";
  EXPECT_EQ(judged(),
            "advice sender_identity.helo-syntax: HELO name \"localhost\" is no full host name "
            "(egress.helo is not set; this is the host's name); set egress.helo to what the mail "
            "server says (Postfix: smtp_helo_name)");
  questions.helo = "mail.shop.example";
  EXPECT_EQ(rules(), "helo-unresolved(advice)");
}

TEST_F(SenderIdentityTest, asks_for_a_helo_name_that_resolves) {
  config.egress.helo = questions.helo = "localhost";
  EXPECT_EQ(
      judged(),
      "violation 550 5.7.1 sender_identity.helo-syntax: HELO name \"localhost\" is no full "
      "host name; set egress.helo and the mail server's name (Postfix: smtp_helo_name) to one "
      "that the DNS knows (RFC 5321 section 2.3.5) -> 450 4.7.1 <localhost>: Helo command "
      "rejected: Host not found");
  for (const std::string_view odd : {"[192.0.2.7]", "192.0.2.7", "mail_1.shop.example"}) {
    config.egress.helo = questions.helo = odd;
    EXPECT_EQ(rules(), "helo-syntax") << odd;
  }
  config.egress.helo = questions.helo = "mail.shop.example";
  EXPECT_EQ(judged(),
            "violation 550 5.7.1 sender_identity.helo-unresolved: HELO name mail.shop.example has "
            "no address; publish mail.shop.example. A 192.0.2.7 -> 450 4.7.1 <mail.shop.example>: "
            "Helo command rejected: Host not found");
  zone_with(R"("bounce.shop.example")",
            R"("mail.shop.example": {"A": ["192.0.2.9"]}, "b.example")");
  EXPECT_EQ(judged(),
            "advice sender_identity.helo-mismatch: HELO name mail.shop.example does not lead to "
            "192.0.2.7; publish mail.shop.example. A 192.0.2.7");
}

TEST_F(SenderIdentityTest, asks_that_the_envelope_sender_takes_mail) {
  zone_with(R"("bounce.news.shop.example")", R"("b.example")");
  EXPECT_EQ(
      judged(),
      "violation 550 5.1.8 sender_identity.sender-unresolved: bounce.news.shop.example of the "
      "envelope sender has neither MX nor address; publish bounce.news.shop.example. MX 10 "
      "out.shop.example. -> 450 4.1.8 <b@bounce.news.shop.example>: Sender address rejected: "
      "Domain not found");
  zone_with(R"([[10, "out.shop.example."]])", R"([[0, "."]])");
  EXPECT_EQ(judged(),
            "violation 550 5.7.27 sender_identity.sender-null-mx: bounce.news.shop.example of the "
            "envelope sender takes no mail (null MX); use an envelope sender whose domain takes "
            "bounces, or publish an MX record for bounce.news.shop.example. in place of the null "
            "MX, which has to go (RFC 7505 section 3)");
  mail_class = MailClass::notice;
  envelope.reverse_path = ReversePath::from("<>");
  EXPECT_EQ(judged(), "");
}

TEST_F(SenderIdentityTest, defers_what_could_not_be_looked_up_as_on_error_says) {
  zone_with(R"([[10, "out.shop.example."]])", R"(["TIMEOUT"])");
  EXPECT_EQ(judged(),
            "violation 451 4.4.3 sender_identity.temporary: MX bounce.news.shop.example: temporary "
            "(TIMEOUT in the zone file); let the name servers of that name answer; the mail is "
            "tried again (defer)");
  config.sender_identity.on_error = OnError::accept;
  EXPECT_EQ(rules(), "temporary(advice)");
  for (const auto& [from, to] : {
           std::pair{R"(["out.shop.example."]})", R"(["TIMEOUT"]})"},
           std::pair{R"({"A": ["192.0.2.7"]},
    "bounce.news)",
                     R"({"A": ["TIMEOUT"]},
    "bounce.news)"},
       }) {
    zone_with(from, to);
    EXPECT_EQ(rules(), "temporary(advice)") << to;
  }
}

TEST_F(SenderIdentityTest, judges_the_streams_alone_where_nobody_asked_the_dns) {
  zone = "{}";
  authenticated = false;
  EXPECT_EQ(judged(), "");
  header = "From: Big Sale <news@news.shop.example>\n";
  EXPECT_EQ(rules(), "display-name");
}

TEST_F(SenderIdentityTest, leaves_the_names_of_notices_alone) {
  mail_class = MailClass::notice;
  header = "From: MAILER-DAEMON@out.shop.example\nAuto-Submitted: auto-replied\n";
  EXPECT_EQ(judged(), "");
}

}  // namespace
}  // namespace icm
