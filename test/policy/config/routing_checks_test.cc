// SPDX-License-Identifier: Apache-2.0
//
// The sections routing, metrics and replies.metrics: what is wrong only together.
#include "policy/config/routing_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

TEST(RoutingChecks, refuse_what_contradicts_itself) {
  for (const auto& [text, told] : {
           Told{"routing: {by_mx: yes, mx_suffixes: []}",
                "1:36: routing.mx_suffixes: expected a domain at least, since routing.by_mx is on"},
           Told{"routing: {keep_least: 30m, keep_most: 10m}",
                "1:23: routing.keep_least: 30m is more than routing.keep_most, 10m"},
           Told{"apple: {domains: [a.example]}\nrouting: {elsewhere: [b.example, a.example]}",
                "2:22: routing.elsewhere: a.example is in apple.domains too"},
           Told{"routing: {socketmap: {address: inet:10030@192.0.2.1}}",
                "1:32: routing.socketmap.address: other hosts may connect: expected unix: or a "
                "loopback address"},
           Told{"metrics: {address: inet6:9810@2001:db8::1}",
                "1:20: metrics.address: other hosts may connect: expected unix: or a loopback "
                "address"},
           Told{"metrics: {address: \"inet:9810@0.0.0.0\"}",
                "1:20: metrics.address: other hosts may connect: expected unix: or a loopback "
                "address"},
           Told{"metrics: {address: 9810}",
                "1:20: metrics.address: expected unix:PATH, inet:PORT@ADDRESS or "
                "inet6:PORT@ADDRESS, or nothing, got \"9810\"; it begins with none of unix:, inet: "
                "and inet6:"},
           Told{"metrics: {address: \"unix:/run/icloud-milter/control\"}",
                "1:20: metrics.address: control.socket is there"},
           Told{"socket: {address: \"inet:9810@127.0.0.1\"}\nmetrics: {address: "
                "\"inet:9810@127.0.0.1\"}",
                "2:20: metrics.address: socket.address is there"},
           Told{"routing: {socketmap: {address: \"unix:/run/a\"}}\nmetrics: {address: "
                "\"unix:/run/a\"}",
                "2:20: metrics.address: routing.socketmap.address is there"},
           Told{"replies: {metrics: {address: \"inet:9811@192.0.2.1\"}}",
                "1:30: replies.metrics.address: other hosts may connect: expected unix: or a "
                "loopback address"},
           Told{"metrics: {address: \"inet:9810@127.0.0.1\"}\nreplies: {metrics: {address: "
                "\"inet:9810@127.0.0.1\"}}",
                "2:30: replies.metrics.address: metrics.address is there"},
           Told{"routing: {socketmap: {transport: icloud-gate}}",
                "1:34: routing.socketmap.transport: expected TRANSPORT:NEXTHOP as in transport(5), "
                "got \"icloud-gate\""},
           Told{"routing: {socketmap: {transport: \"a:b c\"}}",
                "1:34: routing.socketmap.transport: expected TRANSPORT:NEXTHOP as in transport(5), "
                "got \"a:b c\""},
           Told{"routing: {socketmap: {transport: \":nowhere\"}}",
                "1:34: routing.socketmap.transport: expected TRANSPORT:NEXTHOP as in transport(5), "
                "got \":nowhere\""},
       }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(RoutingChecks, warn_of_what_has_no_meaning) {
  EXPECT_EQ(told_of("metrics: {address: \"inet:9810@127.0.0.1\", group: mail}"),
            "milter.conf:1:50: warning: metrics.group: has no meaning for a socket that is not "
            "unix:\n");
}

TEST(RoutingChecks, take_what_is_right) {
  for (const std::string_view text :
       {"routing: {by_mx: yes}",
        "routing: {by_mx: yes, elsewhere: [ours.example], keep_failing: 0s}",
        "routing: {socketmap: {address: \"unix:/var/spool/postfix/icloud-milter/routes.sock\"}}",
        "routing: {socketmap: {address: \"inet6:10030@::1\", transport: \"gate:\"}}",
        "metrics: {address: \"inet:9810@127.0.0.1\"}",
        "metrics: {address: \"unix:/run/icloud-milter/metrics\", group: prometheus}",
        "metrics: {address: \"\"}",
        "metrics: {address: \"inet:9810@127.0.0.1\"}\nreplies: {metrics: {address: "
        "\"inet:9811@127.0.0.1\"}}"}) {
    EXPECT_EQ(told_of(text), "") << text;
  }
}

}  // namespace
}  // namespace icm
