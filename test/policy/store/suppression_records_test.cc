// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_records.h"

#include <gtest/gtest.h>

#include "policy/store/suppression_writer.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace entries;

class SuppressionRecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = SuppressionWriter::open(path, Missing::make, Deadline::in(60s));
    ASSERT_TRUE(writer);
    std::vector<Suppression> some = {
        entry("bob@icloud.com"), entry("ann@me.com", SuppressionReason::complaint),
        entry("eve@notme.com", SuppressionReason::manual, "stream:news"),
        entry("bob@icloud.com", SuppressionReason::suspended)};
    some[1].created = now - 48h;
    some[3].expires = now;
    for (const Suppression& one : some) ASSERT_TRUE(writer->add(one, deed()));
  }

  std::vector<std::string> each(const RecordFilter& filter) {
    std::vector<std::string> seen;
    auto records = SuppressionRecords::open(path, Missing::refuse, Deadline::in(60s));
    EXPECT_TRUE(
        records->each(filter, now, [&](const Suppression& one) { seen.push_back(words(one)); }));
    return seen;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
};

using Words = std::vector<std::string>;

TEST_F(SuppressionRecordsTest, gives_what_is_in_force_in_the_order_of_the_addresses) {
  EXPECT_EQ(each({}), (Words{"ann@me.com global complaint", "bob@icloud.com global unsubscribe",
                             "eve@notme.com stream:news manual"}));
}

TEST_F(SuppressionRecordsTest, gives_what_has_expired_when_asked) {
  RecordFilter filter;
  filter.expiry = RecordFilter::Expiry::expired;
  EXPECT_EQ(each(filter), (Words{"bob@icloud.com global suspended"}));
}

TEST_F(SuppressionRecordsTest, filters_by_reason_scope_domain_and_time) {
  RecordFilter filter;
  filter.reason = SuppressionReason::complaint;
  EXPECT_EQ(each(filter), (Words{"ann@me.com global complaint"}));
  filter = {};
  filter.scope = "stream:news";
  EXPECT_EQ(each(filter), (Words{"eve@notme.com stream:news manual"}));
  filter = {};
  filter.domain = *Domain::parse("me.com");
  EXPECT_EQ(each(filter), (Words{"ann@me.com global complaint"}));
  filter = {};
  filter.since = now;
  EXPECT_EQ(each(filter),
            (Words{"bob@icloud.com global unsubscribe", "eve@notme.com stream:news manual"}));
  filter.domain = *Domain::parse("icloud.com");
  filter.scope = "global";
  filter.reason = SuppressionReason::unsubscribe;
  EXPECT_EQ(each(filter), (Words{"bob@icloud.com global unsubscribe"}));
  filter.reason = SuppressionReason::manual;
  EXPECT_EQ(each(filter), Words{});
}

TEST_F(SuppressionRecordsTest, shows_expired_entries_of_an_address_too) {
  auto records = SuppressionRecords::open(path, Missing::refuse, Deadline::in(60s));
  const auto standing = records->standing({"bob@icloud.com", "nobody@icloud.com", "ann@me.com"});
  ASSERT_TRUE(standing);
  Words seen;
  for (const Recorded& one : *standing) seen.push_back(words(one.entry));
  EXPECT_EQ(seen, (Words{"bob@icloud.com global suspended", "bob@icloud.com global unsubscribe",
                         "ann@me.com global complaint"}));
}

TEST_F(SuppressionRecordsTest, never_makes_a_store) {
  const std::string other = directory.path() / "other.db";
  EXPECT_EQ(SuppressionRecords::open(other, Missing::refuse, Deadline::in(1s)).error(),
            (Error{Code::config, other + ": there is no store; put its backup back if there was "
                                         "one, or make an empty one with "
                                         "icloud-milterctl store init"}));
}

}  // namespace
}  // namespace icm
