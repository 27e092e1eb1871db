// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/gather.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl::report {
namespace {

TEST(ThrottleFacts, are_what_the_daemon_says) {
  const ThrottleFacts facts = throttle_facts(
      R"({"mode":"enforce","problem":"","limits":[{"name":"hourly","subject":"all","mode":"enforce",)"
      R"("usable":500,"used":250,"within_seconds":3600,"window":"sliding","warm_up":{"day":5}},)"
      R"({"name":"daily","mode":"observe","usable":9,"used":null,"window":"utc-day"}],)"
      R"("backoffs":[{"kind":"slow","subject":"192.0.2.7","percent":50,"why":"421 [HCM1]",)"
      R"("until":"2026-11-21T08:15:30.000Z"},{"kind":"pause","subject":"all","until":null}]})");
  EXPECT_EQ(facts.problem, "");
  EXPECT_EQ(facts.mode, "enforce");
  ASSERT_EQ(facts.limits.size(), 2u);
  EXPECT_EQ(facts.limits[0].name, "hourly");
  EXPECT_EQ(facts.limits[0].used, 250u);
  EXPECT_EQ(facts.limits[0].usable, 500u);
  EXPECT_EQ(facts.limits[0].window, "1h");
  EXPECT_EQ(facts.limits[0].remarks, "day 5");
  EXPECT_EQ(facts.limits[1].used, std::nullopt);
  EXPECT_EQ(facts.limits[1].window, "day");
  EXPECT_EQ(facts.limits[1].remarks, "observe");
  ASSERT_EQ(facts.pauses.size(), 2u);
  EXPECT_EQ(facts.pauses[0].what, "slow 192.0.2.7 to 50 percent");
  EXPECT_EQ(facts.pauses[0].until, "2026-11-21 08:15:30Z");
  EXPECT_EQ(facts.pauses[0].why, "421 [HCM1]");
  EXPECT_EQ(facts.pauses[1].what, "pause all");
  EXPECT_EQ(facts.pauses[1].until, "");
}

TEST(ThrottleFacts, of_somebody_else_say_so) {
  for (const std::string_view answer : {"", "[]", "\"{}\"", "{", "HTTP/1.1 400 Bad Request"}) {
    EXPECT_EQ(throttle_facts(std::string(answer)).problem,
              "what answers at the control socket is no icloud-milter")
        << answer;
  }
}

TEST(ThrottleFacts, trust_nothing_in_an_answer) {
  const ThrottleFacts facts = throttle_facts(
      R"({"mode":7,"limits":{"a":[],"b":"x","c":{"used":-1,"usable":"many","warm_up":[]}},)"
      R"("backoffs":[null,{"until":5,"kind":{}}]})");
  EXPECT_EQ(facts.mode, "");
  EXPECT_EQ(facts.limits.size(), 3u);
  EXPECT_EQ(facts.pauses.size(), 2u);
}

TEST(ThrottleFacts, are_bounded) {
  std::string limits;
  for (int i = 0; i < 100; ++i)
    limits += fmt::format("{}{{\"name\":\"{}\"}}", i == 0 ? "" : ",", i);
  const ThrottleFacts facts = throttle_facts("{\"limits\":[" + limits + "]}");
  EXPECT_EQ(facts.limits.size(), 40u);
  EXPECT_EQ(facts.limits_left_out, 60u);
}

TEST(RotatedLogs, are_those_that_can_be_read_as_they_are) {
  const TemporaryDirectory directory;
  const std::string log = directory.write("decisions.jsonl", "").string();
  directory.write("decisions.jsonl.1", "");
  directory.write("decisions.jsonl.2.gz", "");
  directory.write("decisions.jsonl.3", "");
  EXPECT_EQ(with_rotated(log), (std::vector<std::string>{log, log + ".1"}));
}

}  // namespace
}  // namespace icm::ctl::report
