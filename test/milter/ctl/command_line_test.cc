// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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
  EXPECT_EQ(run_command(add_suppress, {}), mistake("A subcommand is required"));
  EXPECT_EQ(run_command(add_suppress, {"suppress"}), mistake("A subcommand is required"));
}

}  // namespace
}  // namespace icm::ctl
