// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "test/milter/ctl/command_runner.h"

namespace icm::ctl {
namespace {

Outcome mistake(const std::string& complaint) {
  return {2, "", complaint + "\nRun with --help for more information.\n"};
}

TEST(CommandLine, names_the_command_that_was_meant) {
  EXPECT_EQ(run_command(add_suppress, {"supress"}),
            mistake("icloud-milterctl: unknown command \"supress\"; did you mean \"suppress\"?"));
  EXPECT_EQ(run_command(add_suppress, {"suppress", "ad", "bob@icloud.com"}),
            mistake("icloud-milterctl: unknown command \"ad\"; did you mean \"add\"?"));
}

TEST(CommandLine, names_all_commands_where_none_is_near) {
  EXPECT_EQ(run_command(add_suppress, {"suppress", "\x1b[31m"}),
            mistake("icloud-milterctl: unknown command \"\\x1b[31m\"; expected add, remove, show, "
                    "list, import, export, imports, undo, hash"));
}

TEST(CommandLine, asks_for_a_command_where_there_is_none) {
  EXPECT_EQ(run_command(add_suppress, {}),
            mistake("icloud-milterctl: expected a command: suppress"));
  EXPECT_EQ(run_command(add_config, {"config"}),
            mistake("icloud-milterctl: expected a command: check, show, example, diff"));
}

TEST(CommandLine, names_the_option_that_was_meant) {
  EXPECT_EQ(run_command(add_suppress, {"suppress", "add", "bob@icloud.com", "--resaon=complaint"}),
            mistake("icloud-milterctl: unknown option \"--resaon\"; did you mean \"--reason\"?"));
  EXPECT_EQ(run_command(add_status, {"status", "--\x1b[31m"}),
            mistake("icloud-milterctl: unknown option \"--\\x1b[31m\""));
}

TEST(CommandLine, says_what_is_too_much_and_what_is_missing) {
  EXPECT_EQ(run_command(add_status, {"status", "now"}),
            mistake("icloud-milterctl: unexpected argument \"now\""));
  EXPECT_EQ(run_command(add_check, {"check"}), mistake("icloud-milterctl: MESSAGE is required"));
}

TEST(CommandLine, keeps_help_within_the_width_of_a_page) {
  for (const auto& [add, words] :
       std::initializer_list<std::pair<void (*)(CLI::App&, Chosen&), std::vector<std::string>>>{
           {add_relay_events, {"relay-events", "import", "--help"}},
           {add_ledger, {"ledger", "reopen", "--help"}},
           {add_suppress, {"suppress", "import", "--help"}},
           {add_policy, {"policy", "--help"}}}) {
    const Outcome outcome = run_command(add, words);
    EXPECT_EQ(outcome.exit, 0);
    for (const std::string_view line : split(outcome.out, '\n')) {
      EXPECT_TRUE(is_printable(line) && (line.starts_with(' ') || line.size() <= 80)) << line;
    }
  }
  EXPECT_TRUE(run_command(add_policy, {"policy", "--help"})
                  .out.ends_with("Exit status: 0 done, 1 not, 2 usage, 3 no daemon.\nExamples:\n"
                                 "  icloud-milterctl policy alignment observe --for 1h\n"
                                 "  icloud-milterctl policy all observe --for 12h\n"));
}

TEST(CommandLine, says_which_words_an_option_takes) {
  EXPECT_EQ(run_command(add_log, {"log", "summary", "--by", "nonsense"}),
            mistake("icloud-milterctl: --by: expected rule, policy, sender or stream, got "
                    "\"nonsense\""));
  EXPECT_EQ(run_command(add_log, {"log", "summary", "--by", "1"}).exit, 2);
  EXPECT_EQ(run_command(add_log, {"log", "--verdict", "rejct"}),
            mistake("icloud-milterctl: --verdict: expected accept, tag, quarantine, defer or "
                    "reject, got \"rejct\"; did you mean \"reject\"?"));
}

}  // namespace
}  // namespace icm::ctl
