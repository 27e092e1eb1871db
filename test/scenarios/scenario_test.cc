// SPDX-License-Identifier: Apache-2.0
//
// The language of scenarios: what is read from a file, what is refused and why, and what counts as
// a difference between a run and its expectations.
#include "test/support/scenario.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "test/support/scenario_check.h"
#include "test/support/scenario_result.h"
#include "test/support/scenario_text.h"
#include "test/support/scenario_world.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

const WallTime now = *parse_time("2026-11-21T08:15:30Z");

Scenario scenario(std::string_view text) {
  const auto read = parse_scenario(text, "x.scn", now);
  EXPECT_TRUE(read) << read.error().text;
  return read ? *read : Scenario{};
}

std::string refusal(std::string_view text) {
  const auto read = parse_scenario(text, "x.scn", now);
  return read ? "read" : read.error().text;
}

TEST(Scenario, reads_a_conversation) {
  const Scenario read = scenario(R"(# Two messages,
# one connection.
config suppression.mode enforce
config suppression.rules.hard-bounce observe
store Gone@icloud.com hard-bounce scope=stream:news expires=${time+1d} note=550 5.1.1 gone
daemon MSA
client 2001:db8::1 name=client.example port=7
helo client.example
login alice
queue-id 4Q at=end

mail <a@shop.example> SIZE=100
rcpt <b@icloud.com> ORCPT=rfc822;x@y
expect reply none
rcpt <c@icloud.com>
message
| From: a@shop.example
| X-Long: one\t
|  two \xc3\xa9
|
| Hello
|  indented\
|, no line end here
with Subject: late
without X-Long
expect rule none
mail <>
abort
)");
  EXPECT_EQ(read.purpose, "Two messages, one connection.");
  ASSERT_EQ(read.connections.size(), 1u);
  const ScenarioConnection& connection = read.connections[0];
  EXPECT_EQ(connection.daemon_name, "MSA");
  EXPECT_EQ(connection.peer.family, '6');
  EXPECT_EQ(connection.peer.name, "client.example");
  EXPECT_EQ(connection.peer.port, 7);
  ASSERT_EQ(connection.messages.size(), 2u);
  const ScenarioMessage& first = connection.messages[0];
  EXPECT_EQ(first.mail.login, "alice");
  EXPECT_EQ(first.mail.queue_id, "4Q");
  EXPECT_EQ(first.mail.queue_id_known, MilterMail::QueueIdKnown::at_end_of_header);
  EXPECT_EQ(first.mail.mail, (std::vector<std::string>{"<a@shop.example>", "SIZE=100"}));
  EXPECT_EQ(first.mail.recipients[0],
            (std::vector<std::string>{"<b@icloud.com>", "ORCPT=rfc822;x@y"}));
  EXPECT_EQ(first.at_recipient[0].expectations.size(), 1u);
  EXPECT_EQ(first.at_recipient[1].expectations.size(), 0u);
  EXPECT_EQ(first.at_end.size(), 1u);
  EXPECT_EQ(first.mail.fields, (MessageFields{{"From", " a@shop.example"}, {"Subject", " late"}}));
  EXPECT_EQ(first.mail.body, "Hello\r\n indented, no line end here\r\n");
  EXPECT_EQ(connection.messages[1].mail.queue_id, "4Scn002");
  EXPECT_EQ(connection.messages[1].mail.ending, MilterMail::Ending::abort);
  EXPECT_EQ(read.entries[0].expires, "2026-11-22T08:15:30.000Z");
  EXPECT_EQ(read.entries[0].note, "550 5.1.1 gone");
}

TEST(Scenario, writes_its_configuration_section_by_section) {
  const Scenario read = scenario(
      "config suppression.mode enforce\nconfig arrival.authserv_id other.example\n"
      "config suppression.rules.hard-bounce observe\nconfig streams [{name: news}]\nmail <>\n");
  EXPECT_EQ(config_of(read, ScenarioFiles("/t"), "unix:/t/s"),
            "socket:\n  address: unix:/t/s\n  group: \"\"\n"
            "arrival:\n  authserv_id: other.example\n  authenticate: no\n"
            "log:\n  destination: stderr\n  decisions: /t/decisions.jsonl\n"
            "store:\n  path: /t/store.db\n  while_away: on_error\n"
            "control:\n  socket: \"\"\n"
            "suppression:\n  mode: enforce\n  rules:\n    hard-bounce: observe\n"
            "streams: [{name: news}]\n");
}

TEST(Scenario, places_every_error_of_a_file) {
  EXPECT_EQ(refusal("mial <>\nclient 1.2.3.4 prot=7\nrcpt <a@b>\n"),
            "x.scn:1: unknown directive \"mial\"; did you mean \"mail\"?\n"
            "x.scn:2: client: expected name= or port=, got \"prot=7\"\n"
            "x.scn:3: rcpt: expected after a mail\n"
            "x.scn:4: expected at least one mail, got none");
}

TEST(Scenario, says_what_a_line_must_look_like) {
  struct Case {
    std::string_view line, error;
  };
  for (const auto& [line, error] : {
           Case{"expect replay x", "expect: unknown subject \"replay\"; did you mean \"reply\"?"},
           Case{"config mode", "config: expected \"section.option value\""},
           Case{"store a@b", "store: expected \"ADDRESS REASON …\" or \"broken\""},
           Case{"store a@b manual until=x",
                "store: expected scope=, source=, expires= or note=, got \"until=x\""},
           Case{"queue-id 4Q at=noon",
                "queue-id: expected at=mail, at=rcpt, at=end or at=never, got \"at=noon\""},
           Case{"daemon X", "daemon: expected before the first mail of a connection"},
           Case{"rcpt", "expected an address, got nothing"},
           Case{"rcpt <\\q>", "expected \\r, \\n, \\t, \\0, \\\\ or \\xNN, got \"\\q>\""},
           Case{"| x", "a line with | is expected after message alone"},
           Case{"without X-None", "without: the message has no field \"X-None\""},
           Case{"with no colon", "expected \"Name: value\", got \"no colon\""},
           Case{"with X: a\\0b",
                "a header field cannot hold NUL: the milter protocol ends strings with it"},
           Case{"message no-such.eml", "no-such.eml: cannot be read"},
           Case{"with X: ${now}",
                "expected ${date}, ${time}, ${day} or ${COUNT*TEXT}, got \"${now}\""},
           Case{"with X: ${date", "expected } after ${"},
           Case{"with X: ${date+8}", "expected a span such as 90s, 15m, 1h, 7d or 2w, got \"8\""},
           Case{"with X: ${99999999*x}",
                "${COUNT*TEXT}: expected a count and a text of at most 67108864 octets in all, got "
                "\"99999999*x\""},
       }) {
    EXPECT_EQ(refusal("mail <>\n" + std::string(line) + "\n"), "x.scn:2: " + std::string(error));
  }
  EXPECT_EQ(refusal("mail <>\nmessage\n| Subject: x\n| no colon\n|\n"),
            "x.scn:2: line 2 of the message: expected \"Name: value\", got \"no colon\"");
}

TEST(Scenario, expands_times_and_stretches) {
  EXPECT_EQ(*expand_placeholders("${date}|${date-8d}|${time+1h}|${day-1d}|${3*ab}", now),
            "Sat, 21 Nov 2026 08:15:30 +0000|Fri, 13 Nov 2026 08:15:30 "
            "+0000|2026-11-21T09:15:30.000Z|2026-11-20|ababab");
}

TEST(ChangedFields, counts_occurrences_as_they_are_at_their_turn) {
  const MessageFields fields = {{"A", " 1"}, {"B", " 1"}, {"a", " 2"}, {"A", " 3"}};
  const auto remove = [](std::uint32_t n) {
    return MilterChange{
        .kind = MilterChange::Kind::change_header, .index = n, .name = "A", .value = {}};
  };
  EXPECT_EQ(values_of(changed_fields(fields, {remove(2), remove(1)}), "A"),
            std::vector<std::string>{"3"});
  EXPECT_EQ(values_of(changed_fields(fields, {remove(1), remove(2)}), "A"),
            std::vector<std::string>{"2"});
  const MilterChange insert{
      .kind = MilterChange::Kind::insert_header, .index = 0, .name = "A", .value = " 0\n folded"};
  EXPECT_EQ(values_of(changed_fields(fields, {insert}), "A"),
            (std::vector<std::string>{"0 folded", "1", "2", "3"}));
}

// A run in which the recipient was refused and the message went on, tagged.
ScenarioTranscript sample_run() {
  MilterOutcome outcome;
  outcome.stage = MilterOutcome::Stage::end_of_message;
  outcome.recipients = {{MilterAnswer::Kind::reply, "550 5.1.1 gone"},
                        {MilterAnswer::Kind::go_on, {}}};
  outcome.answer = {MilterAnswer::Kind::go_on, {}};
  outcome.changes = {{MilterChange::Kind::insert_header, 0, "X-Tag", " yes"}};
  return {
      .connections = {{outcome}},
      .decisions =
          {R"({"event":"recipient","recipients":["a@icloud.com"],"verdict":"reject","rule":"r.one"})",
           R"({"event":"message","queue_id":"4Scn001","verdict":"tag","rule":"r.two",
                            "findings":[{"rule":"r.two","effect":"tag","held_back":""},
                                        {"rule":"r.three","effect":"accept","held_back":"mode observe"}]})"},
      .lines = {"NOQUEUE: verdict=reject", "4Scn001: verdict=tag"}};
}

constexpr std::string_view sample =
    "mail <>\nrcpt <a@icloud.com>\nexpect reply 550 5.1.1 gone\nexpect rule r.one\n"
    "rcpt <b@icloud.com>\nmessage\n| From: x@y\n|\n";

std::string differences(const std::string& expectations) {
  const auto all = check(scenario(std::string(sample) + expectations), sample_run());
  return fmt::format("{}", fmt::join(all, "\n"));
}

TEST(ScenarioCheck, is_content_when_everything_was_announced) {
  EXPECT_EQ(differences(
                "expect verdict tag\nexpect rule r.two\nexpect field X-Tag: yes\n"
                "expect finding r.two tag\nexpect finding r.three held back: mode observe\n"
                "expect no-finding r.four\nexpect json /queue_id \"4Scn001\"\n"
                "expect json-like /verdict ^t.g$\nexpect line verdict=tag\nexpect no-line reject\n"
                "expect reply none\nexpect fields X-Tag 1\nexpect no-field X-Other\n"),
            "");
}

TEST(ScenarioCheck, names_each_difference) {
  struct Case {
    std::string_view expectation, difference;
  };
  for (const auto& [expectation, difference] : {
           Case{"reply 550 x", "reply: expected \"550 x\", got \"none\""},
           Case{"reply-like 550.*", "reply: expected all of it to match 550.*, got \"none\""},
           Case{"verdict accept", "/verdict: expected \"accept\", got \"tag\""},
           Case{"rule none", "/rule: expected \"\", got \"r.two\""},
           Case{"finding r.four",
                "finding: expected \"r.four\", got \"r.two tag; r.three held back: mode observe\""},
           Case{"no-finding r", "finding: expected none of r, got r.two: "},
           Case{"field X-Tag: no", "field X-Tag: expected once \"no\", got [yes]"},
           Case{"fields From 2", "fields From: expected 2, got 1: [x@y]"},
           Case{"removed-recipient <a@b>", "expected <a@b> removed once, got 0 times"},
           Case{"quarantine x", "quarantine: expected one, got none"},
           Case{"json /rule 7", "/rule: expected 7, got \"r.two\""},
           Case{"json /rule r.two",
                "json: expected \"/member VALUE\" with a JSON value, got /rule r.two"},
           Case{"json-like /rule ^x", "/rule: expected a match of ^x, got r.two"},
           Case{"line rejected",
                "log line: expected \"rejected\" in it, got \"4Scn001: verdict=tag\""},
           Case{"no-line tag", "log line: expected no \"tag\" in it, got \"4Scn001: verdict=tag\""},
           Case{"let-go", "expected to be let go at DATA, got go on at end of message"},
       }) {
    EXPECT_EQ(differences("expect field X-Tag: yes\nexpect " + std::string(expectation) + "\n"),
              "x.scn:10: " + std::string(difference));
  }
}

TEST(ScenarioCheck, reports_what_nobody_announced) {
  EXPECT_EQ(differences(""), "x.scn:1: unannounced: X-Tag: yes is inserted");
  const Scenario quiet =
      scenario("mail <>\nrcpt <a@icloud.com>\nrcpt <b@icloud.com>\nmessage\n| From: x@y\n|\n");
  EXPECT_EQ(
      fmt::format("{}", fmt::join(check(quiet, sample_run()), "\n")),
      "x.scn:2: unannounced refusal: 550 5.1.1 gone\nx.scn:1: unannounced: X-Tag: yes is inserted");
  ScenarioTranscript run = sample_run();
  run.decisions.push_back("{}");
  run.connections[0][0].changes = {{MilterChange::Kind::replace_body, 0, "", "x"}};
  EXPECT_EQ(fmt::format("{}", fmt::join(check(scenario(sample), run), "\n")),
            "x.scn:1: a change that the milter never makes:  x\n"
            "x.scn: a decision that belongs to no mail: {}");
}

TEST(ScenarioWorld, a_broken_store_is_an_error_for_who_has_it_open) {
  const TemporaryDirectory directory;
  const ScenarioFiles files(directory.path());
  const Scenario read = scenario("store gone@icloud.com hard-bounce\nmail <>\n");
  const Status filled = fill_store(read, files, now);
  ASSERT_TRUE(filled) << filled.error().text;
  const Status again = fill_store(scenario("store x manually\nmail <>\n"),
                                  ScenarioFiles(directory.path() / "b"), now);
  EXPECT_FALSE(again);
  EXPECT_TRUE(break_store(files));
  EXPECT_FALSE(break_store(files));
}

}  // namespace
}  // namespace icm
