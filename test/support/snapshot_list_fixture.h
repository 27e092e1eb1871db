// SPDX-License-Identifier: Apache-2.0
//
// SnapshotListFixture: a store, what keeps it, and a SnapshotSuppressionList in front of it.
#pragma once

#include <algorithm>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "policy/base/guarded.h"
#include "policy/store/snapshot_list.h"
#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_source.h"
#include "policy/store/sqlite_store.h"
#include "test/support/suppression_entries.h"
#include "test/support/temporary_directory.h"

namespace icm {

class SnapshotListFixture : public testing::Test {
 protected:
  using Words = std::vector<std::string>;
  SnapshotListFixture() { book(); }

  std::unique_ptr<SuppressionBook> book() {
    auto opened =
        SqliteSuppressionBook::open(path, Missing::make, Deadline::in(std::chrono::seconds{60}));
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }

  SnapshotKeeper::Means means() {
    auto source = SqliteSource::open(path);
    EXPECT_TRUE(source) << source.error().text;
    return {.source = *std::move(source),
            .list = *SqliteSuppressionList::open(path, Missing::make,
                                                 Deadline::in(std::chrono::seconds{60})),
            .open_list = [this](Deadline deadline) -> Result<std::unique_ptr<SuppressionList>> {
              ICM_TRY(auto opened, SqliteSuppressionList::open(path, Missing::make, deadline));
              return opened;
            },
            .file = file,
            .meanwhile = {},
            .pace = std::chrono::milliseconds{2}};
  }

  void start(SnapshotKeeper::Means given, SnapshotSuppressionList::WhileAway while_away =
                                              SnapshotSuppressionList::WhileAway::last_known) {
    notices.with([](Words& all) { all.clear(); });
    list = std::make_unique<SnapshotSuppressionList>(std::move(given), while_away);
    list->begin([this](const StoreNotice& notice) {
      notices.with([&](Words& all) {
        all.push_back((notice.grade == StoreNotice::Grade::warning ? "warning: " : "info: ") +
                      notice.text);
      });
    });
  }

  void start(SnapshotSuppressionList::WhileAway while_away =
                 SnapshotSuppressionList::WhileAway::last_known) {
    start(means(), while_away);
  }

  // Until the snapshot has all that was written, or 90 seconds have passed.
  void wait_for_current() {
    wait_for([&] { return list->is_current(); });
  }

  template <class Condition>
  void wait_for(Condition condition) {
    const Deadline deadline = Deadline::in(std::chrono::seconds{90});
    while (!condition()) {
      ASSERT_FALSE(deadline.passed());
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  void wait_for_notice(const std::string& start_of_text) {
    wait_for([&] { return has_notice(start_of_text); });
  }

  bool has_notice(const std::string& start_of_text) {
    return notices.with([&](const Words& all) {
      return std::ranges::any_of(
          all, [&](const std::string& one) { return one.starts_with(start_of_text); });
    });
  }

  // Without how long it took.
  Words said() {
    Words all = notices.with([](const Words& known) { return known; });
    for (std::string& one : all)
      one = std::regex_replace(one, std::regex(" in [0-9]+\\.[0-9].*"), "");
    return all;
  }

  void add(const Suppression& one, WallTime at = entries::now) {
    const auto added =
        book()->add(one, {.kind = Deed::Kind::add, .who = "root", .at = at, .why = {}});
    ASSERT_TRUE(added) << added.error().text;
  }

  void import(int addresses) {
    auto job = *book()->begin_import();
    for (int i = 0; i < addresses; ++i) {
      ASSERT_TRUE(job->stage(entries::entry(fmt::format("a{}@icloud.com", i))));
    }
    ASSERT_TRUE(job->commit(entries::deed(Deed::Kind::import),
                            Deadline::in(std::chrono::seconds{60}), [](auto) {}));
  }

  void remove(const std::string& address) {
    const auto removed = book()->remove({.address = address, .scope = {}, .reason = {}},
                                        entries::deed(Deed::Kind::remove, "signed up again"));
    ASSERT_TRUE(removed) << removed.error().text;
  }

  // "bob@icloud.com global unsubscribe", with " (memory)" when the store was not asked.
  Words found(std::string_view address, const std::vector<std::string>& scopes = {},
              WallTime when = entries::now) {
    const auto entries = list->find(*Mailbox::parse(address), scopes, true, when,
                                    Deadline::in(std::chrono::seconds{60}));
    if (!entries) return {entries.error().text};
    Words all;
    for (const Suppression& one : *entries) {
      all.push_back(entries::words(one) + (one.source == "snapshot" ? " (memory)" : ""));
    }
    return all;
  }

  TemporaryDirectory directory;
  std::string path = directory.path() / "store.db";
  std::string file = directory.path() / "store.db-snapshot";
  Guarded<Words> notices;
  std::unique_ptr<SnapshotSuppressionList> list;
};

}  // namespace icm
