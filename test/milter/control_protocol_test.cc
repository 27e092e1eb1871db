// SPDX-License-Identifier: Apache-2.0
#include "milter/control_protocol.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Word = ControlRequest::Word;

ControlRequest change(std::string policy, std::optional<Mode> mode,
                      std::optional<std::chrono::seconds> span) {
  return {.word = Word::policy, .policy = std::move(policy), .mode = mode, .span = span};
}

TEST(ControlRequest, is_read_back_from_its_line) {
  struct Case {
    std::string_view line;
    ControlRequest request;
  };
  for (const auto& [line, request] :
       {Case{"icloud-milter/1 status", {.word = Word::status, .policy = {}, .span = {}}},
        Case{"icloud-milter/1 throttle show", {.word = Word::throttle, .policy = {}, .span = {}}},
        Case{"icloud-milter/1 stats", {.word = Word::stats, .policy = {}, .span = {}}},
        Case{"icloud-milter/1 reload", {.word = Word::reload, .policy = {}, .span = {}}},
        Case{"icloud-milter/1 policy format off", change("format", Mode::off, {})},
        Case{"icloud-milter/1 policy alignment enforce for 90s",
             change("alignment", Mode::enforce, std::chrono::seconds{90})},
        Case{"icloud-milter/1 policy format configured", change("format", std::nullopt, {})},
        Case{"icloud-milter/1 policy all configured", change("all", std::nullopt, {})},
        Case{"icloud-milter/1 policy all off", change("all", Mode::off, {})},
        Case{"icloud-milter/1 policy all observe for 12h",
             change("all", Mode::observe, std::chrono::hours{12})},
        Case{"icloud-milter/1 policy arc_sealing observe for 365d",
             change("arc_sealing", Mode::observe, std::chrono::hours{24 * 365})}}) {
    const auto read = parse_control_request(line);
    ASSERT_TRUE(read) << line << ": " << read.error().text;
    EXPECT_EQ(*read, request) << line;
    EXPECT_EQ(to_line(*read), line);
  }
}

TEST(ControlRequest, says_what_was_expected_of_any_other_line) {
  struct Case {
    std::string_view line, error;
  };
  const std::string_view version =
      "; is this icloud-milterctl as old as the daemon (" ICM_VERSION ")?";
  const std::string_view change = "expected \"policy NAME MODE\" or \"policy NAME MODE for SPAN\"";
  for (const auto& [line, error] :
       {Case{"", "expected a line that begins with \"icloud-milter/1\", got \"\""},
        Case{"GET / HTTP/1.1", "expected a line that begins with \"icloud-milter/1\", got \"GET\""},
        Case{"icloud-milter/2 status",
             "expected a line that begins with \"icloud-milter/1\", got \"icloud-milter/2\""},
        Case{"\x1b[2J",
             "expected a line that begins with \"icloud-milter/1\", got \"\\x1b[2J\""}}) {
    const auto read = parse_control_request(line);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error(), (Error{Code::syntax, std::string(error) + std::string(version)}));
  }
  for (const auto& [line, error] :
       {Case{"icloud-milter/1", "expected status, stats, reload, policy, throttle, got \"\""},
        Case{"icloud-milter/1 ", "expected status, stats, reload, policy, throttle, got \"\""},
        Case{"icloud-milter/1  status",
             "expected status, stats, reload, policy, throttle, got \"\""},
        Case{"icloud-milter/1 Status",
             "expected status, stats, reload, policy, throttle, got \"Status\""},
        Case{"icloud-milter/1 status\r",
             "expected status, stats, reload, policy, throttle, got \"status\\x0d\""},
        Case{"icloud-milter/1 status now", "status takes no words"},
        Case{"icloud-milter/1 throttle", "expected \"throttle show\""},
        Case{"icloud-milter/1 throttle slow", "expected \"throttle show\""},
        Case{"icloud-milter/1 reload ", "reload takes no words"},
        Case{"icloud-milter/1 policy", change},
        Case{"icloud-milter/1 policy format", change},
        Case{"icloud-milter/1 policy format off 1h", change},
        Case{"icloud-milter/1 policy format off for", change},
        Case{"icloud-milter/1 policy format off for 1h 1h", change},
        Case{"icloud-milter/1 policy format off until 1h", change},
        Case{"icloud-milter/1 policy alignemnt off",
             "there is no policy \"alignemnt\"; did you mean \"alignment\"?"},
        Case{"icloud-milter/1 policy x off",
             "there is no policy \"x\"; expected format, list_unsubscribe, suppression, consent, "
             "inactive, alignment, private_relay, sender_identity, arc_sealing, throttle"},
        Case{"icloud-milter/1 policy format on",
             "expected a mode (off, observe, enforce) or configured, got \"on\""},
        Case{"icloud-milter/1 policy all enforce for 1h",
             "enforce is for one policy at a time; all takes observe, off or configured"},
        Case{"icloud-milter/1 policy format configured for 1h",
             "configured takes no span: the file holds from then on"},
        Case{"icloud-milter/1 policy format off for 0s",
             "expected a span from 1s to 365d such as 90s, 15m, 1h or 7d, got \"0s\""},
        Case{"icloud-milter/1 policy format off for 366d",
             "expected a span from 1s to 365d such as 90s, 15m, 1h or 7d, got \"366d\""},
        Case{"icloud-milter/1 policy format off for -1h",
             "expected a span from 1s to 365d such as 90s, 15m, 1h or 7d, got \"-1h\""}}) {
    const auto read = parse_control_request(line);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error(), (Error{Code::syntax, std::string(error)})) << line;
  }
}

}  // namespace
}  // namespace icm
