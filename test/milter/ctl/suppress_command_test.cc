// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress as its user sees it: single addresses, and the store itself.
#include <fstream>
#include <sstream>

#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

// ---- add ----

TEST_F(Suppress, adds_and_says_what_holds) {
  EXPECT_EQ(run({"add", "Bob@iCloud.com", "<eve@me.com>"}),
            (Outcome{0,
                     "bob@icloud.com: added: manual, global, since NOW\n"
                     "eve@me.com: added: manual, global, since NOW\n",
                     ""}));
  EXPECT_EQ(run({"add", "bob@icloud.com"}),
            (Outcome{0, "bob@icloud.com: unchanged: manual, global, since NOW\n", ""}));
  EXPECT_EQ(run({"add", "bob@icloud.com", "--note", "asked by phone"}),
            (Outcome{0, "bob@icloud.com: changed: manual, global, since NOW\n", ""}));
}

TEST_F(Suppress, adds_with_everything_an_entry_has) {
  EXPECT_EQ(run({"add", "bob@icloud.com", "--reason", "suspended", "--scope", "list:News.Example",
                 "--expires", "2126-12-31", "--source", "crm", "--note", "552, \"full\""}),
            (Outcome{0,
                     "bob@icloud.com: added: suspended, list:news.example, since NOW, until "
                     "2126-12-31T00:00:00Z\n",
                     ""}));
  EXPECT_EQ(exported(), std::string(csv_titles) +
                            "bob@icloud.com,suspended,list:news.example,NOW,2126-12-31T00:00:00Z,"
                            "crm,\"552, \"\"full\"\"\",,,,,,,\r\n");
}

TEST_F(Suppress, adds_nothing_that_was_typed_wrong) {
  struct Case {
    std::vector<std::string> words;
    std::string_view told;
  };
  for (const auto& [words, told] :
       {Case{{"add", "bob"}, "address \"bob\": has no \"@\""},
        Case{{"add", "bob@icloud.com", "eve"}, "address \"eve\": has no \"@\""},
        Case{{"add", "bob@icloud.com", "--reason", "gone"},
             "reason: expected one of unsubscribe, complaint, hard-bounce, relay-off, suspended, "
             "manual, erasure; found \"gone\""},
        Case{{"add", "bob@icloud.com", "--scope", "shop"},
             "scope: expected global, stream:NAME or list:ID of at most 255 printable octets "
             "without blanks, found \"shop\""},
        Case{{"add", "bob@icloud.com", "--expires", "soon"},
             "expires: expected a time such as 2026-12-31 or 2026-12-31T08:00:00Z, or a span from "
             "now such as 30d; found \"soon\""},
        Case{{"add", "bob@icloud.com", "--expires", "2020-01-01"},
             "expires: expected a time to come, found 2020-01-01T00:00:00.000Z"},
        Case{{"add", "bob@icloud.com", "--reason", "unsubscribe", "--expires", "2126-01-01"},
             "unsubscribe: expected no expiry, since it never ends by age; found "
             "2126-01-01T00:00:00.000Z"},
        Case{{"add", "bob@icloud.com", "--reason", "suspended"},
             "suspended: expected an expiry, found none; write --expires 30d"},
        Case{{"add", "bob@icloud.com", "--reason", "erasure", "--scope", "stream:shop"},
             "erasure: expected scope global, found \"stream:shop\""},
        Case{{"add", "bob@icloud.com", "--reason", "hard-bounce", "--scope", "list:a.example"},
             "hard-bounce: expected scope global, found \"list:a.example\""},
        Case{{"add", "bob@icloud.com", "--reason", "relay-off", "--scope", "stream:shop"},
             "relay-off: expected scope global, found \"stream:shop\""},
        Case{{"add", "bob@icloud.com", "--note", "a\x1b[31m"},
             "note: expected at most 1000 octets of UTF-8 without control characters, found 6 "
             "octets, \"a\\x5cx1b[31m\""}}) {
    EXPECT_EQ(run(words), (Outcome{2, "", fmt::format("icloud-milterctl: {}\n", told)}));
  }
  EXPECT_EQ(exported(), csv_titles);
}

// ---- remove and show ----

TEST_F(Suppress, removes_what_passes_without_asking_why) {
  run({"add", "bob@icloud.com"});
  EXPECT_EQ(run({"remove", "bob@icloud.com"}),
            (Outcome{0, "bob@icloud.com: removed: manual, global, since NOW\n", ""}));
  EXPECT_EQ(run({"remove", "bob@icloud.com"}),
            (Outcome{1, "", "icloud-milterctl: bob@icloud.com: there is no such entry\n"}));
}

TEST_F(Suppress, removes_what_is_permanent_only_with_a_cause) {
  run({"add", "bob@icloud.com", "--reason", "unsubscribe"});
  EXPECT_EQ(run({"remove", "bob@icloud.com"}),
            (Outcome{1, "",
                     "icloud-milterctl: bob@icloud.com (global): expected a cause, since "
                     "unsubscribe is permanent; found none; say --because TEXT, it is kept in the "
                     "history, or --act-of-recipient TIME\n"}));
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--because", "signed up again"}),
            (Outcome{0, "bob@icloud.com: removed: unsubscribe, global, since NOW\n", ""}));
  EXPECT_EQ(run({"show", "bob@icloud.com"}), (Outcome{0,
                                                      "bob@icloud.com is not suppressed\n"
                                                      "\n"
                                                      "history, the latest first\n"
                                                      "\n"
                                                      "unsubscribe, global, since NOW\n"
                                                      "  source   cli\n"
                                                      "  added    NOW by ME\n"
                                                      "  removed  NOW by ME: signed up again\n",
                                                      ""}));
}

TEST_F(Suppress, removes_one_entry_of_several_by_reason_and_scope) {
  run({"add", "bob@icloud.com"});
  run({"add", "bob@icloud.com", "--scope", "stream:shop"});
  run({"add", "bob@icloud.com", "--reason", "hard-bounce"});
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--scope", "stream:shop"}).out,
            "bob@icloud.com: removed: manual, stream:shop, since NOW\n");
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--reason", "manual"}).out,
            "bob@icloud.com: removed: manual, global, since NOW\n");
  EXPECT_EQ(exported({"--format", "plain"}), "bob@icloud.com\n");
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--reason", "gone"}).exit, 2);
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--scope", "x"}).exit, 2);
}

TEST_F(Suppress, removes_what_it_can_and_says_what_was_not_there) {
  run({"add", "eve@me.com"});
  EXPECT_EQ(run({"remove", "bob@icloud.com", "eve@me.com"}),
            (Outcome{1, "eve@me.com: removed: manual, global, since NOW\n",
                     "icloud-milterctl: bob@icloud.com: there is no such entry\n"}));
}

TEST_F(Suppress, shows_what_stands_and_what_siblings_bring) {
  run({"add", "bob@me.com", "--reason", "complaint", "--source", "fbl", "--note", "report 7"});
  run({"add", "bob@icloud.com", "--reason", "suspended", "--expires", "2126-01-01"});
  EXPECT_EQ(run({"show", "bob@icloud.com", "bob@mac.com", "eve@icloud.com"}),
            (Outcome{0,
                     "bob@icloud.com is suppressed\n"
                     "\n"
                     "suspended, global, since NOW, until 2126-01-01T00:00:00Z\n"
                     "  source   cli\n"
                     "  added    NOW by ME\n"
                     "\n"
                     "bob@me.com: complaint, global, since NOW\n"
                     "  source   fbl\n"
                     "  note     report 7\n"
                     "  added    NOW by ME\n"
                     "\n"
                     "bob@mac.com is suppressed by the same name at a sibling domain\n"
                     "\n"
                     "bob@me.com: complaint, global, since NOW\n"
                     "  source   fbl\n"
                     "  note     report 7\n"
                     "  added    NOW by ME\n"
                     "\n"
                     "eve@icloud.com is not suppressed\n",
                     ""}));
}

TEST_F(Suppress, shows_an_expired_entry_as_such) {
  import("address,reason,created,expires\nbob@icloud.com,suspended,2020-01-01,2020-02-01\n");
  EXPECT_EQ(run({"show", "bob@icloud.com"}).out,
            "bob@icloud.com is not suppressed\n"
            "\n"
            "suspended, global, since 2020-01-01T00:00:00Z, until 2020-02-01T00:00:00Z (expired)\n"
            "  source   import:list.csv\n"
            "  imported NOW by ME: list.csv\n");
}

TEST_F(Suppress, shows_json_one_object_a_line) {
  run({"add", "bob@icloud.com", "--reason", "unsubscribe"});
  run({"remove", "bob@icloud.com", "--because", "signed up again"});
  run({"add", "bob@icloud.com"});
  EXPECT_EQ(
      run({"show", "--json", "bob@icloud.com", "eve@icloud.com"}),
      (Outcome{
          0,
          R"({"address":"bob@icloud.com","suppressed":true,"entries":[{"address":"bob@icloud.com",)"
          R"("reason":"manual","scope":"global","created":"NOW","expires":null,"source":"cli",)"
          R"("note":"","added":{"what":"add","at":"NOW","who":"ME","why":""}}],"siblings":[],)"
          R"("history":[{"address":"bob@icloud.com","reason":"unsubscribe","scope":"global",)"
          R"("created":"NOW","expires":null,"source":"cli","note":"","added":{"what":"add",)"
          R"("at":"NOW","who":"ME","why":""},"ended":{"what":"remove","at":"NOW","who":"ME",)"
          R"("why":"signed up again"}}]})"
          "\n"
          R"({"address":"eve@icloud.com","suppressed":false,"entries":[],"siblings":[],)"
          R"("history":[]})"
          "\n",
          ""}));
}

TEST_F(Suppress, forgets_a_person_who_asked_for_it) {
  run({"add", "bob@icloud.com", "--note", "phone number"});
  EXPECT_EQ(run({"add", "bob@icloud.com", "--reason", "erasure"}).out,
            "bob@icloud.com: added: erasure, global, since NOW\n");
  EXPECT_EQ(run({"add", "bob@icloud.com"}),
            (Outcome{0, "bob@icloud.com: unchanged: erasure, global, since NOW\n", ""}));
  EXPECT_EQ(run({"show", "bob@icloud.com"}).out,
            "bob@icloud.com is suppressed\n"
            "\n"
            "erasure, global, since NOW\n"
            "  source   cli\n"
            "  added    NOW by ME\n");
}

// ---- the store ----

// Mail to everybody who was on the list would go out.
TEST_F(Suppress, makes_no_store_where_one_may_have_been_lost) {
  std::filesystem::remove(store_);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"list"},
                                                {"export"},
                                                {"show", "bob@icloud.com"},
                                                {"remove", "bob@icloud.com"},
                                                {"add", "bob@icloud.com"},
                                                {"import", directory_.write("l", "b@me.com\n")}}) {
    EXPECT_EQ(run(words),
              (Outcome{1, "",
                       "icloud-milterctl: " + store_ +
                           ": there is no store; put its backup back if there was one, or make an "
                           "empty one with icloud-milterctl store init\n"}))
        << words[0];
  }
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(Suppress, makes_a_store_when_told_to) {
  std::filesystem::remove(store_);
  const auto init = [&] { return run_command(&add_store, {"store", "init", "--store", store_}); };
  EXPECT_EQ(init(), (Outcome{0, store_ + ": made; the suppression list is empty\n", ""}));
  EXPECT_EQ(run({"add", "bob@icloud.com"}).exit, 0);
  EXPECT_EQ(init(), (Outcome{0, store_ + ": is there already; nothing was done\n", ""}));
  EXPECT_EQ(exported({"--format", "plain"}), "bob@icloud.com\n");
}

TEST_F(Suppress, makes_no_store_beside_what_is_left_of_a_lost_one) {
  std::filesystem::remove(store_);
  std::ofstream(store_ + "-wal") << "left";
  const auto init = [&] { return run_command(&add_store, {"store", "init", "--store", store_}); };
  EXPECT_EQ(init(), (Outcome{1, "",
                             "icloud-milterctl: " + store_ + " is not there, and " + store_ +
                                 "-wal is left of it: stop icloud-milter and whoever else has it "
                                 "open, put the backup back if there is one, or else remove what "
                                 "ends in -wal and -shm, and make it then\n"}));
  EXPECT_FALSE(std::filesystem::exists(store_));
  std::filesystem::remove(store_ + "-wal");
  EXPECT_EQ(init().exit, 0);
}

TEST_F(Suppress, leaves_a_file_alone_that_is_no_store) {
  std::ofstream(store_) << "my diary";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"add", "bob@icloud.com"}, {"list"}}) {
    EXPECT_EQ(run(words).exit, 1) << words[0];
  }
  std::ostringstream content;
  content << std::ifstream(store_).rdbuf();
  EXPECT_EQ(content.str(), "my diary");
}

TEST_F(Suppress, finds_the_store_by_the_configuration) {
  const std::string config =
      directory_.write("milter.conf", fmt::format("store:\n  path: {}\n", store_));
  EXPECT_EQ(run_as_given({"suppress", "add", "bob@icloud.com", "--config", config}).exit, 0);
  EXPECT_EQ(exported({"--format", "plain"}), "bob@icloud.com\n");
  EXPECT_EQ(run_as_given({"suppress", "list", "--config", in_directory("none.conf")}).exit, 1);
  EXPECT_EQ(run_as_given({"suppress", "list", "--config", config, "--store", store_}).exit, 2);
}

TEST_F(Suppress, knows_the_streams_and_siblings_of_the_configuration) {
  const std::string config = directory_.write(
      "milter.conf", fmt::format("store:\n  path: {}\nsuppression:\n  siblings: false\nstreams:\n"
                                 "  - {{name: news, sender_domains: [shop.example]}}\n",
                                 store_));
  const auto add = [&](const std::string& scope) {
    return run_as_given({"suppress", "add", "bob@me.com", "--reason", "unsubscribe", "--scope",
                         scope, "--config", config});
  };
  EXPECT_EQ(
      add("stream:nws"),
      (Outcome{2, "",
               "icloud-milterctl: scope: expected a stream of the configuration (news), found "
               "\"stream:nws\"\n"}));
  EXPECT_EQ(add("stream:news").exit, 0);
  EXPECT_EQ(run_as_given({"suppress", "show", "bob@icloud.com", "--config", config}).out,
            "bob@icloud.com is not suppressed\n");
}

TEST_F(Suppress, tells_when_something_was_said_again_and_keeps_it_in_json) {
  import("address,created\nbob@icloud.com,2026-01-01\n", {"--reason", "unsubscribe"});
  EXPECT_EQ(run({"add", "bob@icloud.com", "--reason", "unsubscribe"}).out,
            "bob@icloud.com: unchanged: unsubscribe, global, since 2026-01-01T00:00:00Z\n");
  EXPECT_NE(run({"show", "bob@icloud.com"}).out.find("\n  again    NOW\n"), std::string::npos);
  const std::string json =
      run_command(&add_suppress, {"suppress", "export", "--format", "json", "--store", store_}).out;
  begin_another();
  EXPECT_EQ(import(json, {"--format", "json"}).exit, 0);
  EXPECT_NE(run({"show", "bob@icloud.com"}).out.find("\n  again    NOW\n"), std::string::npos);
}

TEST_F(Suppress, tells_what_an_act_of_the_recipient_does_not_end) {
  run({"add", "bob@icloud.com"});
  run({"add", "bob@icloud.com", "--reason", "unsubscribe"});
  const Outcome refused = run({"remove", "bob@icloud.com", "--act-of-recipient", "1h"});
  EXPECT_EQ(refused.exit, 1) << "the act is before the entry";
  run({"remove", "bob@icloud.com", "--reason", "unsubscribe", "--because", "a test"});
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--act-of-recipient", "1h"}),
            (Outcome{1, "",
                     "icloud-milterctl: bob@icloud.com: still stands, since only the administrator "
                     "ends it (--because): manual, global, since NOW\n"
                     "icloud-milterctl: bob@icloud.com: there is no such entry\n"}));
}

TEST_F(Suppress, refuses_a_command_line_it_does_not_understand) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"suppress"},
                                                {"suppress", "delete", "bob@icloud.com"},
                                                {"suppress", "add"},
                                                {"suppress", "import"},
                                                {"suppress", "list", "--nonsense"},
                                                {"suppress", "show"},
                                                {"suppress", "remove"}}) {
    EXPECT_EQ(run_as_given(words).exit, 2);
  }
  EXPECT_EQ(run_as_given({"suppress", "--help"}).exit, 0);
}

}  // namespace
}  // namespace icm::ctl
