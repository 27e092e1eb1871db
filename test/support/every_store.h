// SPDX-License-Identifier: Apache-2.0
//
// EveryStore: a test's world on each kind of store in turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/store_kinds.h"
#include "test/support/suppression_entries.h"

namespace icm {

class EveryStore : public testing::TestWithParam<TestStoreKind> {
 protected:
  std::unique_ptr<SuppressionBook> book() {
    auto opened = store->book();
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  Outcome add(const Suppression& one, const Deed& by = entries::deed()) {
    const auto outcome = book()->add(one, by);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return *outcome;
  }

  std::vector<std::string> found(std::string_view address,
                                 const std::vector<std::string>& scopes = {}, bool siblings = true,
                                 WallTime when = entries::now) {
    const auto known = (*store->list())
                           ->find(*Mailbox::parse(address), scopes, siblings, when,
                                  Deadline::in(std::chrono::seconds(60)));
    EXPECT_TRUE(known) << known.error().text;
    std::vector<std::string> all;
    for (const Suppression& one : *known) all.push_back(entries::words(one));
    return all;
  }

  std::vector<Recorded> standing(const std::string& address = "bob@icloud.com") {
    return *book()->standing({address});
  }
  std::vector<Recorded> past(const std::string& address = "bob@icloud.com") {
    return *book()->past({address});
  }

  std::int64_t import(const std::vector<Suppression>& some) {
    const auto writer = book();
    auto job = writer->begin_import();
    for (const Suppression& one : some) EXPECT_TRUE((*job)->stage(one));
    const auto count = (*job)->commit(entries::deed(Deed::Kind::import, "list.csv"),
                                      Deadline::in(std::chrono::seconds(60)), [](auto) {});
    EXPECT_TRUE(count) << count.error().text;
    return count->import;
  }

  // What is in force, whole and in order.
  std::vector<Suppression> all() {
    std::vector<Suppression> some;
    EXPECT_TRUE(
        book()->each({}, entries::now, [&](const Suppression& one) { some.push_back(one); }));
    return some;
  }

  std::vector<std::string> each(const RecordFilter& filter, WallTime when = entries::now) {
    std::vector<std::string> all;
    const Status done = book()->each(
        filter, when, [&](const Suppression& one) { all.push_back(entries::words(one)); });
    EXPECT_TRUE(done) << done.error().text;
    return all;
  }

  std::unique_ptr<TestStore> store = make_test_store(GetParam());
};

inline auto every_store() {
  return testing::Values(TestStoreKind::sqlite, TestStoreKind::redis, TestStoreKind::redis_cluster);
}

}  // namespace icm
