// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress list, import and export as their user sees them.
#include <cstdio>
#include <tuple>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "milter/ctl/command_line.h"
#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

const Outcome nothing{};

// ---- list ----

class SuppressBulk : public Suppress {};

class Listed : public Suppress {
 protected:
  Listed() {
    EXPECT_EQ(import("address,reason,scope,created,expires,source,note\n"
                     "bob@icloud.com,unsubscribe,global,2026-01-01,,crm,\n"
                     "eve@me.com,suspended,stream:shop,2026-02-01,2126-01-01,apple,552 full\n"
                     "joe@icloud.com,manual,global,2026-03-01,,crm,\n"
                     "old@icloud.com,suspended,global,2020-01-01,2020-02-01,crm,\n")
                  .exit,
              0);
  }
  std::string names(std::vector<std::string> options) {
    options.insert(options.end(), {"--format", "plain"});
    return exported(std::move(options));
  }
};

TEST_F(Listed, in_columns_without_titles_for_a_program) {
  EXPECT_EQ(run({"list"}),
            (Outcome{0,
                     "bob@icloud.com                        unsubscribe  global          "
                     "2026-01-01T00:00:00Z  never                 crm\n"
                     "eve@me.com                            suspended    stream:shop     "
                     "2026-02-01T00:00:00Z  2126-01-01T00:00:00Z  apple  552 full\n"
                     "joe@icloud.com                        manual       global          "
                     "2026-03-01T00:00:00Z  never                 crm\n",
                     ""}));
}

TEST_F(Listed, as_json) {
  EXPECT_EQ(run({"list", "--json", "--domain", "me.com"}),
            (Outcome{0,
                     R"({"address":"eve@me.com","reason":"suspended","scope":"stream:shop",)"
                     R"("created":"2026-02-01T00:00:00.000Z","expires":"2126-01-01T00:00:00.000Z",)"
                     R"("source":"apple","note":"552 full"})"
                     "\n",
                     ""}));
  EXPECT_EQ(exported({"--format", "json", "--domain", "me.com"}),
            run({"list", "--json", "--domain", "me.com"}).out);
}

TEST_F(Listed, through_every_filter) {
  EXPECT_EQ(names({"--reason", "manual"}), "joe@icloud.com\n");
  EXPECT_EQ(names({"--scope", "stream:shop"}), "eve@me.com\n");
  EXPECT_EQ(names({"--domain", "ICLOUD.com"}), "bob@icloud.com\njoe@icloud.com\n");
  EXPECT_EQ(names({"--since", "2026-02-01"}), "eve@me.com\njoe@icloud.com\n");
  EXPECT_EQ(names({"--expired"}), "old@icloud.com\n");
  EXPECT_EQ(names({"--reason", "manual", "--domain", "me.com"}), "");
  EXPECT_EQ(run({"list", "--reason", "complaint"}),
            (Outcome{0, "", "icloud-milterctl: no entry fits\n"}));
  EXPECT_EQ(run({"list", "--json", "--reason", "complaint"}), nothing);
}

TEST_F(SuppressBulk, says_that_the_list_is_empty_where_a_program_does_not_read_it) {
  EXPECT_EQ(run({"list"}), (Outcome{0, "", "icloud-milterctl: the list is empty\n"}));
}

TEST_F(Listed, not_through_a_filter_that_is_none) {
  for (const auto& [option, value, told] :
       {std::tuple{"--reason", "x",
                   "reason: expected one of unsubscribe, complaint, hard-bounce, relay-off, "
                   "suspended, manual, erasure; found \"x\""},
        {"--scope", "x",
         "scope: expected global, stream:NAME or list:ID of at most 255 printable octets without "
         "blanks, found \"x\""},
        {"--domain", "a..b", "domain \"a..b\": has an empty label"},
        {"--since", "soon",
         "since: expected a time such as 2026-11-21, 2026-11-21T08:15:30Z or @1763712930, or how "
         "long ago, such as 90m, 24h or 7d; found \"soon\""}}) {
    EXPECT_EQ(run({"list", option, value}),
              (Outcome{2, "", fmt::format("icloud-milterctl: {}\n", told)}));
  }
  EXPECT_EQ(
      run({"export", "--format", "xml"}),
      (Outcome{2, "", "icloud-milterctl: format: expected csv, plain or json, found \"xml\"\n"}));
}

// ---- import and export ----

TEST_F(SuppressBulk, imports_and_counts) {
  EXPECT_EQ(
      import("bob@icloud.com\neve@me.com\nBOB@icloud.com\n"),
      (Outcome{
          0, in_directory("list.csv") + ": 3 entries: 2 added, 0 changed, 1 unchanged; import 1\n",
          ""}));
  EXPECT_EQ(
      import("address,note\nbob@icloud.com,new\neve@me.com,\njoe@me.com,\n"),
      (Outcome{
          0, in_directory("list.csv") + ": 3 entries: 1 added, 1 changed, 1 unchanged; import 2\n",
          ""}));
}

TEST_F(SuppressBulk, imports_what_the_options_say_for_what_the_file_leaves_open) {
  import("address,source\nbob@icloud.com,\neve@me.com,crm\n",
         {"--reason", "suspended", "--expires", "2126-01-01", "--scope", "stream:shop", "--source",
          "shop", "--note", "n"});
  EXPECT_EQ(exported(),
            std::string(csv_titles) +
                "bob@icloud.com,suspended,stream:shop,NOW,2126-01-01T00:00:00Z,shop,n,,,,,,,\r\n"
                "eve@me.com,suspended,stream:shop,NOW,2126-01-01T00:00:00Z,crm,n,,,,,,,\r\n");
}

TEST_F(SuppressBulk, takes_nothing_that_is_yet_to_have_happened) {
  const std::string list = in_directory("list.csv");
  EXPECT_EQ(
      import("address,reason,created\nbob@icloud.com,unsubscribe,9999-12-31\n", {"--skip-bad"}).err,
      "icloud-milterctl: " + list +
          ":2: created: expected a time that has come, found 9999-12-31T00:00:00.000Z\n");
}

TEST_F(SuppressBulk, imports_nothing_when_a_line_is_bad_and_names_every_one) {
  run({"add", "joe@mac.com"});
  const std::string list = in_directory("list.csv");
  const std::string content =
      "address,reason,expires\n"
      "bob@icloud.com,unsubscribe,\n"
      "bob,,\n"
      "eve@me.com,unsubscribe,2126-01-01\n"
      "eve@me.com,suspended,\n"
      "eve@me.com\n";
  const std::string complaints = fmt::format(
      "icloud-milterctl: {0}:3: address \"bob\": has no \"@\"\n"
      "icloud-milterctl: {0}:4: unsubscribe: expected no expiry, since it never ends by age; found "
      "2126-01-01T00:00:00.000Z\n"
      "icloud-milterctl: {0}:5: suspended: expected an expiry, found none\n"
      "icloud-milterctl: {0}:6: expected 3 columns as in the header line, found 1\n",
      list);
  EXPECT_EQ(import(content),
            (Outcome{2, "",
                     complaints + "icloud-milterctl: " + list +
                         ": 4 bad lines, 1 good; nothing was imported. Correct them, or "
                         "leave them out with --skip-bad\n"}));
  EXPECT_EQ(exported({"--format", "plain"}), "joe@mac.com\n");
  EXPECT_EQ(
      import(content, {"--skip-bad"}),
      (Outcome{
          0, list + ": 1 entry: 1 added, 0 changed, 0 unchanged; 4 bad lines left out; import 2\n",
          complaints}));
  EXPECT_EQ(exported({"--format", "plain"}), "bob@icloud.com\njoe@mac.com\n");
}

TEST_F(SuppressBulk, imports_nothing_of_a_file_that_is_none_of_ours) {
  const std::string list = in_directory("list.csv");
  for (const auto& [content, told] :
       {std::pair{std::string("\xff\xfe"
                              "a\0",
                              4),
                  list + ": expected UTF-8, found UTF-16; save the file as UTF-8"},
        {"address,colour\nbob@icloud.com,red\n",
         list +
             ":1: expected columns named address, reason, scope, created, expires, source, note, "
             "confirmed, pattern, reply, queue_id, first_seen, last_seen or count, separated by "
             "commas; found \"colour\""},
        {"address,note,address\n", list + ":1: expected each column once, found \"address\" again"},
        {std::string(20000, 'x') + "\nbob@icloud.com\n",
         list + ":1: expected a line of at most 16384 octets"}}) {
    EXPECT_EQ(import(content), (Outcome{2, "", fmt::format("icloud-milterctl: {}\n", told)}));
  }
  EXPECT_EQ(
      run({"import", in_directory("none.csv")}),
      (Outcome{1, "",
               "icloud-milterctl: " + in_directory("none.csv") + ": No such file or directory\n"}));
  EXPECT_EQ(run({"import", directory_.path()}),
            (Outcome{1, "",
                     "icloud-milterctl: " + std::string(directory_.path()) +
                         ": cannot be read: Is a directory\n"}));
  EXPECT_EQ(exported(), csv_titles);
}

TEST_F(SuppressBulk, says_a_mistake_on_the_command_line_once_and_not_for_each_line) {
  EXPECT_EQ(import("bob@icloud.com\neve@me.com\n", {"--reason", "suspended"}),
            (Outcome{2, "",
                     "icloud-milterctl: suspended: expected an expiry, found none; write "
                     "--expires 30d\n"}));
  EXPECT_EQ(
      import("bob@icloud.com\n", {"--format", "xml"}),
      (Outcome{2, "",
               "icloud-milterctl: format: expected auto, csv, json or plain, found \"xml\"\n"}));
}

TEST_F(SuppressBulk, imports_what_it_exports) {
  import(
      "\xef\xbb\xbf"
      "address,reason,scope,created,expires,source,note\r\n"
      "bob@icloud.com,unsubscribe,global,2026-01-01T08:00:00.5Z,,\"a, b\",\"say \"\"no\"\"\"\r\n"
      "\"\"\"b,c\"\"@me.com\",suspended,list:x.example,2026-02-01,2126-01-01,crm,\xc3\xa4\r\n"
      "eve@me.com,manual,stream:shop,2026-03-01,,crm,\r\n");
  const std::string first = exported();
  EXPECT_EQ(first, std::string(csv_titles) +
                       "\"\"\"b,c\"\"@me.com\",suspended,list:x.example,2026-02-01T00:00:00Z,"
                       "2126-01-01T00:00:00Z,crm,\xc3\xa4,,,,,,,\r\n"
                       "bob@icloud.com,unsubscribe,global,2026-01-01T08:00:00.500Z,,\"a, b\","
                       "\"say \"\"no\"\"\",,,,,,,\r\n"
                       "eve@me.com,manual,stream:shop,2026-03-01T00:00:00Z,,crm,,,,,,,,\r\n");
  begin_another();
  EXPECT_EQ(import(first).exit, 0);
  EXPECT_EQ(exported(), first);
}

TEST_F(SuppressBulk, exports_with_the_evidence_and_imports_it_exactly) {
  const std::string lines =
      "{\"address\":\"+bob@icloud.com\",\"reason\":\"hard-bounce\",\"scope\":\"global\","
      "\"created\":\"2026-11-01T08:00:00.007Z\",\"expires\":null,\"source\":\"=crm\","
      "\"note\":\"\xc3\xa4, '=1 \\\\ "
      "\\\"x\\\"\",\"confirmed\":\"2026-11-03T08:00:00.001Z\",\"evidence\":{\"pattern\":\"no-such-"
      "user\","
      "\"reply\":\" @550 5.1.1\",\"queue_id\":\"4abc\","
      "\"first_seen\":\"2026-11-01T08:00:00.000Z\",\"last_seen\":\"2026-11-02T08:00:00.001Z\","
      "\"count\":1000000000}}\n"
      "{\"address\":\"eve@me.com\",\"reason\":\"suspended\",\"scope\":\"list:x.example\","
      "\"created\":\"2026-11-01T08:00:00.000Z\",\"expires\":\"2126-11-01T08:00:00.000Z\","
      "\"source\":\"crm\",\"note\":\"\"}\n";
  ASSERT_EQ(import(lines).err, "");
  EXPECT_EQ(exported({"--format", "json"}), lines);
  const std::string csv = exported();
  EXPECT_EQ(csv, std::string(csv_titles) +
                     "'+bob@icloud.com,hard-bounce,global,2026-11-01T08:00:00.007Z,,'=crm,"
                     "\"\xc3\xa4, '=1 \\ "
                     "\"\"x\"\"\",2026-11-03T08:00:00.001Z,no-such-user, "
                     "@550 5.1.1,4abc,"
                     "2026-11-01T08:00:00Z,2026-11-02T08:00:00.001Z,1000000000\r\n"
                     "eve@me.com,suspended,list:x.example,2026-11-01T08:00:00Z,"
                     "2126-11-01T08:00:00Z,crm,,,,,,,,\r\n");
  begin_another();
  ASSERT_EQ(import(csv).err, "");
  EXPECT_EQ(exported({"--format", "json"}), lines);
}

TEST_F(SuppressBulk, keeps_the_name_of_the_file_as_it_is_spelled_and_as_far_as_there_is_room) {
  std::string name;
  for (int i = 0; i < 60; ++i) name += "\xc3\xa4";
  const std::string file = directory_.write(name, "bob@icloud.com\n");
  EXPECT_EQ(run({"import", file}).err, "");
  EXPECT_NE(exported().find(",import:" + name.substr(0, 100) + ",,"), std::string::npos)
      << exported();
}

// Standard input as a file of this content, while it lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& file) : before_(::dup(STDIN_FILENO)) {
    const int content = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    ::dup2(content, STDIN_FILENO);
    ::close(content);
    std::clearerr(stdin);
    std::rewind(stdin);
  }
  ~StandardInput() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
    std::clearerr(stdin);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int before_;
};

TEST_F(SuppressBulk, imports_standard_input) {
  const StandardInput input(directory_.write("input", "bob@icloud.com\nbob\n"));
  EXPECT_EQ(run({"import", "-", "--skip-bad"}),
            (Outcome{0,
                     "standard input: 1 entry: 1 added, 0 changed, 0 unchanged; 1 bad line left "
                     "out; import 1\n",
                     "icloud-milterctl: standard input:2: address \"bob\": has no \"@\"\n"}));
  EXPECT_EQ(exported(), std::string(csv_titles) +
                            "bob@icloud.com,manual,global,NOW,,import:standard input,,,,,,,,\r\n");
}

// What a terminal at standard error shows of an import; empty when there are no terminals here.
std::string seen_on_terminal(std::vector<std::string> words) {
  const int screen = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (screen < 0 || ::grantpt(screen) != 0 || ::unlockpt(screen) != 0) return {};
  const int terminal = ::open(::ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return {};
  CLI::App app{"", "icloud-milterctl"};
  Chosen chosen;
  add_suppress(app, chosen);
  std::vector<const char*> argv = {"icloud-milterctl"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  std::fflush(stderr);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(terminal, STDERR_FILENO);
  run_command_line(app, chosen, static_cast<int>(argv.size()), argv.data());
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(terminal);
  testing::internal::GetCapturedStdout();
  std::string seen;
  char piece[4096];
  for (ssize_t size; (size = ::read(screen, piece, sizeof piece)) > 0;) {
    seen.append(piece, static_cast<std::size_t>(size));
  }
  ::close(screen);
  return seen;
}

TEST_F(SuppressBulk, shows_progress_on_a_terminal_and_takes_it_away) {
  const std::string list = directory_.write("list.csv", "bob@icloud.com\neve@me.com\n");
  const std::string seen = seen_on_terminal({"suppress", "import", list, "--store", store_});
  if (seen.empty()) GTEST_SKIP() << "no pseudo terminals here";
  EXPECT_TRUE(seen.starts_with("\rreading list.csv: 1\x1b[K")) << seen;
  EXPECT_NE(seen.find("\rmerging: "), std::string::npos) << seen;
  EXPECT_TRUE(seen.ends_with("\r\x1b[K")) << seen;
  EXPECT_EQ(import("bob@icloud.com\n").err, "") << "not where nobody watches";
}

}  // namespace
}  // namespace icm::ctl
