// SPDX-License-Identifier: Apache-2.0
#include "milter/gate_watch.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using namespace std::chrono_literals;

const WallTime start = *parse_time("2026-11-21T08:00:00Z");

class GateWatchTest : public testing::Test {
 protected:
  // Whether that many more messages for Apple bring a warning, the last of them.
  std::optional<std::string> arrive(int messages, WallTime now,
                                    std::string_view name = "mx.ours.example") {
    std::optional<std::string> last;
    for (; messages > 0; --messages) last = watch_.saw_arrival(name, roles_, now);
    return last;
  }

  GateWatch watch_;
  RolesConfig roles_;
};

TEST_F(GateWatchTest, warns_in_words_that_say_what_to_set) {
  EXPECT_EQ(arrive(5, start), std::nullopt);
  EXPECT_EQ(arrive(1, start + 10min, "ICLOUD-GAET"),
            "mail for Apple comes in and none has come to the gate for 10 minutes or more: it "
            "leaves unjudged. The last of it came over a listener with the {daemon_name} "
            "\"ICLOUD-GAET\", which is taken for an arrival; if this is the gate, give its smtpd "
            "in master.cf -o milter_macro_daemon_name=ICLOUD-GATE (roles.gate); else see that "
            "transport_maps in main.cf leads Apple's domains to the gate");
}

TEST_F(GateWatchTest, remembers_its_warning_until_a_message_is_judged) {
  arrive(3, start);
  EXPECT_EQ(watch_.warning(), std::nullopt);
  const auto warned = arrive(1, start + 10min);
  ASSERT_TRUE(warned);
  EXPECT_EQ(watch_.warning(), warned);
  EXPECT_EQ(arrive(1, start + 11min), std::nullopt);
  EXPECT_EQ(watch_.warning(), warned);
  watch_.saw_judged();
  EXPECT_EQ(watch_.warning(), std::nullopt);
}

TEST_F(GateWatchTest, tells_a_missing_name_and_a_missing_role_by_their_words) {
  arrive(3, start, "");
  const auto nameless = arrive(1, start + 10min, "");
  ASSERT_TRUE(nameless);
  EXPECT_NE(nameless->find("over a listener without a {daemon_name}, which"), std::string::npos);
  roles_.gate.clear();
  const auto roleless = arrive(1, start + 10min, "x\r\ny");
  ASSERT_TRUE(roleless);
  EXPECT_NE(roleless->find("\"x\\x0d\\x0ay\", which is taken for an arrival; roles.gate is empty, "
                           "so no listener can be the gate: name it there, and in master.cf give "
                           "its smtpd the same name with -o milter_macro_daemon_name=NAME"),
            std::string::npos)
      << *roleless;
}

TEST_F(GateWatchTest, is_silent_while_mail_comes_by_the_gate) {
  for (int minute = 0; minute < 24 * 60; minute += 7) {
    EXPECT_EQ(arrive(2, start + std::chrono::minutes(minute)), std::nullopt) << minute;
    watch_.saw_judged();
  }
}

TEST_F(GateWatchTest, is_silent_about_few_messages_and_about_a_moment) {
  EXPECT_EQ(arrive(1, start), std::nullopt);
  EXPECT_EQ(arrive(1, start + 24h), std::nullopt) << "two may have been held";
  watch_.saw_judged();
  EXPECT_EQ(arrive(1000, start + 24h), std::nullopt);
  EXPECT_EQ(arrive(1, start + 24h + 9min), std::nullopt) << "a queue may need a while";
}

TEST_F(GateWatchTest, notices_a_gate_that_was_there_and_is_no_longer) {
  arrive(3, start);
  watch_.saw_judged();
  arrive(3, start + 24h);
  EXPECT_TRUE(arrive(1, start + 24h + 10min));
}

TEST_F(GateWatchTest, warns_once_an_hour_about_each_name) {
  arrive(3, start);
  const WallTime late = start + 10min;
  EXPECT_TRUE(arrive(1, late, "A"));
  EXPECT_FALSE(arrive(100, late + 59min, "A"));
  EXPECT_TRUE(arrive(1, late + 59min, "B"));
  EXPECT_TRUE(arrive(1, late + 60min, "A"));
}

TEST_F(GateWatchTest, does_not_grow_with_the_names_it_hears) {
  arrive(3, start);
  int warnings = 0;
  for (int i = 0; i < 1000; ++i) {
    if (arrive(1, start + 10min, std::to_string(i))) ++warnings;
  }
  EXPECT_EQ(warnings, 100);
}

}  // namespace
}  // namespace icm
