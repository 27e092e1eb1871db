// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl log as its user sees it.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "milter/ctl/command_line.h"
#include "milter/decision_reader.h"
#include "test/milter/ctl/command_runner.h"
#include "test/milter/ctl/log_lines.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

Outcome run(std::vector<std::string> arguments) {
  return run_command(&add_log, std::move(arguments));
}

class Log : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string one_ = line(accepted("2026-11-20T08:00:00Z", "4A", "a@shop.example", "bob@me.com"));
  std::string two_ =
      line(with(accepted("2026-11-20T09:00:00Z", "4B", "b@shop.example", "eve@me.com"),
                {judged("format", "format.date-past", Mode::enforce)}));
  std::string three_ = line(accepted("2026-11-20T10:00:00Z", "4C", "c@shop.example", "joe@me.com"));
  std::string log_ = directory_.write("decisions.jsonl", one_ + two_ + three_);
};

TEST_F(Log, lists_decisions_newest_last) {
  EXPECT_EQ(
      run({"log", log_}),
      (Outcome{0,
               "2026-11-20 08:00:00Z  accept      4A               a@shop.example -> bob@me.com\n"
               "2026-11-20 09:00:00Z  reject      4B               b@shop.example -> eve@me.com\n"
               "  reject            format.date-past\n"
               "                    found  what was found\n"
               "                    fix    what to do\n"
               "                    told   550 5.7.1 no\n"
               "2026-11-20 10:00:00Z  accept      4C               c@shop.example -> joe@me.com\n",
               ""}));
}

TEST_F(Log, is_one_line_a_decision_when_asked_to_be_brief) {
  const std::string observed =
      line(with(accepted("2026-11-20T11:00:00Z", "4D", "d@shop.example", "eve@me.com"),
                {judged("format", "format.date-past", Mode::observe),
                 judged("format", "format.date-missing", Mode::observe)}));
  const std::string log = directory_.write("brief.jsonl", one_ + two_ + observed);
  EXPECT_EQ(
      run({"log", "--brief", log}),
      (Outcome{0,
               "2026-11-20 08:00:00Z  accept      4A               a@shop.example -> bob@me.com\n"
               "2026-11-20 09:00:00Z  reject      4B               b@shop.example -> eve@me.com  "
               "format.date-past\n"
               "2026-11-20 11:00:00Z  accept      4D               d@shop.example -> eve@me.com  "
               "would reject format.date-past and 1 more\n",
               ""}));
}

// What is copied from a line can be asked for.
TEST_F(Log, takes_a_time_as_it_prints_it) {
  for (const std::string_view time : {"2026-11-20 10:00:00Z", "2026-11-20 10:00:00",
                                      "2026-11-20T10:00:00", "2026-11-20T10:00:00Z"}) {
    EXPECT_EQ(run({"log", "--json", "--since", std::string(time), log_}), (Outcome{0, three_, ""}))
        << time;
  }
}

TEST_F(Log, passes_matching_lines_through_unchanged_as_json) {
  const std::string odd = R"({ "verdict":"defer" ,"time" : "2026-11-20T11:00:00.000Z", "x":1.0})";
  const std::string log = directory_.write("odd.jsonl", one_ + odd + "\n" + two_);
  EXPECT_EQ(run({"log", "--json", "--verdict", "defer,reject", log}),
            (Outcome{0, odd + "\n" + two_, ""}));
}

TEST_F(Log, takes_filters_and_the_file_in_any_order) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"log", "--json", "--sender", "B@shop.example", log_},
        {"log", log_, "--json", "--recipient", "eve@me.com"},
        {"log", "--json", "--policy", "format", log_},
        {"log", "--json", "--rule", "format.date-past", log_},
        {"log", "--json", "--queue-id", "4B", "--queue-id", "4X", log_},
        {"log", "--json", "--since", "2026-11-20T08:30:00Z", "--until", "2026-11-20T09:30:00Z",
         log_}}) {
    EXPECT_EQ(run(arguments), (Outcome{0, two_, ""})) << arguments[2];
  }
}

TEST_F(Log, shows_the_newest_with_a_limit) {
  EXPECT_EQ(run({"log", "--json", "--limit", "2", log_}), (Outcome{0, two_ + three_, ""}));
  EXPECT_EQ(run({"log", "--limit", "1", log_}).out,
            "2026-11-20 10:00:00Z  accept      4C               c@shop.example -> joe@me.com\n");
}

TEST_F(Log, reads_rotated_files_oldest_first) {
  const std::string older = directory_.write("decisions.jsonl.1", one_);
  const std::string newer = directory_.write("decisions.jsonl", two_ + three_);
  const std::string empty = directory_.write("decisions.jsonl.0", "");
  EXPECT_EQ(run({"log", "--json", newer, empty, older}), (Outcome{0, one_ + two_ + three_, ""}));
}

TEST_F(Log, finds_the_file_by_the_configuration) {
  const std::string config = directory_.write("milter.conf", "log:\n  decisions: " + log_ + "\n");
  EXPECT_EQ(run({"log", "--json", "--config", config}), (Outcome{0, one_ + two_ + three_, ""}));
  const std::string none = directory_.write("none.conf", "log:\n  decisions: \"\"\n");
  EXPECT_EQ(
      run({"log", "--config", none}),
      (Outcome{1, "",
               "icloud-milterctl: log.decisions is empty, so no decision log is written; name "
               "a FILE\n"}));
}

TEST_F(Log, passes_over_what_is_no_decision_and_names_it) {
  const std::string log = directory_.write(
      "decisions.jsonl", one_ + "[]\n" + two_.substr(0, 40) + two_ + std::string("\0\x1b[2J\n", 6) +
                             std::string(longest_decision_line + 1, 'x') + "\n" + three_);
  const Outcome outcome = run({"log", "--json", log});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.out, one_ + three_);
  const std::string place = "icloud-milterctl: " + log;
  EXPECT_TRUE(outcome.err.starts_with(place + ":2: not a decision: expected a JSON object\n"))
      << outcome.err;
  EXPECT_NE(outcome.err.find(place + ":3: not JSON: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(place + ":4: not JSON: "), std::string::npos) << outcome.err;
  EXPECT_TRUE(
      outcome.err.ends_with(place +
                            ":5: longer than 16777216 octets, the most a decision has\n"
                            "icloud-milterctl: 4 lines are no decisions and were passed over\n"))
      << outcome.err;
}

TEST_F(Log, says_nothing_of_a_last_line_that_is_being_written) {
  const std::string log = directory_.write("decisions.jsonl", one_ + two_.substr(0, 50));
  EXPECT_EQ(run({"log", "--json", log}), (Outcome{0, one_, ""}));
  const std::string whole = directory_.write("whole.jsonl", one_.substr(0, one_.size() - 1));
  EXPECT_EQ(run({"log", "--json", whole}), (Outcome{0, one_, ""}));
}

TEST_F(Log, says_when_nothing_fits) {
  EXPECT_EQ(run({"log", "--verdict", "quarantine", log_}),
            (Outcome{0, "", "icloud-milterctl: none of 3 decisions fits\n"}));
}

TEST_F(Log, says_where_to_look_when_no_mail_has_come) {
  const std::string log = directory_.write("decisions.jsonl", "");
  EXPECT_EQ(run({"log", log}),
            (Outcome{0, "",
                     "icloud-milterctl: no decision in " + log +
                         ": no mail has come since it was begun; icloud-milterctl postfix "
                         "status says whether the gate is attached\n"}));
}

TEST_F(Log, fails_when_a_file_is_missing) {
  const std::string missing = directory_.path() / "missing.jsonl";
  const std::string text = "icloud-milterctl: " + missing +
                           ": cannot open the decision log: No such file or directory\n";
  EXPECT_EQ(run({"log", missing}), (Outcome{1, "", text}));
  EXPECT_EQ(run({"log", "--follow", missing}), (Outcome{1, "", text}));
  EXPECT_EQ(run({"log", "summary", log_, missing}), (Outcome{1, "", text}));
}

TEST_F(Log, refuses_a_command_line_it_does_not_understand) {
  EXPECT_EQ(run({"log", "--since", "soon", log_}),
            (Outcome{2, "",
                     "icloud-milterctl: --since: expected a time such as 2026-11-21, "
                     "2026-11-21T08:15:30Z or @1763712930, or how long ago, such as 90m, 24h or "
                     "7d; found \"soon\"\n"}));
  EXPECT_EQ(
      run({"log", "--follow", log_, log_}),
      (Outcome{2, "", "icloud-milterctl: --follow takes one FILE, which is not standard input\n"}));
  EXPECT_EQ(run({"log", "--limit", "0", log_}).exit, 2);
  EXPECT_EQ(run({"log", "--nonsense", log_}).exit, 2);
  EXPECT_EQ(
      run({"log", "--rule", "format.date-pas", log_}),
      (Outcome{2, "",
               "icloud-milterctl: --rule: expected a rule as list_unsubscribe.post-missing, got "
               "\"format.date-pas\"; did you mean format.date-past?\nRun with --help for more "
               "information.\n"}));
  EXPECT_EQ(run({"log", "--policy", "nothing", log_}).exit, 2);
  EXPECT_EQ(run({"log", "--rule", "format.error", log_}).exit, 0);
  EXPECT_EQ(run({"log", "--verdict", "refuse", log_}).exit, 2);
  EXPECT_EQ(run({"log", "summary", "--by", "weekday", log_}).exit, 2);
}

TEST_F(Log, sums_up) {
  const Outcome outcome = run({"log", "summary", "--json", "--by", "sender", log_});
  EXPECT_EQ(outcome.exit, 0);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["by"], "sender");
  EXPECT_EQ(json["rows"].size(), 3u);
  EXPECT_EQ(json["rows"][0]["sender"], "b@shop.example");
}

TEST_F(Log, takes_the_filters_of_a_summary_before_and_after_its_word) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"log", "--sender", "b@shop.example", "summary", "--json", log_},
        {"log", "summary", "--sender", "b@shop.example", "--json", log_}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(nlohmann::json::parse(outcome.out)["messages"]["now"]["accept"], 0) << outcome.out;
    EXPECT_EQ(nlohmann::json::parse(outcome.out)["messages"]["now"]["reject"], 1) << outcome.out;
  }
}

TEST_F(Log, explains_every_option_and_gives_an_example) {
  const std::string help = run({"log", "--help"}).out;
  for (const std::string_view word :
       {"--since", "--until", "--verdict", "--policy", "--rule", "--sender", "--recipient",
        "--queue-id", "--role", "--origin", "--stream", "--json", "--follow", "--limit", "--config",
        "summary", "Example", "icloud-milterctl log --since"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word << "\n" << help;
  }
  const std::string summary = run({"log", "summary", "--help"}).out;
  for (const std::string_view word :
       {"--by", "--observed", "--limit", "--json", "--since", "Example"}) {
    EXPECT_NE(summary.find(word), std::string::npos) << word << "\n" << summary;
  }
}

// A child that follows the log into a pipe.
class Follower {
 public:
  explicit Follower(const std::string& log) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) {
      // Another test of this process may have kept the signal that interrupt() sends for itself.
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      std::signal(SIGINT, SIG_DFL);
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      CLI::App app;
      Chosen chosen;
      add_log(app, chosen);
      const char* argv[] = {"icloud-milterctl", "log", "--follow", "--json", log.c_str()};
      std::_Exit(run_command_line(app, chosen, 5, argv));
    }
    close(ends[1]);
    output_ = ends[0];
  }

  // What came until as many octets as `expected` has were there, or ten seconds went by.
  std::string read_like(std::string_view expected) {
    std::string text;
    while (text.size() < expected.size()) {
      pollfd watched{.fd = output_, .events = POLLIN, .revents = 0};
      if (poll(&watched, 1, 10000) != 1) break;
      char chunk[4096];
      const ssize_t count = read(output_, chunk, sizeof chunk);
      if (count <= 0) break;
      text.append(chunk, static_cast<std::size_t>(count));
    }
    return text;
  }

  void stop_reading() { close(output_); }
  void interrupt() { kill(child_, SIGINT); }
  int wait_status() {
    int status = 0;
    waitpid(child_, &status, 0);
    return status;
  }

 private:
  pid_t child_ = 0;
  int output_ = -1;
};

TEST_F(Log, follows_a_log_through_a_rotation_until_it_is_interrupted) {
  Follower follower(log_);
  EXPECT_EQ(follower.read_like(one_ + two_ + three_), one_ + two_ + three_);
  std::ofstream(log_, std::ios::app) << one_;
  EXPECT_EQ(follower.read_like(one_), one_);
  std::filesystem::rename(log_, log_ + ".1");
  std::ofstream(log_) << two_;
  EXPECT_EQ(follower.read_like(two_), two_);
  follower.interrupt();
  const int status = follower.wait_status();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  follower.stop_reading();
}

TEST_F(Log, stops_following_when_nobody_reads_any_more) {
  Follower follower(log_);
  follower.read_like(one_ + two_ + three_);
  follower.stop_reading();
  const int status = follower.wait_status();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace icm::ctl
