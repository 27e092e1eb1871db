// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl throttle pause, slow, resume and list; and what show prints.
#include <regex>

#include <gtest/gtest.h>

#include "milter/ctl/store_options.h"
#include "milter/ctl/throttle_print.h"
#include "policy/store/backoff.h"
#include "policy/store/stores.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class Throttle : public testing::Test {
 protected:
  // `words` behind "throttle", with this test's store. Times of today become NOW, whoever runs the
  // test becomes ME.
  Outcome run(std::vector<std::string> words) {
    words.insert(words.end(), {"--store", directory.path() / "store.db"});
    return run_as_given(std::move(words));
  }
  static Outcome run_as_given(std::vector<std::string> words) {
    words.insert(words.begin(), "throttle");
    Outcome outcome = run_command(&add_throttle, std::move(words));
    static const std::regex time(R"(20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ)");
    outcome.out = std::regex_replace(outcome.out, time, "NOW");
    outcome.out = std::regex_replace(
        outcome.out, std::regex("\\b" + deed_of(Deed::Kind::add, {}).who + "\\b"), "ME");
    return outcome;
  }
  static Outcome failed(std::string why) {
    return {1, "", "icloud-milterctl: " + std::move(why) + "\n"};
  }

  static Outcome wrong(std::string what) {
    return {2, "", "icloud-milterctl: " + std::move(what) + "\n"};
  }

  Throttle() {
    StoreConfig store;
    store.path = directory.path() / "store.db";
    EXPECT_TRUE(make_store(store, lock_deadline()));
  }

  TemporaryDirectory directory;
  const std::string bob = person_word("bob@icloud.com");
};

TEST_F(Throttle, pauses_lists_and_resumes_in_the_same_words) {
  EXPECT_EQ(run({"list"}), (Outcome{0, "Nothing is paused or slowed.\n", ""}));
  EXPECT_EQ(run({"pause", "192.0.2.7", "--for", "15m", "--because", "421 [HCM1]"}),
            (Outcome{0, "pause 192.0.2.7 until NOW, by ME: 421 [HCM1]\n", ""}));
  EXPECT_EQ(run({"slow", "192.0.2.7", "--percent", "25"}),
            (Outcome{0, "slow 192.0.2.7 to 25 percent until it is resumed, by ME\n", ""}));
  EXPECT_EQ(run({"pause", "domain", "Shop.example"}),
            (Outcome{0, "pause domain shop.example until it is resumed, by ME\n", ""}));
  const std::string list = run({"list"}).out;
  for (const std::string_view row :
       {"pause      192.0.2.7     nothing goes   NOW  NOW",
        "slow       192.0.2.7     to 25 percent", "domain     shop.example  nothing goes"}) {
    EXPECT_NE(list.find(row), std::string::npos) << row << "\n" << list;
  }
  EXPECT_EQ(run({"resume", "192.0.2.7"}),
            (Outcome{0, "pause 192.0.2.7: removed\nslow 192.0.2.7: removed\n", ""}));
  EXPECT_EQ(run({"resume", "domain", "shop.example"}),
            (Outcome{0, "domain shop.example: removed\n", ""}));
  EXPECT_EQ(run({"resume", "192.0.2.7"}), failed("nothing of the kind is paused or slowed"));
}

TEST_F(Throttle, lets_a_message_go_now_and_then_past_a_pause) {
  EXPECT_EQ(run({"pause", "all", "--every", "1h", "--for", "1d"}),
            (Outcome{0, "pause all, one message in 1h until NOW, by ME\n", ""}));
  EXPECT_NE(run({"list"}).out.find("pause      all  one in 1h  NOW"), std::string::npos);
  EXPECT_EQ(run({"pause", "domain", "shop.example", "--every", "1h"}),
            wrong("--every is for an address that mail leaves from, or all"));
}

TEST_F(Throttle, slows_a_recipient_whose_address_it_does_not_keep) {
  EXPECT_EQ(run({"slow", "recipient", "Bob@iCloud.com", "--every", "30m"}),
            (Outcome{0,
                     "slow recipient Bob@iCloud.com (" + bob +
                         "), one message in 30m until it is resumed, by ME\n",
                     ""}));
  const std::string list = run({"list"}).out;
  EXPECT_NE(list.find(bob), std::string::npos) << list;
  EXPECT_EQ(list.find("icloud.com"), std::string::npos) << list;
  EXPECT_EQ(run({"resume", "recipient", bob}).exit, 0);
  EXPECT_EQ(run({"list"}).out, "Nothing is paused or slowed.\n");
}

TEST_F(Throttle, says_what_was_expected) {
  EXPECT_EQ(run({"pause", "shop"}),
            wrong("expected an address that mail leaves from, or all, got \"shop\""));
  EXPECT_EQ(run({"pause", "recipient", "bob@icloud.com"}),
            wrong("a recipient cannot be paused: suppress the address for a while, or slow it"));
  EXPECT_EQ(run({"slow", "recipient", "bob@icloud.com"}),
            wrong("--every is missing: one message in how long? such as 30m"));
  EXPECT_EQ(run({"slow", "domain", "shop.example"}),
            wrong("a domain cannot be slowed, only paused"));
  EXPECT_EQ(run({"pause", "all", "--for", "90d"}),
            wrong("--for: expected a span from 1s to 31d such as 15m or 2h, got \"90d\""));
  EXPECT_EQ(run({"slow", "all", "--percent", "100"}).exit, 2);
  EXPECT_EQ(run({"slow", "all", "--every", "5m"}),
            wrong("--every is for a recipient; of an address, --percent is left"));
  EXPECT_EQ(run({"slow", "recipient", "bob@icloud.com", "--every", "5m", "--percent", "9"}),
            wrong("--percent is for an address that mail leaves from, or all"));
}

TEST_F(Throttle, does_not_pause_an_address_that_no_mail_leaves_from) {
  const std::string config =
      directory.write("milter.conf", "store: {path: " + std::string(directory.path() / "store.db") +
                                         "}\negress: {addresses: [192.0.2.1, 192.0.2.7]}\n");
  EXPECT_EQ(run_as_given({"pause", "192.0.2.8", "--config", config}),
            wrong("no mail leaves from 192.0.2.8: egress.addresses and the egress of the streams "
                  "name 192.0.2.1, 192.0.2.7"));
  EXPECT_EQ(run_as_given({"pause", "192.0.2.7", "--config", config}),
            (Outcome{0, "pause 192.0.2.7 until it is resumed, by ME\n",
                     "icloud-milterctl: warning: mail goes on: throttle.mode is observe in the "
                     "configuration; write enforce in milter.conf, or run icloud-milterctl policy "
                     "throttle enforce\n"}));
}

TEST(ThrottleText, says_how_limits_stand_and_for_whom_they_are_counted) {
  auto json = nlohmann::ordered_json::parse(R"({"protocol": 1, "now": "2026-11-21T08:15:30.000Z",
"mode": "enforce", "counted_for": "fleet", "problem": "",
"limits": [{"name": "hourly", "subject": "all", "mode": "enforce", "count": "recipients",
  "amount": 2000, "usable": 1000, "within_seconds": 3600, "window": "sliding", "burst": 200,
  "used": 1000, "free_at": "2026-11-21T08:20:00.000Z", "warm_up": null,
  "slowed": {"percent": 50, "until": null, "by": "root", "why": ""}},
 {"name": "warm-up", "subject": "192.0.2.7", "mode": "observe", "amount": 225, "usable": 225,
  "within_seconds": 86400, "window": "utc-day", "burst": 0, "used": null, "free_at": null,
  "warm_up": {"day": 3, "cap": 225, "grown": false}, "slowed": null}],
"each": [{"name": "spacing", "per": "recipient", "count": "recipients", "amount": 1,
  "within_seconds": 60}],
"backoffs": [{"kind": "slow", "subject": "all", "percent": 50, "every_seconds": 0,
  "since": "2026-11-21T08:00:00.000Z", "until": null, "by": "root", "why": ""}]})");
  const Terminal plain = Terminal::plain(200);
  const std::string text = throttle_text(json, plain);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "throttle: enforce, 2026-11-21 08:15:30Z, counted for the fleet");
  for (const std::string_view words :
       {"1,000", "200 at once, slowed to 50 percent until it is resumed", "day 3, observe",
        "each recipient", "2026-11-21 08:20:00Z", "to 50 percent"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
  json["counted_for"] = "alone";
  EXPECT_NE(throttle_text(json, plain)
                .find("08:15:30Z, counted for this host alone: the fleet's store is away\n"),
            std::string::npos);
  for (const std::string_view hostile :
       {"null", "[]", R"({"limits": 7, "each": [1], "now": {}})"}) {
    EXPECT_NE(throttle_text(nlohmann::ordered_json::parse(hostile), plain), "") << hostile;
  }
}

}  // namespace
}  // namespace icm::ctl
