// SPDX-License-Identifier: Apache-2.0
//
// The limits of a web page's clients: a minute's requests at once, then as they become free.
#include "milter/ctl/client_limits.h"

#include <gtest/gtest.h>

namespace icm::ctl {
namespace {

using std::chrono::seconds;
using Span = std::optional<seconds>;

class ClientLimitsTest : public testing::Test {
 protected:
  Span ask(std::string_view client, seconds at) { return limits_.admit(client, start_ + at); }

  ClientLimits limits_{6};
  ClientLimits::Time start_{};
};

TEST_F(ClientLimitsTest, admit_a_minutes_requests_at_once_and_then_one_by_one) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask("a", seconds(0)), std::nullopt) << i;
  EXPECT_EQ(ask("a", seconds(0)), seconds(10));
  EXPECT_EQ(ask("a", seconds(3)), seconds(7)) << "asking in vain costs nothing";
  EXPECT_EQ(ask("b", seconds(3)), std::nullopt) << "each client has limits of its own";
  EXPECT_EQ(ask("a", seconds(10)), std::nullopt);
  EXPECT_EQ(ask("a", seconds(10)), seconds(10));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask("a", seconds(200)), std::nullopt) << i;
  EXPECT_EQ(ask("a", seconds(200)), seconds(10));
}

TEST_F(ClientLimitsTest, forget_who_was_not_seen_for_longest) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask("old", seconds(0)), std::nullopt);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask("new", seconds(0)), std::nullopt);
  for (std::size_t i = 0; i < ClientLimits::most_clients - 1; ++i) {
    EXPECT_EQ(ask(std::to_string(i), seconds(0)), std::nullopt);
  }
  EXPECT_EQ(ask("new", seconds(0)), seconds(10));
  EXPECT_EQ(ask("old", seconds(0)), std::nullopt);
}

TEST(ClientOf, takes_the_64_of_an_ipv6_address) {
  EXPECT_EQ(client_of(IpAddress::parse("192.0.2.1").value()), "192.0.2.1");
  EXPECT_EQ(client_of(IpAddress::parse("2001:db8:1:2:3:4:5:6").value()), "2001:db8:1:2::/64");
}

}  // namespace
}  // namespace icm::ctl
