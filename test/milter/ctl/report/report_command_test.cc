// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl report, as it is typed and answered.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "milter/ctl/report/page.h"
#include "test/milter/ctl/command_runner.h"
#include "test/milter/ctl/log_lines.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class Report : public testing::Test {
 protected:
  Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "report");
    words.insert(words.end(), {"--now", "2026-11-21T08:00:00Z", "--config", conf_});
    return run_command(add_report, words);
  }
  std::string path(const std::string& name) const { return (directory.path() / name).string(); }
  static std::string octets_of(const std::string& path) {
    std::ostringstream octets;
    octets << std::ifstream(path).rdbuf();
    return octets.str();
  }

  TemporaryDirectory directory;
  const std::string log =
      directory
          .write("decisions.jsonl",
                 line(accepted("2026-11-20T10:00:00Z", "4A", "ann@shop.example", "bob@icloud.com")))
          .string();

 private:
  std::string conf_ =
      directory
          .write("milter.conf", "log: {decisions: " + path("decisions.jsonl") +
                                    "}\nreplies: {book: " + path("replies.db") +
                                    "}\ncontrol: {socket: " + path("control") + "}\n")
          .string();
};

TEST_F(Report, is_text_of_the_configured_log_and_says_what_it_could_not_ask) {
  const Outcome outcome = run({"--since", "24h"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("Of 1 message for Apple, 100% went on."), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("Apple's answers are not known: "), std::string::npos);
  EXPECT_NE(outcome.out.find("How the limits stand is not known: no daemon can be reached"),
            std::string::npos);
}

TEST_F(Report, reads_what_the_log_was_rotated_to) {
  directory.write("decisions.jsonl.1",
                  line(accepted("2026-11-19T10:00:00Z", "4B", "a@shop.example", "bob@icloud.com")));
  EXPECT_NE(run({"--since", "7d"}).out.find("Of 2 messages for Apple"), std::string::npos);
  EXPECT_NE(run({"--since", "7d", log}).out.find("Of 1 message for Apple"), std::string::npos);
}

TEST_F(Report, is_a_page_in_a_file_of_its_own) {
  const std::string page = path("page.html");
  const Outcome outcome = run({"--html", page});
  EXPECT_EQ(outcome, (Outcome{.exit = 0, .out = "", .err = ""}));
  EXPECT_TRUE(octets_of(page).starts_with(report::page_begin));
  const auto mode = std::filesystem::status(page).permissions();
  EXPECT_EQ(static_cast<unsigned>(mode), 0640u);
  EXPECT_EQ(run({"--html", page}).exit, 0);  // again
  const Outcome both = run({"--html", page, "--text"});
  EXPECT_TRUE(both.out.starts_with("Mail to Apple\n")) << both.out;
}

TEST_F(Report, is_a_page_on_standard_output) {
  const Outcome outcome = run({log, "--html"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with(report::page_begin));
  EXPECT_EQ(run({log, "--html", "--text"}).exit, 2);
}

// "report --html decisions.jsonl" is soon typed by who meant the log to be read.
TEST_F(Report, overwrites_nothing_but_a_page) {
  const std::string before = octets_of(log);
  const Outcome outcome = run({"--html", log});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_EQ(outcome.err, "icloud-milterctl: " + log +
                             ": expected a new file or an earlier page of this command, found "
                             "something else; it is left as it is\n");
  EXPECT_EQ(octets_of(log), before);
}

TEST_F(Report, refuses_a_span_that_is_none) {
  for (const auto& [since, until] : {std::pair{"1h", "2h"}, std::pair{"tomorrow", ""},
                                     std::pair{"1h", "1h"}, std::pair{"1970-01-01", ""}}) {
    std::vector<std::string> words = {"--since", since};
    if (*until != '\0') words.insert(words.end(), {"--until", until});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit, 2) << since << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Report, ends_with_1_where_there_is_no_log_or_no_place) {
  EXPECT_EQ(run({path("nothing")}).exit, 1);
  EXPECT_EQ(run({"--html", path("no/such/folder/page.html")}).exit, 1);
}

TEST_F(Report, passes_over_lines_that_are_no_decisions_and_says_so) {
  directory.write("decisions.jsonl", octets_of(log) + "\x1b[2Jnonsense\n");
  const Outcome outcome = run({"--since", "1d"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_NE(outcome.err.find("decisions.jsonl:2: not JSON"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("1 line is no decision and was passed over."), std::string::npos);
}

}  // namespace
}  // namespace icm::ctl
