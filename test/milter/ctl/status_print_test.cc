// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/status_print.h"

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

using Json = nlohmann::ordered_json;

const Json status = Json::parse(R"JSON({
"protocol": 1, "version": "0.1.0", "pid": 4711, "started": "2026-11-21T08:15:30.123Z",
"uptime_seconds": 100000, "attention": ["key arc1._domainkey.a.example: p= is empty"],
"configuration": {"file": "/etc/milter.conf", "loaded": "2026-11-21T08:15:30.123Z",
  "failed_reload": {"time": "2026-11-21T09:00:00.000Z", "by": "HUP", "problems": ["/etc/milter.conf:3:1: wrong"]}},
"listening": {"address": "unix:/run/m", "gate": ["ICLOUD-GATE"], "direct": [], "arrival": ["a", "b"]},
"connections": 3, "messages_under_way": 1,
"messages": {"judged": 12345, "accepted": 12000, "tagged": 1, "quarantined": 2, "deferred": 42, "refused": 300},
"recipients": {"refused": 4, "deferred": 5, "removed": 6},
"store": {"path": "/var/s.db", "problem": "", "snapshot": {"ready": true, "entries": 10000000, "recent": 3,
  "memory": 152043520, "file": "/var/s.db-snapshot", "problem": ""}},
"policies": [
  {"name": "format", "mode": "enforce", "configured": "enforce", "percent": 10, "until": "2026-12-01T00:00:00.000Z",
   "ended": false, "rules": {"size": "off"}, "change": null},
  {"name": "alignment", "mode": "observe", "configured": "enforce", "percent": 100, "until": null, "ended": false,
   "rules": {}, "change": {"until": "2026-11-21T10:00:00.000Z", "by": "root (uid 0, pid 1)", "since": "2026-11-21T09:00:00.000Z"
}
}],
"keys": [{"name": "arc1._domainkey.a.example", "domain": "a.example", "selector": "arc1", "file": "/k.pem",
  "state": "revoked", "problem": "p= is empty", "published": "", "checked": "2026-11-21T08:15:31.000Z", "record": "x"},
 {"name": "arc2._domainkey.a.example", "file": "/l.pem", "state": "not-compared", "checked": null}]
})JSON");

TEST(StatusPrint, shows_everything_an_administrator_asks_for) {
  EXPECT_EQ(status_text(status, Terminal::plain()),
            R"(icloud-milter 0.1.0, pid 4711, up 1d 3h (since 2026-11-21 08:15:30Z)
configuration  /etc/milter.conf, loaded 2026-11-21 08:15:30Z
listening      unix:/run/m
roles          gate: ICLOUD-GATE; direct: none; arrival: a, b
connections    3 open, messages under way: 1
messages       12,345 judged: 12,000 accepted, 1 tagged, 2 on hold, 42 deferred, 300 refused
recipients     4 refused, 5 deferred, 6 taken off mixed messages
store          /var/s.db: answers
in memory      10,000,000 entries, 145.0 MiB

POLICY     MODE     REMARKS
format     enforce  10 percent; until 2026-12-01 00:00:00Z; size: off
alignment  observe  set 2026-11-21 09:00:00Z by root (uid 0, pid 1), until 2026-11-21 10:00:00Z; the file says enforce

KEY                        IN THE DNS    ASKED                 FILE
arc1._domainkey.a.example  revoked       2026-11-21 08:15:31Z  /k.pem
arc2._domainkey.a.example  not-compared                        /l.pem

Needs attention:
  key arc1._domainkey.a.example: p= is empty
  /etc/milter.conf:3:1: wrong
)");
}

TEST(StatusPrint, does_not_call_it_well_and_no_more_when_no_mail_has_come) {
  Json well = status;
  well["attention"] = Json::array();
  EXPECT_TRUE(status_text(well, Terminal::plain()).ends_with("\nAll is well.\n"));
  well["messages"]["judged"] = 0;
  EXPECT_TRUE(status_text(well, Terminal::plain()).ends_with("\nAll is well.\n"));  // at RCPT
  well["recipients"] = {{"refused", 0}, {"deferred", 0}, {"removed", 0}};
  EXPECT_TRUE(status_text(well, Terminal::plain())
                  .ends_with("\nAll is well.\nNo mail has come since the start: icloud-milterctl "
                             "postfix status says whether the gate is attached.\n"));
}

TEST(StatusPrint, tells_what_is_paused_until_when_by_whom_and_why) {
  const Json held =
      Json::parse(R"JSON({"attention": [], "throttle": {"mode": "enforce", "problem": "",
"backoffs": [{"kind": "pause", "subject": "192.0.2.7", "percent": 50, "every_seconds": 0,
  "since": "2026-11-21T08:15:30.123Z", "until": "2026-11-21T08:30:30.123Z", "by": "replies", "why": "421 [HCM1]"},
 {"kind": "slow", "subject": "all", "percent": 50, "every_seconds": 0,
  "since": "2026-11-21T08:15:30.123Z", "until": null, "by": "root", "why": "the week\u001b[2J"}],
"others": {"recipient": 1, "domain": 2, "template": 0}}})JSON");
  const std::string text = status_text(held, Terminal::plain());
  EXPECT_NE(text.find(R"(
Paused and slowed:
ASKED FOR  OF         WHAT           SINCE                 UNTIL                 BY       WHY
pause      192.0.2.7  nothing goes   2026-11-21 08:15:30Z  2026-11-21 08:30:30Z  replies  421 [HCM1]
slow       all        to 50 percent  2026-11-21 08:15:30Z  resumed               root     the week\x1b[2J
Held or slowed by themselves: 1 recipient, 2 domains (icloud-milterctl throttle list)
)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("All is well."), std::string::npos);
}

TEST(StatusPrint, says_when_all_is_well) {
  Json well = status;
  well["attention"] = Json::array();
  const std::string text = status_text(well, Terminal::plain());
  EXPECT_TRUE(text.ends_with("\n\nAll is well.\n")) << text;
}

TEST(StatusPrint, says_that_the_store_is_asked_each_time_while_nothing_is_in_memory) {
  Json early = status;
  early["store"]["snapshot"]["ready"] = false;
  const std::string text = status_text(early, Terminal::plain());
  EXPECT_NE(text.find("\nin memory      nothing yet; the store is asked each time\n"),
            std::string::npos)
      << text;
}

TEST(StatusPrint, trusts_nothing_that_another_version_says) {
  const std::string empty = status_text(Json::object(), Terminal::plain());
  EXPECT_TRUE(empty.starts_with("icloud-milter , pid 0, up 0s (since )\n")) << empty;
  for (auto member = status.begin(); member != status.end(); ++member) {
    for (const Json& odd : {Json(nullptr), Json(-1), Json("\x1b[2J"), Json::array({1, "x"}),
                            Json({{"a", Json::array()}})}) {
      Json changed = status;
      changed[member.key()] = odd;
      EXPECT_EQ(status_text(changed, Terminal::plain()).find('\x1b'), std::string::npos)
          << member.key();
    }
  }
}

TEST(StatusPrint, counts_by_rule) {
  const Json stats = Json::parse(R"({"since": "2026-11-21T08:15:30.123Z", "uptime_seconds": 3700,
    "messages": {"judged": 3, "accepted": 2, "refused": 1}, "recipients": {"refused": 1},
    "mean_ms": 1.26, "longest_ms": 40.0,
    "rules": [{"rule": "format.nul", "found": 1200, "acted": 1}]})");
  EXPECT_EQ(stats_text(stats, Terminal::plain()),
            R"(since 2026-11-21 08:15:30Z (1h 1m)
messages       3 judged: 2 accepted, 0 tagged, 0 on hold, 0 deferred, 1 refused
recipients     1 refused, 0 deferred, 0 taken off mixed messages
judging        1.3 ms on average, 40.0 ms at most

FOUND  ACTED ON  RULE
1,200         1  format.nul
)");
}

}  // namespace
}  // namespace icm::ctl
