// SPDX-License-Identifier: Apache-2.0
#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

constexpr std::string_view titles = "address,scope,consented,source,withdrawn,engaged\r\n";

class LedgerCommand : public Suppress {
 protected:
  Outcome ledger(std::vector<std::string> words) {
    words.insert(words.begin(), "ledger");
    words.insert(words.end(), {"--store", store_});
    return run_command(&add_ledger, std::move(words));
  }

  Outcome import_ledger(std::string_view content, std::vector<std::string> options = {}) {
    std::vector<std::string> words = {"import", directory_.write("list.csv", content)};
    words.insert(words.end(), options.begin(), options.end());
    return ledger(std::move(words));
  }

  std::string file() const { return in_directory("list.csv"); }
};

TEST_F(LedgerCommand, writes_down_what_an_address_did_and_shows_it) {
  EXPECT_EQ(
      ledger({"add", "Bob@icloud.com", "--scope", "stream:news", "--consented", "2026-01-02",
              "--source", "form"}),
      (Outcome{0, "bob@icloud.com: added: stream:news, consented 2026-01-02T00:00:00Z (form)\n",
               ""}));
  EXPECT_EQ(ledger({"add", "bob@icloud.com", "--scope", "stream:news", "--engaged",
                    "2026-02-03T04:05:06Z", "--withdrawn", "2026-02-04"}),
            (Outcome{0,
                     "bob@icloud.com: changed: stream:news, consented 2026-01-02T00:00:00Z (form), "
                     "withdrawn 2026-02-04T23:59:59.999Z, engaged 2026-02-03T04:05:06Z\n",
                     ""}));
  EXPECT_EQ(ledger({"show", "bob@icloud.com", "eve@icloud.com"}),
            (Outcome{0,
                     "bob@icloud.com: stream:news, consented 2026-01-02T00:00:00Z (form), "
                     "withdrawn 2026-02-04T23:59:59.999Z, engaged 2026-02-03T04:05:06Z\n"
                     "eve@icloud.com: nothing is recorded\n",
                     ""}));
  EXPECT_EQ(
      ledger({"show", "bob@icloud.com", "--json"}).out,
      "{\"address\":\"bob@icloud.com\",\"scope\":\"stream:news\","
      "\"consented\":\"2026-01-02T00:00:00.000Z\",\"source\":\"form\","
      "\"withdrawn\":\"2026-02-04T23:59:59.999Z\",\"engaged\":\"2026-02-03T04:05:06.000Z\"}\n");
}

TEST_F(LedgerCommand, asks_for_one_time_at_least) {
  EXPECT_EQ(
      ledger({"add", "bob@icloud.com"}),
      (Outcome{2, "",
               "icloud-milterctl: expected a time of consent, withdrawal or engagement, found "
               "none\n"}));
}

TEST_F(LedgerCommand, strikes_what_is_written_down) {
  ASSERT_EQ(ledger({"add", "bob@icloud.com", "--consented", "2026-01-02"}).exit, 0);
  EXPECT_EQ(ledger({"remove", "bob@icloud.com"}),
            (Outcome{0, "bob@icloud.com: removed, in 1 scope\n", ""}));
  EXPECT_EQ(ledger({"remove", "bob@icloud.com"}),
            (Outcome{1, "", "icloud-milterctl: bob@icloud.com: nothing is recorded\n"}));
}

TEST_F(LedgerCommand, imports_csv_and_exports_it_again) {
  EXPECT_EQ(import_ledger("\xef\xbb\xbf"
                          "email,Consented,engaged,scope\r\n"
                          "Bob@icloud.com,2026-01-02,,\r\n"
                          "\r\n"
                          "eve@icloud.com,,2026-03-04,global\r\n"
                          "bob@icloud.com,2025-01-02,2026-05-06,\r\n",
                          {"--scope", "stream:news"}),
            (Outcome{0, file() + ": 3 lines: 2 added, 1 changed, 0 unchanged\n", ""}));
  const std::string bob =
      "bob@icloud.com,stream:news,2026-01-02T00:00:00.000Z,import:list.csv,,"
      "2026-05-06T00:00:00.000Z\r\n";
  const std::string eve = "eve@icloud.com,global,,,,2026-03-04T00:00:00.000Z\r\n";
  EXPECT_EQ(ledger({"export"}), (Outcome{0, std::string(titles) + bob + eve, ""}));
  EXPECT_EQ(ledger({"export", "--scope", "stream:news"}).out, std::string(titles) + bob);
  EXPECT_EQ(ledger({"export", "--inactive", "2026-04-01"}).out, std::string(titles) + eve);
  EXPECT_EQ(import_ledger(ledger({"export"}).out).out,
            file() + ": 2 lines: 0 added, 0 changed, 2 unchanged\n");
}

TEST_F(LedgerCommand, imports_json_lines_and_exports_them_again) {
  const std::string lines =
      "{\"address\":\"bob@icloud.com\",\"scope\":\"stream:news\","
      "\"consented\":\"2026-01-02T00:00:00.000Z\",\"source\":\"a \\\"form\\\"\","
      "\"withdrawn\":null,\"engaged\":null}\n";
  EXPECT_EQ(import_ledger(lines),
            (Outcome{0, file() + ": 1 line: 1 added, 0 changed, 0 unchanged\n", ""}));
  EXPECT_EQ(ledger({"export", "--format", "json"}), (Outcome{0, lines, ""}));
}

TEST_F(LedgerCommand, brings_a_consent_without_a_source_to_another_store_as_it_was) {
  ASSERT_EQ(ledger({"add", "bob@icloud.com", "--consented", "2026-01-02"}).exit, 0);
  for (const std::string_view format : {"csv", "json"}) {
    const std::string whole = ledger({"export", "--format", std::string(format)}).out;
    begin_another();
    EXPECT_EQ(import_ledger(whole).exit, 0);
    EXPECT_EQ(ledger({"export", "--format", std::string(format)}).out, whole);
    std::filesystem::remove(store_);
  }
  begin_another();
  EXPECT_EQ(
      import_ledger("address,consented,source\nbob@icloud.com,2026-01-02,\n", {"--source", "form"})
          .exit,
      0);
  EXPECT_EQ(ledger({"show", "bob@icloud.com"}).out,
            "bob@icloud.com: global, consented 2026-01-02T00:00:00Z (form)\n");
}

TEST_F(LedgerCommand, knows_the_streams_of_the_configuration_wherever_one_is_named) {
  const std::string config = directory_.write(
      "milter.conf", "store: {path: " + store_ +
                         "}\nstreams: [{name: news, sender_domains: [news.shop.example]}]\n");
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--config", config});
    const auto command = words[0] == "ledger" ? &add_ledger : &add_suppress;
    return run_command(command, std::move(words));
  };
  const std::string_view expected =
      "scope: expected a stream of the configuration (news), found \"stream:nws\"";
  EXPECT_EQ(with({"ledger", "add", "bob@icloud.com", "--scope", "stream:nws", "--consented",
                  "2026-01-02"}),
            (Outcome{2, "", fmt::format("icloud-milterctl: {}\n", expected)}));
  const std::string csv = directory_.write("a.csv",
                                           "address,scope,consented\n"
                                           "bob@icloud.com,stream:news,2026-01-02\n"
                                           "eve@icloud.com,stream:nws,2026-01-02\n");
  const Outcome outcome = with({"ledger", "import", csv});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_NE(outcome.err.find(fmt::format("{}:3: {}\n", csv, expected)), std::string::npos)
      << outcome.err;
  const std::string list = directory_.write("b.csv",
                                            "address,scope,reason\n"
                                            "bob@icloud.com,stream:news,unsubscribe\n"
                                            "eve@icloud.com,stream:nws,unsubscribe\n");
  const Outcome listed = with({"suppress", "import", list});
  EXPECT_EQ(listed.exit, 2);
  EXPECT_NE(listed.err.find(fmt::format("{}:3: {}\n", list, expected)), std::string::npos)
      << listed.err;
}

TEST_F(LedgerCommand, imports_nothing_when_lines_are_bad_and_names_each) {
  const std::string csv =
      "address,scope,consented\n"
      "bob@icloud.com,stream:news,2026-01-02\n"
      "bob,stream:news,2026-01-02\n"
      "bob@icloud.com,everything,2026-01-02\n"
      "bob@icloud.com,global,yesterday\n"
      "bob@icloud.com,global,2999-01-01\n"
      "bob@icloud.com,global,\n"
      "bob@icloud.com,global\n";
  const Outcome outcome = import_ledger(csv);
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_EQ(outcome.out, "");
  for (const std::string_view place : {":3: ", ":4: ", ":5: consented: ",
                                       ":6: consented: expected a time that has passed, found "
                                       "2999-01-01T00:00:00.000Z\n",
                                       ":7: expected a time of consent, withdrawal or engagement, "
                                       "found none\n",
                                       ":8: expected 3 columns as in the header line, found 2\n"}) {
    EXPECT_NE(outcome.err.find(file() + std::string(place)), std::string::npos)
        << place << outcome.err;
  }
  EXPECT_TRUE(outcome.err.ends_with(file() +
                                    ": 6 bad lines, 1 good; nothing was imported. Correct them, or "
                                    "leave them out with --skip-bad\n"))
      << outcome.err;
  EXPECT_EQ(ledger({"export"}).out, titles);
  EXPECT_EQ(import_ledger(csv, {"--skip-bad"}).out,
            file() + ": 1 line: 1 added, 0 changed, 0 unchanged; 6 bad lines left out\n");
}

TEST_F(LedgerCommand, refuses_columns_and_members_it_does_not_know) {
  EXPECT_EQ(import_ledger("address,opened\nbob@icloud.com,2026-01-02\n").err,
            "icloud-milterctl: " + file() +
                ":1: expected columns named address, scope, consented, source, withdrawn or "
                "engaged, separated by commas; found \"opened\"\n");
  for (const auto& [line, said] :
       {std::pair<std::string, std::string>{"{\"address\": 7}",
                                            "address: expected a text, found a number"},
        {"{\"consented\": \"2026-01-02\"}", "expected a member named address, found none"},
        {"{\"address\": \"bob@icloud.com\", \"opened\": \"2026-01-02\"}",
         "expected members named address, scope, consented, source, withdrawn or engaged; found "
         "\"opened\""},
        {"{\"address\": \"a@icloud.com\", \"address\": \"b@icloud.com\"}",
         "expected each member once, found \"address\" again"},
        {"{", "expected a JSON object, found \"{\" at octet 2"}}) {
    const Outcome outcome = import_ledger(line + "\n");
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_TRUE(outcome.err.starts_with("icloud-milterctl: " + file() + ":1: " + said + "\n"))
        << outcome.err;
  }
}

class LedgerReopen : public LedgerCommand {
 protected:
  void SetUp() override {
    ASSERT_EQ(Suppress::import("address,reason,scope,created\n"
                               "bob@icloud.com,unsubscribe,stream:news,2026-03-01\n"
                               "eve@icloud.com,complaint,global,2026-03-01\n"
                               "ann@icloud.com,unsubscribe,stream:news,2026-03-01\n"
                               "ann@icloud.com,manual,global,2026-03-01\n")
                  .exit,
              0);
    ASSERT_EQ(import_ledger("address,scope,consented,source\n"
                            "bob@icloud.com,stream:news,2026-04-01,form\n"
                            "eve@icloud.com,stream:news,2026-04-01,form\n"
                            "ann@icloud.com,global,2026-02-01,form\n")
                  .exit,
              0);
  }
  static constexpr std::string_view bob =
      "unsubscribe, stream:news, since 2026-03-01T00:00:00Z; consent of 2026-04-01T00:00:00Z\n";
};

TEST_F(LedgerReopen, is_not_done_by_an_import) {
  EXPECT_NE(run({"list"}).out.find("bob@icloud.com"), std::string::npos);
}

TEST_F(LedgerReopen, tells_first_who_it_would_be) {
  const std::string before = exported();
  EXPECT_EQ(ledger({"reopen", "--dry-run"}),
            (Outcome{0,
                     "bob@icloud.com: would be taken off: " + std::string(bob) +
                         "1 would be taken off, 3 stay\n",
                     ""}));
  EXPECT_EQ(exported(), before);
}

TEST_F(LedgerReopen, takes_off_who_has_consented_since_and_keeps_the_history) {
  EXPECT_EQ(
      ledger({"reopen"}),
      (Outcome{0, "bob@icloud.com: taken off: " + std::string(bob) + "1 taken off, 3 stay\n", ""}));
  EXPECT_EQ(exported().find("bob@icloud.com"), std::string::npos);
  EXPECT_NE(run({"show", "bob@icloud.com"}).out.find("consent of 2026-04-01T00:00:00Z (form)\n"),
            std::string::npos);
  EXPECT_EQ(ledger({"reopen"}).out, "0 taken off, 3 stay\n");
}

TEST_F(LedgerReopen, keeps_to_the_addresses_given) {
  EXPECT_EQ(ledger({"reopen", "ann@icloud.com"}).out, "0 taken off, 2 stay\n");
  EXPECT_EQ(ledger({"reopen", "bob@icloud.com"}).out,
            "bob@icloud.com: taken off: " + std::string(bob) + "1 taken off, 0 stay\n");
}

}  // namespace
}  // namespace icm::ctl
