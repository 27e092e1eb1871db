// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/mail_server.h"

#include <gtest/gtest.h>

namespace icm::ctl::doctor {
namespace {

using std::chrono::seconds;

TEST(DoctorMailServer, reads_times_as_postfix_writes_them) {
  EXPECT_EQ(parse_postfix_time("300s"), seconds{300});
  EXPECT_EQ(parse_postfix_time("5m"), seconds{300});
  EXPECT_EQ(parse_postfix_time(" 30 "), seconds{30});
  EXPECT_EQ(parse_postfix_time("1d"), seconds{86400});
  for (const char* nonsense : {"", "m", "5x", "-5s", "$other", "99999999999999999999s"}) {
    EXPECT_EQ(parse_postfix_time(nonsense), std::nullopt) << nonsense;
  }
}

}  // namespace
}  // namespace icm::ctl::doctor
