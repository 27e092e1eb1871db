// SPDX-License-Identifier: Apache-2.0
#include "milter/decision.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace icm {
namespace {

using namespace std::chrono_literals;

Decision refusal() {
  Decision decision;
  decision.time = *parse_time("2026-11-21T08:15:30.123Z");
  decision.envelope.queue_id = "4XyZ12";
  decision.envelope.role = Role::gate;
  decision.envelope.origin = Origin::submission;
  decision.envelope.origin_reason = "auth=pass";
  decision.envelope.client = *IpAddress::parse("127.0.0.1");
  decision.envelope.client_name = "localhost";
  decision.envelope.helo = "mx.shop.example";
  decision.envelope.login = "shop";
  decision.envelope.reverse_path = ReversePath::from("<news@shop.example>");
  decision.envelope.recipients.resize(2);
  decision.envelope.recipients[0].text = "a@icloud.com";
  decision.envelope.recipients[0].is_apple = true;
  decision.envelope.recipients[1].text = "b@x.example";
  decision.from = {"news@shop.example"};
  decision.message_id = "<1@shop.example>";
  decision.form = "00112233aabbccdd";
  decision.classification = {
      .mail_class = MailClass::bulk, .stream = "news", .reason = "stream news"};
  Judged judged;
  judged.finding.rule = "list_unsubscribe.post-missing";
  judged.finding.reply = {550, "5.7.1", "List-Unsubscribe-Post is missing"};
  judged.finding.evidence = "List-Unsubscribe without List-Unsubscribe-Post";
  judged.finding.fix = "add List-Unsubscribe-Post: List-Unsubscribe=One-Click";
  judged.policy = "list_unsubscribe";
  judged.mode = Mode::enforce;
  judged.effect = Disposition::reject;
  judged.would = Disposition::reject;
  Judged observed;
  observed.finding.rule = "format.date-past";
  observed.finding.evidence = "Date is 9 days old";
  observed.policy = "format";
  observed.would = Disposition::reject;
  observed.held_back = "mode observe";
  decision.verdict.disposition = Disposition::reject;
  decision.verdict.reply = judged.finding.reply;
  decision.verdict.policy = judged.policy;
  decision.verdict.rule = judged.finding.rule;
  decision.verdict.findings = {judged, observed};
  decision.took = 41499us;
  decision.bytes = 4096;
  return decision;
}

TEST(ToLine, tells_one_message) {
  EXPECT_EQ(to_line(refusal()),
            "4XyZ12: verdict=reject policy=list_unsubscribe rule=list_unsubscribe.post-missing "
            "role=gate origin=submission client=127.0.0.1 login=shop from=<news@shop.example> to=2 "
            "apple=1 class=bulk stream=news message-id=\"<1@shop.example>\" bytes=4096 "
            "reply=\"550 5.7.1 List-Unsubscribe-Post is missing\" would=format.date-past "
            "reason=\"List-Unsubscribe without List-Unsubscribe-Post\" "
            "fix=\"add List-Unsubscribe-Post: List-Unsubscribe=One-Click\" ms=41");
}

TEST(ToLine, tells_one_recipient) {
  Decision decision = refusal();
  decision.event = Decision::Event::recipient;
  decision.envelope.queue_id.clear();
  decision.envelope.recipients.resize(1);
  decision.verdict.findings.resize(1);
  EXPECT_EQ(to_line(decision),
            "NOQUEUE: verdict=reject policy=list_unsubscribe rule=list_unsubscribe.post-missing "
            "role=gate origin=submission client=127.0.0.1 login=shop from=<news@shop.example> "
            "to=<a@icloud.com> reply=\"550 5.7.1 List-Unsubscribe-Post is missing\" "
            "reason=\"List-Unsubscribe without List-Unsubscribe-Post\" "
            "fix=\"add List-Unsubscribe-Post: List-Unsubscribe=One-Click\" ms=41");
}

TEST(ToLine, tells_an_untroubled_message_shortly) {
  Decision decision;
  decision.envelope.reverse_path = ReversePath::from("<>");
  decision.removed_recipients = {"a@icloud.com"};
  EXPECT_EQ(to_line(decision),
            "NOQUEUE: verdict=accept role=gate origin=unknown from=<> to=0 apple=0 class=personal "
            "bytes=0 removed=1 ms=0");
}

constexpr std::string_view hostile =
    "x\r\n4XyZ12: verdict=accept\tby=\"me\" <a@b> \\x41 caf\xc3\xa9 \x1b[31m \x80\xff";

Decision hostile_decision() {
  Decision decision = refusal();
  const std::string text(hostile);
  decision.envelope.queue_id = text;
  decision.envelope.origin_reason = text;
  decision.envelope.client_name = text;
  decision.envelope.helo = text;
  decision.envelope.login = text;
  decision.envelope.reverse_path.text = text;
  decision.envelope.recipients[0].text = text;
  decision.from = {text};
  decision.message_id = text;
  decision.classification.stream = text;
  decision.classification.reason = text;
  decision.verdict.reply.text = text;
  decision.verdict.findings[0].finding.evidence = text;
  decision.verdict.findings[0].finding.fix = text;
  decision.verdict.findings[0].finding.prediction = text;
  decision.removed_recipients = {text};
  return decision;
}

TEST(ToLine, lets_nothing_of_a_message_end_the_line_or_forge_a_word) {
  const std::string word =
      "x\\x0d\\x0a4XyZ12:\\x20verdict\\x3daccept\\x09by\\x3d\\x22me\\x22\\x20\\x3ca@b\\x3e\\x20"
      "\\x5cx41\\x20caf\\xc3\\xa9\\x20\\x1b[31m\\x20\\x80\\xff";
  const std::string address =
      "x\\x0d\\x0a4XyZ12:\\x20verdict=accept\\x09by=\\x22me\\x22\\x20\\x3ca@b\\x3e\\x20\\x5cx41"
      "\\x20caf\\xc3\\xa9\\x20\\x1b[31m\\x20\\x80\\xff";
  const std::string quoted =
      "x\\x0d\\x0a4XyZ12: verdict=accept\\x09by=\\x22me\\x22 <a@b> \\x5cx41 caf\\xc3\\xa9 "
      "\\x1b[31m "
      "\\x80\\xff";
  const std::string queue_id =
      "x\\x0d\\x0a4XyZ12\\x3a\\x20verdict=accept\\x09by=\"me\"\\x20<a@b>\\x20\\x5cx41\\x20caf\\xc3"
      "\\xa9\\x20\\x1b[31m\\x20\\x80\\xff";
  EXPECT_EQ(
      to_line(hostile_decision()),
      queue_id +
          ": verdict=reject policy=list_unsubscribe rule=list_unsubscribe.post-missing "
          "role=gate origin=submission client=127.0.0.1 login=" +
          word + " from=<" + address + "> to=2 apple=1 class=bulk stream=" + word +
          " message-id=\"" + quoted +
          "\" bytes=4096 removed=1 reply=\"550 5.7.1 x 4XyZ12: verdict=accept by=\\x22me\\x22 "
          "<a@b> \\x5cx41 caf? [31m ?\" would=format.date-past reason=\"" +
          quoted + "\" fix=\"" + quoted + "\" predict=\"" + quoted + "\" ms=41");
}

TEST(ToLine, cuts_what_is_too_long) {
  Decision decision;
  decision.envelope.login = std::string(100000, 'a');
  EXPECT_EQ(to_line(decision),
            "NOQUEUE: verdict=accept role=gate origin=unknown login=" + std::string(300, 'a') +
                "... from=<> to=0 apple=0 class=personal bytes=0 ms=0");
}

TEST(ToJson, tells_everything) {
  const auto expected = nlohmann::json::parse(R"({
    "time": "2026-11-21T08:15:30.123Z", "event": "message", "queue_id": "4XyZ12", "role": "gate",
    "origin": "submission", "origin_reason": "auth=pass", "client": "127.0.0.1",
    "client_name": "localhost", "helo": "mx.shop.example", "login": "shop",
    "mail_from": "news@shop.example", "recipients": ["a@icloud.com", "b@x.example"],
    "apple_recipients": 1, "from": ["news@shop.example"], "message_id": "<1@shop.example>",
    "form": "00112233aabbccdd",
    "class": "bulk", "stream": "news", "class_reason": "stream news", "verdict": "reject",
    "policy": "list_unsubscribe", "rule": "list_unsubscribe.post-missing",
    "reply": "550 5.7.1 List-Unsubscribe-Post is missing", "removed_recipients": [],
    "fix": "add List-Unsubscribe-Post: List-Unsubscribe=One-Click", "ms": 41.499, "bytes": 4096,
    "findings": [
      {"policy": "list_unsubscribe", "rule": "list_unsubscribe.post-missing", "mode": "enforce",
       "weight": "violation", "effect": "reject", "would": "reject", "held_back": "",
       "reply": "550 5.7.1 List-Unsubscribe-Post is missing",
       "evidence": "List-Unsubscribe without List-Unsubscribe-Post",
       "fix": "add List-Unsubscribe-Post: List-Unsubscribe=One-Click", "prediction": ""},
      {"policy": "format", "rule": "format.date-past", "mode": "observe", "weight": "violation",
       "effect": "accept", "would": "reject", "held_back": "mode observe", "reply": "",
       "evidence": "Date is 9 days old", "fix": "", "prediction": ""}]})");
  EXPECT_EQ(nlohmann::json::parse(to_json(refusal())), expected);
}

TEST(ToJson, is_one_line_of_ascii_whatever_the_message_held) {
  const std::string json = to_json(hostile_decision());
  for (const char c : json) EXPECT_TRUE(c >= ' ' && c < 0x7f) << static_cast<int>(c);
  const auto read = nlohmann::json::parse(json);
  const std::string replaced =
      "x\r\n4XyZ12: verdict=accept\tby=\"me\" <a@b> \\x41 caf\xc3\xa9 \x1b[31m "
      "\xef\xbf\xbd\xef\xbf\xbd";
  for (const auto* member : {"queue_id", "helo", "login", "mail_from", "message_id", "stream"}) {
    EXPECT_EQ(read[member], replaced) << member;
  }
  EXPECT_EQ(read["recipients"][0], replaced);
  EXPECT_EQ(read["from"][0], replaced);
  EXPECT_EQ(read["removed_recipients"][0], replaced);
  EXPECT_EQ(read["findings"][0]["evidence"], replaced);
  EXPECT_EQ(read["verdict"], "reject");
  EXPECT_EQ(read["reply"], "550 5.7.1 x 4XyZ12: verdict=accept by=\"me\" <a@b> \\x41 caf? [31m ?");
}

}  // namespace
}  // namespace icm
