// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_filter.h"

#include <functional>

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

TEST(MatchesGlob, matches_whole_texts_without_case) {
  struct Case {
    std::string_view text;
    std::string_view glob;
    bool matches;
  };
  for (const auto& [text, glob, matches] :
       {Case{"", "", true}, Case{"", "*", true}, Case{"", "?", false}, Case{"a", "", false},
        Case{"News@Shop.Example", "news@shop.example", true}, Case{"abc", "a?c", true},
        Case{"abc", "a?", false}, Case{"abc", "*c", true}, Case{"abc", "a*", true},
        Case{"abc", "*b*", true}, Case{"abc", "b*", false}, Case{"aXbXc", "a*b*c", true},
        Case{"ababab", "*ab", true}, Case{"ababa", "*ab", false}, Case{"abc", "abc**", true},
        Case{"a*c", "a*c", true}}) {
    EXPECT_EQ(matches_glob(text, glob), matches) << text << " / " << glob;
  }
}

TEST(MatchesGlob, takes_no_long_time_for_a_hostile_text) {
  const std::string text(20000, 'a');
  EXPECT_FALSE(matches_glob(text, "*a*a*a*a*a*a*a*a*a*a*b"));
}

TEST(AddressPattern, is_an_address_a_domain_a_pattern_or_the_null_sender) {
  struct Case {
    std::string_view pattern;
    std::string_view address;
    bool matches;
  };
  for (const auto& [pattern, address, matches] :
       {Case{"news@shop.example", "NEWS@shop.example", true},
        Case{"<news@shop.example>", "news@shop.example", true},
        Case{"news@shop.example", "xnews@shop.example", false},
        Case{"shop.example", "news@Shop.Example", true},
        Case{"shop.example", "news@mail.shop.example", false},
        Case{"shop.example", "shop.example", false},
        Case{"*@*.shop.example", "news@mail.shop.example", true},
        Case{"*@*.shop.example", "news@shop.example", false}, Case{"<>", "", true},
        Case{"<>", "a@b", false}, Case{"", "", true}, Case{"shop.example", "", false},
        Case{"*", "", true}}) {
    EXPECT_EQ(AddressPattern(pattern).matches(address), matches) << pattern << " / " << address;
  }
}

TEST(ParseMoment, reads_times_and_spans_before_now) {
  const WallTime now = *parse_time("2026-11-21T12:00:00Z");
  EXPECT_EQ(to_rfc3339(*parse_moment("24h", now)), "2026-11-20T12:00:00.000Z");
  EXPECT_EQ(to_rfc3339(*parse_moment("2026-11-19", now)), "2026-11-19T00:00:00.000Z");
  for (const std::string_view text : {"2026-11-19T08:15:30", "2026-11-19 08:15:30",
                                      "2026-11-19 08:15:30Z", "2026-11-19T09:15:30+01:00"}) {
    const auto time = parse_moment(text, now);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_rfc3339(*time), "2026-11-19T08:15:30.000Z") << text;
  }
  EXPECT_EQ(parse_moment("yesterday\n", now).error().text,
            "expected a time such as 2026-11-21, 2026-11-21T08:15:30Z or @1763712930, or how long "
            "ago, such as 90m, 24h or 7d; found \"yesterday\\x0a\"");
}

DecisionRecord decision() {
  DecisionRecord record;
  record.time = "2026-11-21T08:15:30.123Z";
  record.queue_id = "4XyZ12";
  record.role = "gate";
  record.origin = "submission";
  record.mail_from = "bounce@shop.example";
  record.from = {"news@shop.example"};
  record.recipients = {"bob@icloud.com", "eve@me.com"};
  record.removed_recipients = {"eve@me.com"};
  record.stream = "news";
  record.verdict = "reject";
  FindingRecord enforced;
  enforced.policy = "list_unsubscribe";
  enforced.rule = "list_unsubscribe.missing";
  FindingRecord observed;
  observed.policy = "format";
  observed.rule = "format.date-past";
  record.findings = {enforced, observed};
  return record;
}

TEST(LogFilter, lets_everything_pass_that_nothing_speaks_against) {
  EXPECT_TRUE(LogFilter({}).admits(decision()));
  EXPECT_TRUE(LogFilter({}).admits(DecisionRecord{}));
}

TEST(LogFilter, wants_one_value_of_each_kind) {
  struct Case {
    std::string_view what;
    bool admitted;
    std::function<void(LogCriteria&)> set;
  };
  const Case cases[] = {
      {"verdict", true,
       [](auto& c) {
         c.verdicts = {"defer", "reject"};
       }},
      {"other verdict", false, [](auto& c) { c.verdicts = {"accept"}; }},
      {"policy that only observed", true, [](auto& c) { c.policies = {"format"}; }},
      {"other policy", false, [](auto& c) { c.policies = {"suppression"}; }},
      {"rule", true, [](auto& c) { c.rules = {"list_unsubscribe.missing"}; }},
      {"part of a rule", false, [](auto& c) { c.rules = {"missing"}; }},
      {"envelope sender", true, [](auto& c) { c.senders = {"bounce@shop.example"}; }},
      {"author", true, [](auto& c) { c.senders = {"News@shop.example"}; }},
      {"other sender", false, [](auto& c) { c.senders = {"x@shop.example"}; }},
      {"one of two senders", true,
       [](auto& c) {
         c.senders = {"x@y", "shop.example"};
       }},
      {"recipient", true, [](auto& c) { c.recipients = {"icloud.com"}; }},
      {"other recipient", false, [](auto& c) { c.recipients = {"mac.com"}; }},
      {"queue id", true, [](auto& c) { c.queue_ids = {"4XyZ12"}; }},
      {"queue id of another case", false, [](auto& c) { c.queue_ids = {"4xyz12"}; }},
      {"role", true, [](auto& c) { c.roles = {"gate"}; }},
      {"other role", false, [](auto& c) { c.roles = {"direct"}; }},
      {"origin", true, [](auto& c) { c.origins = {"submission"}; }},
      {"other origin", false, [](auto& c) { c.origins = {"local"}; }},
      {"stream", true, [](auto& c) { c.streams = {"news"}; }},
      {"other stream", false, [](auto& c) { c.streams = {"orders"}; }},
      {"two kinds that fit", true,
       [](auto& c) {
         c.verdicts = {"reject"};
         c.roles = {"gate"};
       }},
      {"two kinds, one of which fits", false,
       [](auto& c) {
         c.verdicts = {"reject"};
         c.roles = {"direct"};
       }},
      {"policy and rule of different findings", false,
       [](auto& c) {
         c.policies = {"format"};
         c.rules = {"list_unsubscribe.missing"};
       }},
  };
  for (const auto& [what, admitted, set] : cases) {
    LogCriteria criteria;
    set(criteria);
    EXPECT_EQ(LogFilter(criteria).admits(decision()), admitted) << what;
  }
}

TEST(LogFilter, finds_a_recipient_that_was_taken_off) {
  DecisionRecord record = decision();
  record.recipients = {"bob@icloud.com"};
  LogCriteria criteria;
  criteria.recipients = {"eve@me.com"};
  EXPECT_TRUE(LogFilter(criteria).admits(record));
}

TEST(LogFilter, includes_since_and_excludes_until) {
  struct Case {
    std::string_view since;
    std::string_view until;
    bool admitted;
  };
  for (const auto& [since, until, admitted] :
       {Case{"2026-11-21T08:15:30.123Z", "", true}, Case{"2026-11-21T08:15:30.124Z", "", false},
        Case{"", "2026-11-21T08:15:30.123Z", false}, Case{"", "2026-11-21T08:15:30.124Z", true},
        Case{"2026-11-21", "2026-11-22", true}, Case{"2026-11-22", "2026-11-23", false}}) {
    LogCriteria criteria;
    if (!since.empty()) criteria.since = *parse_time(since);
    if (!until.empty()) criteria.until = *parse_time(until);
    EXPECT_EQ(LogFilter(criteria).admits(decision()), admitted) << since << " / " << until;
  }
}

TEST(LogFilter, understands_times_that_another_program_wrote) {
  LogCriteria criteria;
  criteria.since = *parse_time("2026-11-21T08:00:00Z");
  const LogFilter filter(criteria);
  DecisionRecord record = decision();
  record.time = "2026-11-21T09:30:00+01:00";
  EXPECT_TRUE(filter.admits(record));
  record.time = "2026-11-21T08:30:00+01:00";
  EXPECT_FALSE(filter.admits(record));
  record.time = "soon";
  EXPECT_FALSE(filter.admits(record));
}

}  // namespace
}  // namespace icm::ctl
