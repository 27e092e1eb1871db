// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/base/text.h"
#include "policy/policy_set.h"
#include "policy/rules.h"
#include "test/support/mail_text.h"
#include "test/support/policy_means.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

// The policy reads no store; make_list_unsubscribe is handed one because all factories are.
class NoList final : public SuppressionList {
 public:
  Result<std::vector<Suppression>> find(const Mailbox&, const std::vector<std::string>&, bool,
                                        WallTime, Deadline) const override {
    return std::vector<Suppression>{};
  }
};

// One message of the shop, bulk unless a test says otherwise.
class ListUnsubscribeTest : public testing::Test {
 protected:
  ListUnsubscribeTest() { envelope.recipients.resize(1); }

  Findings findings(std::string_view header) {
    NoList list;
    const auto policy = make_list_unsubscribe(Config(), means_without_keys(list));
    const HeaderList headers = mail_text(header).headers;
    const BodyFindings body;
    const Result<std::vector<Address>> authors = parse_address_list(from);
    const Facts facts{.envelope = envelope,
                      .headers = headers,
                      .body = body,
                      .authors = authors,
                      .classification = {mail_class, "", "Precedence: bulk", false, alike},
                      .now = {},
                      .header_overflow = header_overflow};
    return policy->judge(facts, Deadline::in(60s)).value();
  }

  // "missing post-missing(advice)": the rules that spoke.
  std::string rules(std::string_view header) {
    const std::vector<std::string_view> known = rules_of("list_unsubscribe");
    std::string text;
    for (const Finding& finding : findings(header)) {
      EXPECT_TRUE(finding.rule.starts_with("list_unsubscribe.")) << finding.rule;
      EXPECT_EQ(std::ranges::count(known, finding.rule.substr(17)), 1) << finding.rule;
      EXPECT_EQ(finding.reply.code, finding.weight == Weight::violation ? 550 : 0);
      if (!text.empty()) text += ' ';
      text += finding.rule.substr(17);
      if (finding.weight == Weight::advice) text += "(advice)";
    }
    return text;
  }

  // What is said of the one rule.
  Finding finding(std::string_view rule, std::string_view header) {
    for (const Finding& one : findings(header)) {
      if (one.rule == rule) return one;
    }
    ADD_FAILURE() << rule << " did not speak";
    return {};
  }

  std::string reply(std::string_view rule, std::string_view header) {
    const SmtpReply said = finding(rule, header).reply;
    return fmt::format("{} {} {}", said.code, said.enhanced, said.text);
  }

  int alike = 0;
  Envelope envelope;
  std::string from = "News <news@shop.example>";
  MailClass mail_class = MailClass::bulk;
  bool header_overflow = false;
};

constexpr std::string_view post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
constexpr std::string_view good =
    "List-Unsubscribe: <https://shop.example/u/1>, <mailto:u@shop.example?subject=1>\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";

std::string with(std::string_view unsubscribe) {
  return fmt::format("List-Unsubscribe: {}\n{}", unsubscribe, post);
}

TEST_F(ListUnsubscribeTest, advises_to_declare_a_mailing_that_nothing_declares) {
  mail_class = MailClass::personal;
  alike = 100;
  EXPECT_EQ(rules("Subject: x\n"), "many-alike(advice)");
  const Finding advice = finding("list_unsubscribe.many-alike", "Subject: x\n");
  EXPECT_EQ(advice.evidence,
            "mail alike went to 100 or more Apple recipients of late, and neither a stream nor a "
            "field says whether it is bulk");
  EXPECT_EQ(advice.fix,
            "declare its stream in milter.conf, kind: bulk or kind: transactional; a mailing needs "
            "List-Unsubscribe and List-Unsubscribe-Post (RFC 8058 section 3.1)");
}

TEST_F(ListUnsubscribeTest, has_nothing_to_say_of_bulk_mail_that_offers_one_click) {
  EXPECT_EQ(rules(good), "");
  EXPECT_EQ(rules("List-Unsubscribe: (one click)\n <mailto:u@shop.example>,\n"
                  "\t<https://shop.example:8443/u?id=%2B1&l=news> (web)\n"
                  "List-Unsubscribe-Post:List-Unsubscribe=One-Click\n"
                  "List-Id: Shop news <news.shop.example>\n"
                  "List-Help: <https://shop.example/help>\n"
                  "List-Post: NO\n"),
            "");
}

TEST_F(ListUnsubscribeTest, leaves_transactional_mail_notices_and_letters_alone) {
  for (const MailClass other : {MailClass::transactional, MailClass::notice, MailClass::personal}) {
    mail_class = other;
    EXPECT_EQ(rules("List-Unsubscribe: nonsense\nList-Id: nonsense\n"), "") << to_string(other);
  }
}

TEST_F(ListUnsubscribeTest, only_advises_discussion_lists_and_on_syntax_alone) {
  mail_class = MailClass::discussion;
  EXPECT_EQ(rules(""), "");
  EXPECT_EQ(rules("List-Unsubscribe: <http://lists.example/>\n"), "");
  EXPECT_EQ(rules("List-Unsubscribe: <mailto:talk-leave@lists.example>\n"
                  "List-Unsubscribe-Post: yes\n"
                  "List-Id: talk\nList-Post: talk@lists.example\n"),
            "post-value(advice) post-without-https(advice) list-id-syntax(advice) "
            "list-field-syntax(advice)");
}

TEST_F(ListUnsubscribeTest, tells_each_fault_by_its_rule) {
  struct Case {
    std::string header;
    std::string_view rules;
  };
  const std::string https = "<https://shop.example/u/1>";
  const std::string mailto = "<mailto:u@shop.example>";
  for (const auto& [header, expected] : {
           Case{"", "missing post-missing"},
           Case{std::string(post), "missing post-without-https"},
           Case{std::string(good.substr(0, good.find('\n') + 1)), "post-missing"},
           Case{with(https), "mailto-missing"},
           Case{with(mailto), "https-missing post-without-https"},
           Case{"List-Unsubscribe: " + mailto + "\n", "https-missing post-missing"},
           Case{with("<http://shop.example/u/1>, " + mailto),
                "http-present https-missing post-without-https"},
           Case{with(https + ", <http://shop.example/u/1>, " + mailto), "http-present"},
           Case{with(https + ", <https://shop.example/p/1>, " + mailto), "https-several"},
           Case{with("https://shop.example/u/1"), "brackets-missing"},
           Case{with(https + ", mailto:u@shop.example"), "brackets-missing"},
           Case{with("<https://shop.example/u/1"), "syntax"},
           Case{with(https + " " + mailto), "syntax"},
           Case{with("<<https://shop.example/u/1>>"), "syntax"},
           Case{with(https + ", <>"), "syntax"},
           Case{with("(not yet)"), "syntax"},
           Case{with("NO"), "syntax https-missing mailto-missing post-without-https"},
           Case{with("<shop.example/u/1>, " + https + ", " + mailto), "syntax"},
           Case{with("<ftp://shop.example/u>, " + https + ", " + mailto), ""},
           Case{with("<https://shop.example/{{unsubscribe_url}}>, " + mailto), "https-syntax"},
           Case{with("<https:///u/1>, " + mailto), "https-syntax"},
           Case{with("<https://u@shop.example/u/1>, " + mailto), "https-syntax"},
           Case{with(https + ", <mailto:unsubscribe>"), "mailto-syntax"},
           Case{with(https + ", <mailto:%%email%%>"), "mailto-syntax"},
           Case{with("<https://shop.\n example/u/1>, " + mailto), "uri-blanks(advice)"},
           Case{with("<https://intranet/u/1>, " + mailto), "https-host(advice)"},
           Case{with("<https://192.0.2.1/u/1>, " + mailto), "https-host(advice)"},
           Case{with("<https://[2001:db8::1]/u/1>, " + mailto), "https-host(advice)"},
           Case{with("<https://shop.example/u#1>, " + mailto), "https-fragment(advice)"},
           Case{with("<https://shop.example/>, " + mailto), "uri-anonymous(advice)"},
           Case{std::string(good) + std::string(good), "repeated post-repeated"},
           Case{std::string(good) + "List-Id: <news>\n", "list-id-syntax"},
           Case{std::string(good) + "List-Id: <a.b>\nList-ID: <a.b>\n", "list-field-repeated"},
           Case{std::string(good) + "List-Help: <mailto:h@b.example>\nList-Help: <x:y>\n",
                "list-field-repeated"},
           Case{std::string(good) + "List-Help: help@shop.example\n", "list-field-syntax"},
           Case{std::string(good) + "List-Owner: NO\n", "list-field-syntax"},
           Case{std::string(good) + "List-Archive: <shop.example/old>\n", "list-field-syntax"},
       }) {
    EXPECT_EQ(rules(header), expected) << header;
  }
}

TEST_F(ListUnsubscribeTest, takes_the_value_of_the_post_field_to_the_letter) {
  const auto with_value = [](std::string_view value) {
    return fmt::format("{}List-Unsubscribe-Post:{}\n", good.substr(0, good.find('\n') + 1), value);
  };
  for (const std::string_view value :
       {" List-Unsubscribe=One-Click", "List-Unsubscribe=One-Click",
        "\n List-Unsubscribe=One-Click", " List-Unsubscribe=One-Click "}) {
    EXPECT_EQ(rules(with_value(value)), "") << value;
  }
  for (const std::string_view value :
       {"", " List-Unsubscribe", " List=One-Click", " list-unsubscribe=one-click",
        " List-Unsubscribe = One-Click", " \"List-Unsubscribe=One-Click\"",
        " List-Unsubscribe=One-Click (please)", " List-Unsubscribe=One-Click&a=b",
        " <List-Unsubscribe=One-Click>"}) {
    EXPECT_EQ(rules(with_value(value)), "post-value") << value;
  }
}

TEST_F(ListUnsubscribeTest, advises_when_several_recipients_share_one_uri) {
  envelope.recipients.resize(3);
  EXPECT_EQ(rules(good), "several-recipients(advice)");
  EXPECT_EQ(finding("list_unsubscribe.several-recipients", good).evidence,
            "3 recipients share <https://shop.example/u/1>");
}

TEST_F(ListUnsubscribeTest, does_not_call_missing_what_may_have_been_cut_off) {
  header_overflow = true;
  EXPECT_EQ(rules(""), "");
  EXPECT_EQ(rules("List-Unsubscribe: <mailto:u@shop.example>\n"), "");
}

TEST_F(ListUnsubscribeTest, reports_each_rule_once_however_often_it_is_broken) {
  std::string many = "<http://shop.example/0>";
  for (int i = 1; i < 1000; ++i) many += fmt::format(",<http://shop.example/{}>", i);
  EXPECT_EQ(rules(with(many)), "http-present https-missing mailto-missing post-without-https");
}

TEST_F(ListUnsubscribeTest, names_rule_evidence_and_fix_in_its_replies) {
  const std::string mailto = ", <mailto:u@shop.example>";
  EXPECT_EQ(reply("list_unsubscribe.missing", ""),
            "550 5.7.1 list_unsubscribe.missing: bulk mail (Precedence: bulk) without "
            "List-Unsubscribe; add \"List-Unsubscribe: <https://shop.example/unsubscribe/TOKEN>, "
            "<mailto:unsubscribe@shop.example?subject=TOKEN>\" (RFC 8058 section 3.1)");
  EXPECT_EQ(reply("list_unsubscribe.repeated", std::string(good) + std::string(good)),
            "550 5.6.0 list_unsubscribe.repeated: 2 List-Unsubscribe fields; put all URIs into one "
            "field, with commas between (RFC 2369 section 3)");
  EXPECT_EQ(reply("list_unsubscribe.syntax", with("<https://shop.example/u/1")),
            "550 5.6.0 list_unsubscribe.syntax: List-Unsubscribe: no \">\" after "
            "\"<https://shop.example/u/1\"; write \"List-Unsubscribe: "
            "<https://shop.example/unsubscribe/TOKEN>, "
            "<mailto:unsubscribe@shop.example?subject=TOKEN>\" (RFC 2369 section 2)");
  EXPECT_EQ(reply("list_unsubscribe.syntax", with("<u/1>")),
            "550 5.6.0 list_unsubscribe.syntax: <u/1> is no URI: expected a scheme such as "
            "\"https:\"; write absolute URIs (RFC 3986 section 4.3)");
  EXPECT_EQ(reply("list_unsubscribe.syntax", with("NO")),
            "550 5.6.0 list_unsubscribe.syntax: List-Unsubscribe says NO; write "
            "\"List-Unsubscribe: <https://shop.example/unsubscribe/TOKEN>, "
            "<mailto:unsubscribe@shop.example?subject=TOKEN>\" (RFC 2369 section 2)");
  EXPECT_EQ(
      reply("list_unsubscribe.brackets-missing", with("https://shop.example/u/1")),
      "550 5.6.0 list_unsubscribe.brackets-missing: List-Unsubscribe: expected \"<\" at octet "
      "1, found \"https://shop.example/u/1\"; put each URI into angle brackets, with commas "
      "between (RFC 2369 section 2)");
  EXPECT_EQ(
      reply("list_unsubscribe.https-syntax", with("<https://shop.example/{u}>" + mailto)),
      "550 5.6.0 list_unsubscribe.https-syntax: <https://shop.example/{u}>: \"{\" must be "
      "percent-encoded in the path; write it as RFC 3986 and RFC 9110 section 4.2.2 do, other "
      "characters percent-encoded");
  EXPECT_EQ(reply("list_unsubscribe.https-several",
                  with("<https://shop.example/1>, <https://shop.example/2>" + mailto)),
            "550 5.7.1 list_unsubscribe.https-several: 2 https URIs, the second is "
            "<https://shop.example/2>; keep the one that takes the POST (RFC 8058 section 3.1)");
  EXPECT_EQ(reply("list_unsubscribe.https-missing", with("<mailto:u@shop.example>")),
            "550 5.7.1 list_unsubscribe.https-missing: List-Unsubscribe offers no https URI; add "
            "<https://shop.example/unsubscribe/TOKEN> to it (RFC 8058 section 3.1)");
  EXPECT_EQ(reply("list_unsubscribe.http-present", with("<http://shop.example/u/1>" + mailto)),
            "550 5.7.1 list_unsubscribe.http-present: <http://shop.example/u/1> is not https; use "
            "https: no http URI may stand in the field (RFC 8058 section 3.1)");
  EXPECT_EQ(
      reply("list_unsubscribe.mailto-missing", with("<https://shop.example/u/1>")),
      "550 5.7.1 list_unsubscribe.mailto-missing: List-Unsubscribe offers no mailto URI; add "
      "<mailto:unsubscribe@shop.example?subject=TOKEN> to it: the unsubscribe button of Apple "
      "Mail writes to that (RFC 2369 section 3.2)");
  EXPECT_EQ(reply("list_unsubscribe.mailto-syntax",
                  with("<https://shop.example/u/1>, <mailto:unsubscribe>")),
            "550 5.6.0 list_unsubscribe.mailto-syntax: <mailto:unsubscribe>: address "
            "\"unsubscribe\": has no \"@\"; write it as "
            "<mailto:unsubscribe@shop.example?subject=TOKEN> (RFC 6068 section 2)");
}

TEST_F(ListUnsubscribeTest, names_rule_evidence_and_fix_for_the_fields_beside_it) {
  EXPECT_EQ(reply("list_unsubscribe.post-missing", good.substr(0, good.find('\n') + 1)),
            "550 5.7.1 list_unsubscribe.post-missing: bulk mail without List-Unsubscribe-Post; add "
            "\"List-Unsubscribe-Post: List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)");
  EXPECT_EQ(reply("list_unsubscribe.post-repeated", fmt::format("{}{}", good, post)),
            "550 5.6.0 list_unsubscribe.post-repeated: 2 List-Unsubscribe-Post fields; keep one "
            "(RFC 8058 section 3.1)");
  EXPECT_EQ(
      reply("list_unsubscribe.post-value", "List-Unsubscribe-Post: One-Click\n"),
      "550 5.6.0 list_unsubscribe.post-value: List-Unsubscribe-Post says \"One-Click\"; write "
      "\"List-Unsubscribe-Post: List-Unsubscribe=One-Click\" (RFC 8058 section 5)");
  EXPECT_EQ(reply("list_unsubscribe.post-without-https", with("<mailto:u@shop.example>")),
            "550 5.7.1 list_unsubscribe.post-without-https: List-Unsubscribe-Post promises a POST, "
            "but List-Unsubscribe has no https URI to send it to; add "
            "<https://shop.example/unsubscribe/TOKEN> to List-Unsubscribe (RFC 8058 section 3.1)");
  EXPECT_EQ(reply("list_unsubscribe.list-id-syntax", "List-Id: Shop, Inc. <a.b>\n"),
            "550 5.6.0 list_unsubscribe.list-id-syntax: List-Id: \",\" must be quoted in the name "
            "before \"<\"; write it as \"Name <news.list-id.shop.example>\" (RFC 2919 section 3)");
  EXPECT_EQ(reply("list_unsubscribe.list-field-syntax", "List-Help: help@shop.example\n"),
            "550 5.6.0 list_unsubscribe.list-field-syntax: List-Help: expected \"<\" at octet 1, "
            "found \"help@shop.example\"; write URIs in angle brackets, with commas between (RFC "
            "2369 section 2)");
  EXPECT_EQ(reply("list_unsubscribe.list-field-repeated", "List-Id: <a.b>\nList-Id: <a.b>\n"),
            "550 5.6.0 list_unsubscribe.list-field-repeated: 2 List-Id fields; keep one (RFC 2919 "
            "section 3)");
}

TEST_F(ListUnsubscribeTest, shows_hostile_evidence_in_printable_ascii_and_short) {
  const std::string text = reply("list_unsubscribe.post-value",
                                 "List-Unsubscribe-Post: \x01\xff" + std::string(5000, 'x') + "\n");
  EXPECT_EQ(text,
            "550 5.6.0 list_unsubscribe.post-value: List-Unsubscribe-Post says \"\\x01\\xff" +
                std::string(78, 'x') +
                "...\"; write \"List-Unsubscribe-Post: List-Unsubscribe=One-Click\" (RFC 8058 "
                "section 5)");
}

TEST_F(ListUnsubscribeTest, spells_fixes_with_a_stand_in_when_there_is_no_author) {
  from = "nobody";
  EXPECT_EQ(finding("list_unsubscribe.https-missing", with("<mailto:u@shop.example>")).fix,
            "add <https://your.example/unsubscribe/TOKEN> to it (RFC 8058 section 3.1)");
}

}  // namespace
}  // namespace icm
