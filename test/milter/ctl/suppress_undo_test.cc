// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress imports, undo, and what lets an address come back.
#include "policy/store/schema.h"
#include "policy/store/stores.h"
#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

class SuppressUndo : public Suppress {
 protected:
  // As a program that reads Apple's replies would write it.
  void bounce(const std::string& address, std::string_view seen) {
    StoreConfig config;
    config.path = store_;
    auto book = open_book(config, Missing::make, lock_deadline());
    ASSERT_TRUE(book) << book.error().text;
    Suppression entry;
    entry.address = address;
    entry.scope = "global";
    entry.reason = SuppressionReason::hard_bounce;
    entry.source = "replies";
    entry.created = *parse_time(seen);
    entry.evidence = Evidence{.pattern = "apple.user-unknown",
                              .reply = "550 5.1.1 user does not exist",
                              .queue_id = "4XyZ",
                              .first_seen = entry.created,
                              .last_seen = entry.created};
    ASSERT_TRUE((*book)->add(entry, deed_of(Deed::Kind::add, now_in_seconds())));
  }

  std::string names() { return exported({"--format", "plain"}); }
};

TEST_F(SuppressUndo, takes_an_import_back_by_its_number) {
  run({"add", "bob@icloud.com"});
  import("bob@icloud.com\neve@me.com\n", {"--note", "wrong"});
  EXPECT_EQ(run({"imports"}).out, "     2  NOW  " +
                                      fmt::format("{:<12}", deed_of(Deed::Kind::add, {}).who) +
                                      "            2  list.csv\n");
  EXPECT_EQ(run({"undo", "--import", "2", "--because", "wrong file", "--dry-run"}),
            (Outcome{0,
                     "nothing was changed; it would be: 1 removed, 1 standing again as before, 0 "
                     "left alone since somebody else has changed or removed them\n"
                     "the same without --dry-run does it\n",
                     ""}));
  EXPECT_EQ(run({"undo", "--import", "2", "--because", "wrong file"}),
            (Outcome{0,
                     "1 removed, 1 standing again as before, 0 left alone since somebody else has "
                     "changed or removed them\n"
                     "mail to them goes again from the next message on; the history of each keeps "
                     "what stood there (icloud-milterctl suppress show ADDRESS)\n",
                     ""}));
  EXPECT_EQ(names(), "bob@icloud.com\n");
  EXPECT_EQ(
      run({"undo", "--import", "2", "--because", "again"}).out,
      "0 removed, 0 standing again as before, 0 left alone since somebody else has changed or "
      "removed them\nnothing is left to take back: it was undone before, or all of it was "
      "removed since\n");
  EXPECT_EQ(run({"show", "eve@me.com"}).out,
            "eve@me.com is not suppressed\n"
            "\n"
            "history, the latest first\n"
            "\n"
            "manual, global, since NOW\n"
            "  source   import:list.csv\n"
            "  note     wrong\n"
            "  imported NOW by ME: list.csv\n"
            "  undone   NOW by ME: wrong file\n");
}

TEST_F(SuppressUndo, takes_back_what_a_pattern_did_in_a_window) {
  bounce("bob@icloud.com", "2026-11-20T08:00:00Z");
  bounce("eve@me.com", "2026-11-20T10:00:00Z");
  EXPECT_EQ(
      run({"undo", "--pattern", "apple.user-unknown", "--since", "2026-11-20T07:00:00Z", "--until",
           "2026-11-20T10:00:00Z", "--because", "outage"})
          .out,
      "1 removed, 0 standing again as before, 0 left alone since somebody else has changed "
      "or removed them\nmail to them goes again from the next message on; the history of each "
      "keeps what stood there (icloud-milterctl suppress show ADDRESS)\n");
  EXPECT_EQ(names(), "eve@me.com\n");
  EXPECT_EQ(
      run({"undo", "--pattern", "apple.user-unknwon", "--since", "2026-11-20T07:00:00Z", "--until",
           "2026-11-20T12:00:00Z", "--because", "outage"})
          .out,
      "0 removed, 0 standing again as before, 0 left alone since somebody else has changed "
      "or removed them\nnothing is left to take back: no entry stands that replies of pattern "
      "apple.user-unknwon from 2026-11-20T07:00:00Z on and before 2026-11-20T12:00:00Z led "
      "to; icloud-milterctl suppress list --json shows the patterns of entries and when "
      "their replies came\n");
}

TEST_F(SuppressUndo, does_nothing_that_was_typed_wrong) {
  run({"add", "bob@icloud.com"});
  struct Case {
    std::vector<std::string> words;
    int exit;
    std::string told;
  };
  for (const auto& [words, exit, told] :
       {Case{{}, 2, "undo: expected either --import ID or --pattern PATTERN"},
        Case{{"--import", "1", "--pattern", "p"},
             2,
             "undo: expected either --import ID or --pattern PATTERN"},
        Case{{"--import", "0"},
             2,
             "import: expected a number as icloud-milterctl suppress imports shows it, found "
             "\"0\""},
        Case{{"--import", "1"}, 1, store_ + ": there is no import 1"},
        Case{{"--pattern", "p"},
             2,
             "undo: expected --since TIME with --pattern: when the outage began"},
        Case{{"--pattern", "p", "--since", "2026-01-02", "--until", "2026-01-01"},
             2,
             "until: expected a time after 2026-01-02T00:00:00.000Z, found "
             "2026-01-01T00:00:00.000Z"}}) {
    std::vector<std::string> all{"undo", "--because", "x"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run(all), (Outcome{exit, "", fmt::format("icloud-milterctl: {}\n", told)}));
  }
  EXPECT_EQ(run({"undo", "--import", "1"}).exit, 2) << "no cause";
}

TEST_F(SuppressUndo, an_address_comes_back_by_an_act_of_the_recipient_that_is_later) {
  bounce("bob@icloud.com", "2026-01-20T08:00:00Z");
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--act-of-recipient", "2026-01-20T08:00:00Z"}),
            (Outcome{1, "",
                     "icloud-milterctl: bob@icloud.com (global): expected an act of the recipient "
                     "after 2026-01-20T08:00:00.000Z (hard-bounce), found one of "
                     "2026-01-20T08:00:00.000Z\n"}));
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--act-of-recipient", "2126-01-20"}),
            (Outcome{2, "",
                     "icloud-milterctl: act-of-recipient: expected a time that has come, found "
                     "2126-01-20T00:00:00.000Z\n"}));
  EXPECT_EQ(
      run({"remove", "bob@icloud.com", "--act-of-recipient", "2026-01-21", "--because", "form 12"})
          .exit,
      0);
  EXPECT_EQ(run({"show", "bob@icloud.com"}).out,
            "bob@icloud.com is not suppressed\n"
            "\n"
            "history, the latest first\n"
            "\n"
            "hard-bounce, global, since 2026-01-20T08:00:00Z\n"
            "  source   replies\n"
            "  pattern  apple.user-unknown, once, on 2026-01-20T08:00:00Z\n"
            "  queue id 4XyZ\n"
            "  reply    550 5.1.1 user does not exist\n"
            "  added    NOW by ME\n"
            "  removed  NOW by ME: act of the recipient on 2026-01-21T00:00:00Z: form 12\n");
}

TEST_F(Suppress, tells_where_the_backup_of_an_earlier_releases_store_is) {
  store_ = in_directory("older.db");
  std::filesystem::copy_file(ICM_SOURCE_DIR "/test/policy/store/data/version-1.db", store_);
  const Outcome outcome = run({"export", "--format", "plain"});
  EXPECT_EQ(outcome.err, fmt::format("icloud-milterctl: {0}: the store was brought from version 1 "
                                     "to version {1}; as it was before, it is kept in "
                                     "{0}-version-1.backup\n",
                                     store_, store_schema.size()));
  EXPECT_EQ(outcome.out,
            "bob@icloud.com\nbob@icloud.com\ndave@icloud.com\neve@me.com\nfrank@mac.com\nmallory@"
            "icloud.com\n");
  EXPECT_EQ(run({"export", "--format", "plain"}).err, "");
}

}  // namespace
}  // namespace icm::ctl
