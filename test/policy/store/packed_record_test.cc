// SPDX-License-Identifier: Apache-2.0
#include "policy/store/packed_record.h"

#include <gtest/gtest.h>

#include "test/support/suppression_entries.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

TEST(PackedRecord, an_entry_comes_out_as_it_went_in) {
  Suppression full = entry("a@icloud.com", SuppressionReason::suspended, "list:a.example");
  full.note = "nobody there";
  full.expires = now + 24h;
  full.confirmed = now + 1h;
  full.evidence = Evidence{.pattern = "apple.user-unknown",
                           .reply = "550 5.1.1 unknown",
                           .queue_id = "4XyZ",
                           .first_seen = WallTime(-1ms),
                           .last_seen = now,
                           .count = 7};
  for (const Suppression& one : {entry("a@icloud.com"), full}) {
    EXPECT_EQ(unpacked_entry(packed(one)), one);
  }
}

TEST(PackedRecord, entries_are_in_the_order_of_the_list_and_of_one_key_the_oldest_comes_first) {
  const auto made = [](const std::string& address, WallTime created) {
    Suppression one = entry(address);
    one.created = created;
    one.source = created > now ? "a" : "b";
    return one;
  };
  const std::vector<Suppression> in_order = {
      made("a@icloud.com", WallTime(-1ms)),
      made("a@icloud.com", WallTime(1ms)),
      made("a@icloud.com", now + 1ms),
      entry("a@icloud.com", SuppressionReason::complaint, "list:a"),
      entry("a@icloud.com", SuppressionReason::unsubscribe, "list:a"),
      entry("a@icloud.com", SuppressionReason::complaint, "list:a.example"),
      made("a@icloud.com.example", WallTime(1ms)),
      made("a\xc3\xa9@icloud.com", WallTime(1ms)),
  };
  for (std::size_t i = 1; i < in_order.size(); ++i) {
    EXPECT_LT(packed(in_order[i - 1]), packed(in_order[i])) << i;
  }
}

TEST(PackedRecord, a_subscription_comes_out_as_it_went_in) {
  const Subscription full{.address = "a@icloud.com",
                          .scope = "stream:news",
                          .consented = now,
                          .source = "form",
                          .withdrawn = now + 1h,
                          .engaged = now + 2h};
  const Subscription engaged{.address = "a@icloud.com",
                             .scope = "global",
                             .consented = {},
                             .source = {},
                             .withdrawn = {},
                             .engaged = now};
  for (const Subscription& one : {full, engaged}) {
    EXPECT_EQ(unpacked_subscription(packed(one)), one);
  }
}

}  // namespace
}  // namespace icm
