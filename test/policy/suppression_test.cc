// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/classification.h"
#include "policy/policy_set.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");
const WallTime yesterday = *parse_time("2026-11-20T23:59:59Z");

Suppression entry(std::string address, SuppressionReason reason, std::string scope = "global") {
  return {.address = std::move(address),
          .scope = std::move(scope),
          .reason = reason,
          .source = "cli",
          .note = {},
          .created = yesterday,
          .expires = {}};
}

Recipient apple(std::string_view address) {
  return {.text = std::string(address),
          .mailbox = *Mailbox::parse(address),
          .original = {},
          .is_apple = true};
}

// A list, a configuration with a stream known by login, one by a mark and one by envelope sender;
// and a message to be judged under them.
class SuppressionPolicyTest : public testing::Test {
 protected:
  SuppressionPolicyTest() {
    StreamConfig news;
    news.name = "news";
    news.logins = {"newsletter"};
    StreamConfig offers;
    offers.name = "offers";
    offers.header = "X-Stream: offers";
    StreamConfig receipts;
    receipts.name = "receipts";
    receipts.kind = StreamKind::transactional;
    receipts.sender_domains = {*Domain::parse("bounce.shop.example")};
    config.streams = {news, offers, receipts};
    envelope.reverse_path = ReversePath::from("shop@shop.example");
  }

  Result<Findings> at_rcpt(const Recipient& recipient) {
    return make_suppression(config, means_without_keys(list))
        ->judge_recipient(envelope, recipient, now, Deadline::in(60s));
  }

  Result<Findings> at_end() {
    const Classification classification = classify(config.streams, envelope, headers, authors);
    const Facts facts{.envelope = envelope,
                      .headers = headers,
                      .body = body,
                      .authors = authors,
                      .classification = classification,
                      .now = now};
    return make_suppression(config, means_without_keys(list))->judge(facts, Deadline::in(60s));
  }

  MemorySuppressionList list;
  Config config;
  Envelope envelope;
  HeaderList headers;
  BodyFindings body;
  Result<std::vector<Address>> authors;
};

std::vector<std::string> rules(const Result<Findings>& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : *findings) names.emplace_back(finding.rule);
  return names;
}

using Words = std::vector<std::string>;

TEST_F(SuppressionPolicyTest, has_nothing_to_say_about_an_address_that_is_not_listed) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe)};
  EXPECT_EQ(rules(at_rcpt(apple("alice@icloud.com"))), Words{});
}

TEST_F(SuppressionPolicyTest, leaves_recipients_alone_that_are_not_apples) {
  list.entries = {entry("bob@shop.example", SuppressionReason::manual)};
  Recipient recipient = apple("bob@shop.example");
  recipient.is_apple = false;
  EXPECT_EQ(rules(at_rcpt(recipient)), Words{});
  recipient = {.text = "bob", .mailbox = {}, .original = {}, .is_apple = true};
  EXPECT_EQ(rules(at_rcpt(recipient)), Words{});
}

TEST_F(SuppressionPolicyTest, refuses_with_the_code_and_the_words_of_the_reason) {
  struct Case {
    SuppressionReason reason;
    std::string rule, enhanced, text, evidence, prediction;
  };
  const std::string ask =
      "; do not send to it again; the administrator may ask icloud-milterctl suppress show "
      "Bob@icloud.com";
  const Case cases[] = {
      {SuppressionReason::unsubscribe, "suppression.unsubscribe", "5.7.1",
       "suppression.unsubscribe: unsubscribed on 2026-11-20, source cli" + ask,
       "unsubscribed on 2026-11-20, source cli: said so", ""},
      {SuppressionReason::complaint, "suppression.complaint", "5.7.1",
       "suppression.complaint: reported our mail as spam on 2026-11-20, source cli" + ask,
       "reported our mail as spam on 2026-11-20, source cli: said so", ""},
      {SuppressionReason::hard_bounce, "suppression.hard-bounce", "5.1.1",
       "suppression.hard-bounce: the address is gone, Apple said so on 2026-11-20, source cli" +
           ask,
       "the address is gone, Apple said so on 2026-11-20, source cli: said so",
       "550 5.1.1 user does not exist"},
      {SuppressionReason::relay_off, "suppression.relay-off", "5.1.1",
       "suppression.relay-off: the relay address was switched off on 2026-11-20, source cli" + ask,
       "the relay address was switched off on 2026-11-20, source cli: said so",
       "550 5.1.1 user not found"},
      {SuppressionReason::suspended, "suppression.suspended", "5.2.1",
       "suppression.suspended: the mailbox is inactive or full, suspended on 2026-11-20, source "
       "cli" +
           ask,
       "the mailbox is inactive or full, suspended on 2026-11-20, source cli: said so",
       "550 5.1.1 inactive email address, or 552 5.2.2 user is over quota"},
      {SuppressionReason::manual, "suppression.manual", "5.7.1",
       "suppression.manual: suppressed by the administrator on 2026-11-20, source cli" + ask,
       "suppressed by the administrator on 2026-11-20, source cli: said so", ""},
  };
  for (const Case& one : cases) {
    list.entries = {entry("bob@icloud.com", one.reason)};
    list.entries[0].note = "said so";
    const Findings findings = *at_rcpt(apple("Bob@iCloud.com"));
    ASSERT_EQ(findings.size(), 1u) << one.rule;
    const Finding& finding = findings[0];
    EXPECT_EQ(finding.rule, one.rule);
    EXPECT_EQ(finding.weight, Weight::violation);
    EXPECT_EQ(finding.reply, (SmtpReply{550, one.enhanced, one.text}));
    EXPECT_EQ(finding.evidence, one.evidence);
    EXPECT_EQ(finding.fix, "icloud-milterctl suppress show Bob@icloud.com");
    EXPECT_EQ(finding.prediction, one.prediction);
    EXPECT_FALSE(finding.wish);
  }
}

TEST_F(SuppressionPolicyTest, tells_nobody_that_a_person_asked_to_be_forgotten) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::erasure)};
  list.entries[0].note = "letter of 19 November";
  const Findings findings = *at_rcpt(apple("bob@icloud.com"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "suppression.erasure");
  EXPECT_EQ(findings[0].evidence, "takes no mail from this system");
  EXPECT_EQ(findings[0].reply,
            (SmtpReply{550, "5.7.1",
                       "suppression: takes no mail from this system; do not send to it again; the "
                       "administrator may ask icloud-milterctl suppress show bob@icloud.com"}));
}

TEST_F(SuppressionPolicyTest, names_no_day_when_it_has_the_entry_out_of_the_snapshot) {
  Suppression one = entry("bob@icloud.com", SuppressionReason::unsubscribe);
  one.created = {};
  one.source = "snapshot";
  list.entries = {one};
  EXPECT_EQ(at_rcpt(apple("bob@icloud.com"))->front().evidence, "unsubscribed, source snapshot");
}

TEST_F(SuppressionPolicyTest, says_until_when_an_entry_holds) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::suspended)};
  list.entries[0].expires = now + 24h * 7;
  EXPECT_EQ(
      (*at_rcpt(apple("bob@icloud.com")))[0].evidence,
      "the mailbox is inactive or full, suspended on 2026-11-20 until 2026-11-28, source cli");
  list.entries[0].expires = now;
  EXPECT_EQ(rules(at_rcpt(apple("bob@icloud.com"))), Words{});
}

TEST_F(SuppressionPolicyTest, gives_one_finding_for_each_reason_the_most_permanent_first) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::suspended),
                  entry("bob@icloud.com", SuppressionReason::unsubscribe),
                  entry("bob@me.com", SuppressionReason::unsubscribe),
                  entry("bob@icloud.com", SuppressionReason::complaint)};
  EXPECT_EQ(rules(at_rcpt(apple("bob@icloud.com"))),
            (Words{"suppression.complaint", "suppression.unsubscribe", "suppression.suspended"}));
}

TEST_F(SuppressionPolicyTest, names_the_recipient_and_never_the_sibling_it_was_found_by) {
  list.entries = {entry("bob@mac.com", SuppressionReason::unsubscribe)};
  const Findings findings = *at_rcpt(apple("bob@icloud.com"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].reply.text,
            "suppression.unsubscribe: unsubscribed on 2026-11-20, source cli; do not send to it "
            "again; the administrator may ask icloud-milterctl suppress show bob@icloud.com");
  config.suppression.siblings = false;
  EXPECT_EQ(rules(at_rcpt(apple("bob@icloud.com"))), Words{});
}

TEST_F(SuppressionPolicyTest, never_widens_a_bounce) {
  list.entries = {entry("bob@me.com", SuppressionReason::hard_bounce)};
  EXPECT_EQ(rules(at_rcpt(apple("bob@icloud.com"))), Words{});
  EXPECT_EQ(rules(at_rcpt(apple("bob@me.com"))), (Words{"suppression.hard-bounce"}));
}

TEST_F(SuppressionPolicyTest, prints_a_command_that_a_shell_takes_as_it_is_meant) {
  const std::string address = "a`reboot`$x'y@icloud.com";
  list.entries = {entry(address, SuppressionReason::manual)};
  EXPECT_EQ((*at_rcpt(apple(address)))[0].fix,
            R"(icloud-milterctl suppress show 'a`reboot`$x'\''y@icloud.com')");
}

TEST_F(SuppressionPolicyTest, knows_a_stream_at_rcpt_by_its_login_or_envelope_sender) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news"),
                  entry("eve@icloud.com", SuppressionReason::manual, "stream:receipts")};
  EXPECT_EQ(rules(at_rcpt(apple("bob@icloud.com"))), Words{});
  envelope.login = "newsletter";
  EXPECT_EQ((*at_rcpt(apple("bob@icloud.com")))[0].evidence,
            "unsubscribed from stream news on 2026-11-20, source cli");
  EXPECT_EQ(rules(at_rcpt(apple("eve@icloud.com"))), Words{});
  envelope.login.clear();
  envelope.reverse_path = ReversePath::from("r@bounce.shop.example");
  EXPECT_EQ((*at_rcpt(apple("eve@icloud.com")))[0].evidence,
            "suppressed by the administrator for stream receipts on 2026-11-20, source cli");
}

TEST_F(SuppressionPolicyTest,
       refuses_the_message_when_its_header_names_the_stream_of_the_only_recipient) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:offers")};
  envelope.recipients = {apple("bob@icloud.com")};
  headers.add("X-Stream", " offers");
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].weight, Weight::violation);
  EXPECT_EQ(findings[0].reply,
            (SmtpReply{550, "5.7.1",
                       "suppression.unsubscribe: unsubscribed from stream offers on 2026-11-20, "
                       "source cli; do not send to it again; the administrator may ask "
                       "icloud-milterctl suppress show bob@icloud.com"}));
}

TEST_F(SuppressionPolicyTest, only_advises_when_others_want_the_message) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:offers"),
                  entry("eve@icloud.com", SuppressionReason::unsubscribe, "stream:offers"),
                  entry("eve@icloud.com", SuppressionReason::complaint, "stream:offers")};
  envelope.recipients = {apple("bob@icloud.com"), apple("eve@icloud.com"), apple("ann@icloud.com")};
  headers.add("X-Stream", " offers");
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "suppression.unsubscribe");
  EXPECT_EQ(findings[0].weight, Weight::advice);
  EXPECT_EQ(findings[0].reply, SmtpReply{});
  EXPECT_EQ(
      findings[0].evidence,
      "2 of 3 Apple recipients: bob@icloud.com (unsubscribed from stream offers on 2026-11-20, "
      "source cli), eve@icloud.com (unsubscribed from stream offers on 2026-11-20, source cli)");
  EXPECT_EQ(findings[0].fix,
            "send one recipient per message, so that one can be refused without the others: in "
            "Postfix, icloud-gate_destination_recipient_limit = 1");
  EXPECT_EQ(findings[1].rule, "suppression.complaint");
  EXPECT_EQ(
      findings[1].evidence,
      "1 of 3 Apple recipients: eve@icloud.com (reported our mail of stream offers as spam on "
      "2026-11-20, source cli)");
}

TEST_F(SuppressionPolicyTest, refuses_the_message_when_each_recipient_of_it_is_suppressed) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:offers"),
                  entry("eve@icloud.com", SuppressionReason::manual, "stream:offers")};
  envelope.recipients = {apple("bob@icloud.com"), apple("eve@icloud.com")};
  headers.add("X-Stream", " offers");
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].weight, Weight::violation);
  EXPECT_EQ(findings[1].weight, Weight::violation);
}

TEST_F(SuppressionPolicyTest, counts_who_is_left_when_it_shows_only_some_names) {
  for (int i = 0; i < 7; ++i) {
    const std::string address = fmt::format("u{}@icloud.com", i);
    list.entries.push_back(entry(address, SuppressionReason::unsubscribe, "list:w.shop.example"));
    envelope.recipients.push_back(apple(address));
  }
  envelope.recipients.push_back(apple("ann@icloud.com"));
  headers.add("List-Id", " Weekly <w.shop.example>");
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].evidence.starts_with("7 of 8 Apple recipients: u0@icloud.com ("));
  EXPECT_TRUE(
      findings[0].evidence.ends_with("u4@icloud.com (unsubscribed from list w.shop.example on "
                                     "2026-11-20, source cli) and 2 more"));
}

TEST_F(SuppressionPolicyTest, finds_the_list_by_its_list_id_however_it_is_written) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "list:w.shop.example")};
  envelope.recipients = {apple("bob@icloud.com")};
  for (const std::string_view value :
       {" <w.shop.example>", " Weekly <W.Shop.Example>", " \"a <b> c\"\r\n <w.shop.example>",
        " w.shop.example", " W.Shop.Example (weekly)", " <w.shop.example> (was (<x.y>) once)",
        " \"Weekly (new\" <w.shop.example>"}) {
    headers = {};
    headers.add("List-ID", value);
    EXPECT_EQ(rules(at_end()), (Words{"suppression.unsubscribe"})) << value;
  }
  for (const std::string_view value :
       {" Weekly", " Weekly w.shop.example", " <x.shop.example>", " <w.shop.example", ""}) {
    headers = {};
    headers.add("List-ID", value);
    EXPECT_EQ(rules(at_end()), Words{}) << value;
  }
}

TEST_F(SuppressionPolicyTest, lets_transactional_mail_past_who_left_a_list_and_past_nothing_else) {
  headers.add("List-Id", " <w.shop.example>");
  envelope.recipients = {apple("bob@icloud.com")};
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "list:w.shop.example")};
  ASSERT_EQ(at_end()->size(), 1u) << "nobody declared it transactional";
  envelope.reverse_path = ReversePath::from("r@bounce.shop.example");
  EXPECT_EQ(at_end()->size(), 0u);
  for (const SuppressionReason reason :
       {SuppressionReason::complaint, SuppressionReason::manual, SuppressionReason::suspended}) {
    list.entries = {entry("bob@icloud.com", reason, "list:w.shop.example")};
    EXPECT_EQ(at_end()->size(), 1u) << to_string(reason);
  }
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:receipts"),
                  entry("bob@icloud.com", SuppressionReason::hard_bounce)};
  EXPECT_EQ(at_rcpt(envelope.recipients.front())->size(), 2u);
}

TEST_F(SuppressionPolicyTest, does_not_repeat_at_the_end_what_was_judged_at_rcpt) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::manual),
                  entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:news")};
  envelope.login = "newsletter";
  envelope.recipients = {apple("bob@icloud.com")};
  EXPECT_EQ(rules(at_end()), Words{});
  headers.add("List-Id", "<w.shop.example>");
  EXPECT_EQ(rules(at_end()), Words{});
}

TEST_F(SuppressionPolicyTest, does_not_count_recipients_that_are_not_apples) {
  list.entries = {entry("bob@icloud.com", SuppressionReason::unsubscribe, "stream:offers")};
  Recipient other = apple("ann@shop.example");
  other.is_apple = false;
  envelope.recipients = {apple("bob@icloud.com"), other};
  headers.add("X-Stream", " offers");
  const Findings findings = *at_end();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].weight, Weight::violation);
}

TEST_F(SuppressionPolicyTest, hands_on_that_the_list_could_not_be_asked) {
  list.error = Error{Code::temporary, "store.db: locked"};
  envelope.recipients = {apple("bob@icloud.com")};
  headers.add("List-Id", "<w.shop.example>");
  EXPECT_EQ(at_rcpt(apple("bob@icloud.com")).error(), *list.error);
  EXPECT_EQ(at_end().error(), *list.error);
}

}  // namespace
}  // namespace icm
