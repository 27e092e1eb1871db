// SPDX-License-Identifier: Apache-2.0
//
// A day at a shop as a report's facts, for tests of what is written of them.
#pragma once

#include "milter/ctl/report/facts.h"
#include "milter/ctl/report/span_steps.h"

namespace icm::ctl::report {

inline WallTime at(std::string_view time) { return *parse_time(time); }

// What a stranger may get into a log.
inline constexpr std::string_view hostile =
    "\"><script>alert(1)</script>'&amp;\x1b[2J\xe2\x80\xae\xff\r\n";

inline ReportFacts empty_day() {
  ReportFacts facts;
  facts.made = at("2026-11-21T08:00:00Z");
  facts.log.now = {at("2026-11-20T08:00:00Z"), facts.made};
  facts.log.before = span_before(facts.log.now);
  facts.log.step = std::chrono::hours{6};
  facts.log.steps = steps_of(facts.log.now, facts.log.step);
  facts.log.files = {"decisions.jsonl"};
  facts.replies.problem = "replies.db: nothing was learnt yet";
  facts.throttle.problem = "no daemon can be reached";
  return facts;
}

inline ReportFacts busy_day() {
  ReportFacts facts = empty_day();
  LogFacts& log = facts.log;
  facts.host = "mail.corp.example";
  log.begins = log.before.since;
  log.decisions_read = 2345;
  const auto put = [&](std::size_t step, Outcome outcome, std::uint64_t now, std::uint64_t before) {
    log.steps[step].now[outcome] += now;
    log.steps[step].before[outcome] += before;
    log.total[outcome] += now;
    log.total_before[outcome] += before;
  };
  put(0, Outcome::accepted, 100, 50);
  put(1, Outcome::accepted, 1000, 1050);
  put(2, Outcome::refused, 10, 0);
  put(3, Outcome::would_be_refused, 25, 20);
  log.rules = {{.rule = "format.date-past",
                .meaning = "Date is not older than a queue keeps mail.",
                .page = "format.md",
                .now = {},
                .before = {},
                .example = "4A",
                .fix = "send it when it is written"}};
  log.rules[0].now[Outcome::refused] = 10;
  log.senders = {{.sender = "news@shop.example", .unsure = 0, .counts = log.total, .rule = ""}};
  facts.replies.problem.clear();
  facts.replies.answers = {{.entry = "ok-queued",
                            .meaning = "Taken.",
                            .is_success = true,
                            .predicted_stopped = 0,
                            .predicted_sent = 0,
                            .answered = 990,
                            .answered_before = 900},
                           {.entry = "hme1-no-authentication",
                            .meaning = "Neither SPF nor DKIM passed.",
                            .is_success = false,
                            .predicted_stopped = 3,
                            .predicted_sent = 25,
                            .answered = 10,
                            .answered_before = 0}};
  facts.throttle = {.problem = "",
                    .mode = "enforce",
                    .limits = {{.name = "hourly",
                                .subject = "all",
                                .used = 250,
                                .usable = 500,
                                .window = "1h",
                                .remarks = "day 5"}},
                    .limits_left_out = 0,
                    .pauses = {},
                    .pauses_left_out = 0};
  return facts;
}

}  // namespace icm::ctl::report
