// SPDX-License-Identifier: Apache-2.0
//
// Suppress: a store of its own, and the commands of icloud-milterctl suppress on it.
#pragma once

#include <filesystem>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "milter/ctl/suppress_options.h"
#include "policy/store/store_file.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {

class Suppress : public testing::Test {
 protected:
  Suppress() { make_store(); }

  void make_store() {
    EXPECT_TRUE(open_store(store_, Database::Access::write, Missing::make, lock_deadline()));
  }
  void begin_another() {
    store_ = in_directory("second.db");
    make_store();
  }

  // `words` behind "suppress", with this test's store. Times of today become NOW, whoever runs the
  // test becomes ME.
  Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "suppress");
    words.insert(words.end(), {"--store", store_});
    return run_as_given(std::move(words));
  }

  static Outcome run_as_given(std::vector<std::string> words) {
    Outcome outcome = run_command(&add_suppress, std::move(words));
    // The example in a complaint about a time stays, should today be that day.
    static const std::regex today(to_rfc3339(SystemClock().now()).substr(0, 10) +
                                  R"(T(?!08:15:30Z or)\d\d:\d\d:\d\d(\.\d+)?Z)");
    static const std::string me = deed_of(Deed::Kind::add, {}).who;
    for (std::string* text : {&outcome.out, &outcome.err}) {
      *text = std::regex_replace(*text, today, "NOW");
      *text = std::regex_replace(*text, std::regex("by " + me + "\\b"), "by ME");
      *text = std::regex_replace(*text, std::regex("\"who\":\"" + me + "\""), "\"who\":\"ME\"");
    }
    return outcome;
  }

  Outcome import(std::string_view content, std::vector<std::string> options = {}) {
    std::vector<std::string> words = {"import", directory_.write("list.csv", content)};
    words.insert(words.end(), options.begin(), options.end());
    return run(std::move(words));
  }

  std::string exported(std::vector<std::string> options = {}) {
    options.insert(options.begin(), "export");
    const Outcome outcome = run(std::move(options));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return outcome.out;
  }

  std::string in_directory(std::string_view name) const { return directory_.path() / name; }

  TemporaryDirectory directory_;
  std::string store_ = directory_.path() / "store.db";
};

inline constexpr std::string_view csv_titles =
    "address,reason,scope,created,expires,source,note,confirmed,pattern,reply,queue_id,first_seen,"
    "last_seen,count\r\n";

}  // namespace icm::ctl
