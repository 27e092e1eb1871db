// SPDX-License-Identifier: Apache-2.0
#include "milter/decision_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "milter/decision.h"

namespace icm {
namespace {

// Reads one line; the text of the Error when it is no decision, "ok" otherwise.
std::string outcome(std::string_view line) {
  DecisionReader reader;
  DecisionRecord record;
  const Status status = reader.read(line, record);
  return status ? "ok" : status.error().text;
}

constexpr std::string_view smallest = R"({"time":"2026-11-21T08:15:30.123Z","verdict":"accept"})";

TEST(DecisionReader, reads_every_member) {
  DecisionReader reader;
  DecisionRecord record;
  const Status status = reader.read(
      R"({"time":"2026-11-21T08:15:30.123Z","event":"message","queue_id":"4XyZ12","role":"gate",)"
      R"("origin":"submission","origin_reason":"auth=pass","client":"127.0.0.1",)"
      R"("client_name":"localhost","helo":"mail.example","login":"news",)"
      R"("mail_from":"news@shop.example","from":["news@shop.example","x@shop.example"],)"
      R"("message_id":"<1@shop.example>","form":"00112233aabbccdd","recipients":["bob@icloud.com"],"apple_recipients":1,)"
      R"("class":"bulk","stream":"news","class_reason":"stream news","verdict":"reject",)"
      R"("policy":"list_unsubscribe","rule":"list_unsubscribe.missing","reply":"550 5.7.1 no",)"
      R"("removed_recipients":["eve@me.com"],"fix":"add it","ms":1.5,"bytes":40312,"findings":[)"
      R"({"policy":"list_unsubscribe","rule":"list_unsubscribe.missing","mode":"enforce",)"
      R"("weight":"violation","effect":"reject","would":"reject","held_back":"until 2027-01-01",)"
      R"("reply":"550 5.7.1 no","evidence":"none","fix":"add it","prediction":"[CS01]"},)"
      R"({"rule":"format.date-past"}]})",
      record);
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(record.time, "2026-11-21T08:15:30.123Z");
  EXPECT_EQ(record.event, "message");
  EXPECT_EQ(record.queue_id, "4XyZ12");
  EXPECT_EQ(record.role, "gate");
  EXPECT_EQ(record.origin, "submission");
  EXPECT_EQ(record.origin_reason, "auth=pass");
  EXPECT_EQ(record.client, "127.0.0.1");
  EXPECT_EQ(record.client_name, "localhost");
  EXPECT_EQ(record.helo, "mail.example");
  EXPECT_EQ(record.login, "news");
  EXPECT_EQ(record.mail_from, "news@shop.example");
  EXPECT_EQ(record.from, (std::vector<std::string_view>{"news@shop.example", "x@shop.example"}));
  EXPECT_EQ(record.message_id, "<1@shop.example>");
  EXPECT_EQ(record.form, "00112233aabbccdd");
  EXPECT_EQ(record.recipients, (std::vector<std::string_view>{"bob@icloud.com"}));
  EXPECT_EQ(record.apple_recipients, 1u);
  EXPECT_EQ(record.mail_class, "bulk");
  EXPECT_EQ(record.stream, "news");
  EXPECT_EQ(record.class_reason, "stream news");
  EXPECT_EQ(record.verdict, "reject");
  EXPECT_EQ(record.policy, "list_unsubscribe");
  EXPECT_EQ(record.rule, "list_unsubscribe.missing");
  EXPECT_EQ(record.reply, "550 5.7.1 no");
  EXPECT_EQ(record.removed_recipients, (std::vector<std::string_view>{"eve@me.com"}));
  EXPECT_EQ(record.fix, "add it");
  EXPECT_EQ(record.ms, 1.5);
  EXPECT_EQ(record.bytes, 40312u);
  ASSERT_EQ(record.findings.size(), 2u);
  const FindingRecord& finding = record.findings[0];
  EXPECT_EQ(finding.policy, "list_unsubscribe");
  EXPECT_EQ(finding.rule, "list_unsubscribe.missing");
  EXPECT_EQ(finding.mode, "enforce");
  EXPECT_EQ(finding.weight, "violation");
  EXPECT_EQ(finding.effect, "reject");
  EXPECT_EQ(finding.would, "reject");
  EXPECT_EQ(finding.held_back, "until 2027-01-01");
  EXPECT_EQ(finding.reply, "550 5.7.1 no");
  EXPECT_EQ(finding.evidence, "none");
  EXPECT_EQ(finding.fix, "add it");
  EXPECT_EQ(finding.prediction, "[CS01]");
  EXPECT_EQ(record.findings[1].rule, "format.date-past");
  EXPECT_EQ(record.findings[1].policy, "");
}

TEST(DecisionReader, takes_members_in_any_order_and_passes_over_those_it_does_not_know) {
  EXPECT_EQ(outcome(R"({"verdict":"accept","later":{"deep":[[{"x":1}]]},"time":"t","n":-1e3})"),
            "ok");
}

TEST(DecisionReader, takes_null_for_nothing) {
  DecisionReader reader;
  DecisionRecord record;
  ASSERT_TRUE(reader.read(
      R"({"time":"t","verdict":"accept","client":null,"from":null,"ms":null,"findings":null})",
      record));
  EXPECT_EQ(record.client, "");
  EXPECT_TRUE(record.from.empty());
  EXPECT_EQ(outcome(R"({"time":null,"verdict":"accept"})"),
            "not a decision: member \"time\" is missing");
}

TEST(DecisionReader, keeps_nothing_of_the_line_before) {
  DecisionReader reader;
  DecisionRecord record;
  ASSERT_TRUE(
      reader.read(R"({"time":"t","verdict":"reject","queue_id":"4X","recipients":["a"],"bytes":7,)"
                  R"("findings":[{"rule":"format.nul"}]})",
                  record));
  ASSERT_TRUE(reader.read(smallest, record));
  EXPECT_EQ(record.queue_id, "");
  EXPECT_EQ(record.bytes, 0u);
  EXPECT_TRUE(record.recipients.empty());
  EXPECT_TRUE(record.findings.empty());
}

TEST(DecisionReader, decodes_escapes_in_values) {
  DecisionReader reader;
  DecisionRecord record;
  ASSERT_TRUE(reader.read(
      R"({"time":"t","verdict":"accept","helo":"\u001b[31m\"\\\u0000\n","stream":"\ud83d\ude00"})",
      record));
  EXPECT_EQ(record.helo, std::string_view("\x1b[31m\"\\\0\n", 9));
  EXPECT_EQ(record.stream, "\xf0\x9f\x98\x80");
}

TEST(DecisionReader, says_why_a_line_is_no_decision) {
  struct Case {
    std::string line;
    std::string text;
  };
  const Case cases[] = {
      {"", "not JSON: Empty: no JSON found"},
      {"[]", "not a decision: expected a JSON object"},
      {"\"time\"", "not a decision: expected a JSON object"},
      {"{}", "not a decision: member \"time\" is missing"},
      {R"({"time":"t"})", "not a decision: member \"verdict\" is missing"},
      {R"({"time":1,"verdict":"accept"})", "member \"time\": expected a string"},
      {R"({"time":"t","from":"a@b"})", "member \"from\": expected a list of strings"},
      {R"({"time":"t","from":["a@b",1]})", "member \"from\": expected a list of strings"},
      {R"({"time":"t","bytes":"7"})", "member \"bytes\": expected a whole number"},
      {R"({"time":"t","bytes":-7})", "member \"bytes\": expected a whole number"},
      {R"({"time":"t","ms":"1.5"})", "member \"ms\": expected a number"},
      {R"({"time":"t","findings":{}})", "member \"findings\": expected a list of objects"},
      {R"({"time":"t","findings":[1]})", "member \"findings\": expected a list of objects"},
      {R"({"time":"t","findings":[{"rule":1}]})",
       "member \"findings\": member \"rule\": expected a string"},
      {std::string(longest_decision_line + 1, ' '),
       "longer than 16777216 octets, the most a decision has"},
  };
  for (const auto& [line, text] : cases) EXPECT_EQ(outcome(line), text) << line.substr(0, 80);
}

TEST(DecisionReader, refuses_what_is_not_json_and_survives_it) {
  const std::string cut(smallest.substr(0, smallest.size() / 2));
  const std::string hostile[] = {
      cut,
      cut + std::string(smallest),  // a crash in the middle of a line
      std::string(smallest) + std::string(smallest),
      std::string(smallest) + " x",
      std::string(1, '\0'),
      std::string("{\"time\":\"a\0b\",\"verdict\":\"x\"}", 29),
      "{\"time\":\"\xff\xfe\",\"verdict\":\"accept\"}",
      "{\"time\":\"\x1b[2J\",\"verdict\":\"accept\"}",
      std::string(100000, '['),
      "{\"time\":" + std::string(5000, '{'),
      "{\"bytes\":99999999999999999999999999999999}",
      "{'time':'t'}",
      "Nov 21 08:15:30 host postfix/smtp[1]: hello",
  };
  for (const std::string& line : hostile) {
    EXPECT_TRUE(outcome(line).starts_with("not JSON: ")) << line.substr(0, 80) << outcome(line);
  }
}

TEST(DecisionReader, reads_on_after_a_bad_line) {
  DecisionReader reader;
  DecisionRecord record;
  EXPECT_FALSE(reader.read(R"({"time":"t","recipients":["a","b"],"verdict":)", record));
  ASSERT_TRUE(reader.read(smallest, record));
  EXPECT_EQ(record.verdict, "accept");
  EXPECT_TRUE(record.recipients.empty());
}

TEST(DecisionReader, reads_what_the_daemon_writes_of_the_most_hostile_message) {
  const std::string octets(1 << 20, '\xff');  // as long as a header may be, and none of it UTF-8
  Decision decision;
  decision.envelope.helo = decision.envelope.login = decision.envelope.client_name = octets;
  decision.envelope.reverse_path.text = decision.envelope.origin_reason = octets;
  decision.envelope.recipients.resize(1000);
  for (Recipient& recipient : decision.envelope.recipients) recipient.text = octets.substr(0, 2048);
  decision.from.assign(20, octets);
  decision.message_id = octets;
  Judged judged;
  judged.finding.rule = "format.header-8bit";
  judged.finding.reply = {.code = 550, .enhanced = "5.6.0", .text = octets};
  judged.finding.evidence = judged.finding.fix = judged.finding.prediction = octets;
  decision.verdict.findings.assign(60, judged);
  const std::string line = to_json(decision);
  EXPECT_LT(line.size(), longest_decision_line / 4);

  DecisionReader reader;
  DecisionRecord record;
  const Status status = reader.read(line, record);
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(record.recipients.size(), 1000u);
  EXPECT_TRUE(record.findings[59].evidence.ends_with("\xef\xbf\xbd..."));
}

TEST(DecisionReader, reads_back_what_to_json_writes) {
  Decision decision;
  decision.time = *parse_time("2026-11-21T08:15:30.123Z");
  decision.envelope.queue_id = "4XyZ12";
  decision.envelope.role = Role::direct;
  decision.envelope.origin = Origin::forwarded;
  decision.envelope.client = *IpAddress::parse("192.0.2.7");
  decision.envelope.reverse_path.text = "\"a b\"@shop.example";
  decision.envelope.recipients.resize(1);
  decision.envelope.recipients[0].text = "bob@icloud.com";
  decision.envelope.recipients[0].is_apple = true;
  decision.from = {
      "gr\xc3\xbc\xc3\x9f"
      "e@shop.example"};
  decision.classification = {MailClass::bulk, "news", "stream news"};
  decision.took = std::chrono::microseconds(1234);
  decision.bytes = 40312;
  Judged judged;
  judged.policy = "format";
  judged.finding.rule = "format.nul";
  judged.finding.reply = {.code = 550, .enhanced = "5.6.0", .text = "a NUL"};
  judged.mode = Mode::enforce;
  judged.effect = judged.would = Disposition::reject;
  decision.verdict = combine({judged});
  const std::string line = to_json(decision);

  DecisionReader reader;
  DecisionRecord record;
  const Status status = reader.read(line, record);
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(record.time, "2026-11-21T08:15:30.123Z");
  EXPECT_EQ(record.event, "message");
  EXPECT_EQ(record.queue_id, "4XyZ12");
  EXPECT_EQ(record.role, "direct");
  EXPECT_EQ(record.origin, "forwarded");
  EXPECT_EQ(record.client, "192.0.2.7");
  EXPECT_EQ(record.mail_from, "\"a b\"@shop.example");
  EXPECT_EQ(record.recipients, (std::vector<std::string_view>{"bob@icloud.com"}));
  EXPECT_EQ(record.apple_recipients, 1u);
  EXPECT_EQ(record.from, (std::vector<std::string_view>{"gr\xc3\xbc\xc3\x9f"
                                                        "e@shop.example"}));
  EXPECT_EQ(record.mail_class, "bulk");
  EXPECT_EQ(record.stream, "news");
  EXPECT_EQ(record.class_reason, "stream news");
  EXPECT_EQ(record.verdict, "reject");
  EXPECT_EQ(record.policy, "format");
  EXPECT_EQ(record.rule, "format.nul");
  EXPECT_EQ(record.reply, "550 5.6.0 a NUL");
  EXPECT_EQ(record.ms, 1.234);
  EXPECT_EQ(record.bytes, 40312u);
  ASSERT_EQ(record.findings.size(), 1u);
  EXPECT_EQ(record.findings[0].mode, "enforce");
  EXPECT_EQ(record.findings[0].weight, "violation");
  EXPECT_EQ(record.findings[0].would, "reject");
}

TEST(DecisionReader, reads_a_line_of_the_longest_length) {
  std::string line = R"({"time":"t","verdict":"accept","message_id":")";
  line += std::string(longest_decision_line - line.size() - 2, 'x') + "\"}";
  ASSERT_EQ(line.size(), longest_decision_line);
  EXPECT_EQ(outcome(line), "ok");
}

}  // namespace
}  // namespace icm
