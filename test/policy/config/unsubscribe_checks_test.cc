// SPDX-License-Identifier: Apache-2.0
//
// The options of `unsubscribe`: what is wrong with them is told with its place.
#include "policy/config/unsubscribe_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

const std::string enforced = "\nsuppression: {mode: enforce}\n";

TEST(UnsubscribeChecks, say_nothing_of_what_works) {
  EXPECT_EQ(told_of("streams: [{name: news, logins: [a]}]\n"
                    "unsubscribe:\n"
                    "  url: https://news.example.com/unsubscribe/\n"
                    "  mailto: unsubscribe@news.example.com\n"
                    "  key_file: credential:unsubscribe\n"
                    "  stream: news\n"
                    "  endpoint: {address: \"unix:/run/icloud-milter/unsubscribe.sock\", "
                    "group: www-data, mode: 0660}\n" +
                    enforced),
            "");
  EXPECT_EQ(told_of("unsubscribe: {mailto: leave.example.com, endpoint: {address: "
                    "\"inet:8058@192.0.2.1\", exposed: yes}}" +
                    enforced),
            "");
}

TEST(UnsubscribeChecks, refuse_what_no_reader_could_use) {
  for (const auto& [text, told] : {
           Told{"unsubscribe: {url: \"http://news.example.com/u\"}",
                "1:20: unsubscribe.url: expected https://HOST/PATH, got http: (RFC 8058 section "
                "3.1)"},
           Told{"unsubscribe: {url: news.example.com}",
                "1:20: unsubscribe.url: expected https://HOST/PATH: expected a scheme such "
                "as \"https:\""},
           Told{"unsubscribe: {url: \"https://news.example.com\"}",
                "1:20: unsubscribe.url: expected https://HOST/PATH without \"?\" and \"#\": a "
                "slash and a token follow"},
           Told{"unsubscribe: {url: \"https://news.example.com/u?t=\"}",
                "1:20: unsubscribe.url: expected https://HOST/PATH without \"?\" and \"#\": a "
                "slash and a token follow"},
           Told{"unsubscribe: {mailto: unsubscribe}",
                "1:23: unsubscribe.mailto: expected an address or a domain, got \"unsubscribe\""},
           Told{"unsubscribe: {mailto: '\"a b\"@news.example.com'}",
                "1:23: unsubscribe.mailto: expected a local part that needs no quotes: a token "
                "follows it"},
           Told{"unsubscribe: {delimiter: \"#\"}",
                "1:26: unsubscribe.delimiter: expected +, -, = or _, got \"#\""},
           Told{"unsubscribe: {stream: news}",
                "1:23: unsubscribe.stream: there is no stream \"news\" in streams"},
           Told{"streams: [{name: news, logins: [a], unsubscribe: add}]",
                "1:50: streams[1].unsubscribe: there is no https form to add: write "
                "unsubscribe.url (RFC 8058 section 3.1)"},
           Told{"unsubscribe: {endpoint: {address: \"inet:8058@192.0.2.1\"}}",
                "1:35: unsubscribe.endpoint.address: other hosts may connect, and it speaks no "
                "TLS: expected unix: or a loopback address, or \"exposed: yes\" where something "
                "stands between"},
       }) {
    EXPECT_EQ(told_of(std::string(text) + enforced),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(UnsubscribeChecks, warn_of_what_does_not_do_what_was_meant) {
  EXPECT_EQ(
      told_of("unsubscribe: {mailto: a.very.long.local.part.for.it@news.example.com}" + enforced),
      "milter.conf:1:23: warning: unsubscribe.mailto: a local part of 29 octets leaves no "
      "room for most tokens (RFC 5321 section 4.5.3.1.1: 64 octets): choose a shorter one, "
      "or a domain\n");
  EXPECT_EQ(told_of("unsubscribe: {endpoint: {group: www-data}}"),
            "milter.conf:1:33: warning: unsubscribe.endpoint.group: has no meaning for a socket "
            "that is not unix:\n");
  EXPECT_EQ(told_of("unsubscribe: {mailto: leave.example.com}\nsuppression: {mode: observe}\n"),
            "milter.conf:1:14: warning: unsubscribe: suppression.mode is not enforce, so who "
            "unsubscribes still gets mail\n");
}

}  // namespace
}  // namespace icm
