// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/configuration.h"

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

TEST(LoadConfiguration, reads_the_file_the_user_names) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("my.conf", "store:\n  path: /tmp/other.db\n");
  const Result<Config> config = load_configuration(path, "/nowhere/milter.conf");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->store.path, "/tmp/other.db");
}

TEST(LoadConfiguration, reads_the_default_file_where_there_is_one) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("milter.conf", "store:\n  path: /tmp/other.db\n");
  const Result<Config> config = load_configuration("", path);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->store.path, "/tmp/other.db");
}

TEST(LoadConfiguration, takes_the_built_in_defaults_where_there_is_no_default_file) {
  const Result<Config> config = load_configuration("", "/nowhere/milter.conf");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(*config, Config{});
}

TEST(LoadConfiguration, does_not_take_the_defaults_for_a_named_file_that_is_missing) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() / "missing.conf";
  const Result<Config> config = load_configuration(path, "/nowhere/milter.conf");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::config);
  EXPECT_TRUE(config.error().text.starts_with(path)) << config.error().text;
}

TEST(LoadConfiguration, reports_every_problem_of_the_file) {
  const TemporaryDirectory directory;
  const std::string path =
      directory.write("my.conf", "stroe:\n  path: x\nlimits:\n  drain: soon\n");
  const Result<Config> config = load_configuration(path);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().text.find("my.conf:1:1: "), std::string::npos) << config.error().text;
  EXPECT_NE(config.error().text.find("my.conf:4:10: "), std::string::npos) << config.error().text;
  EXPECT_TRUE(config.error().text.ends_with("2 errors; configuration not loaded"))
      << config.error().text;
}

TEST(Complain, names_the_program_on_every_line_and_cleans_it) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(complain("one\n\x1b[2Jtwo", Exit::usage), Exit::usage);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "icloud-milterctl: one\nicloud-milterctl: \\x1b[2Jtwo\n");
}

}  // namespace
}  // namespace icm::ctl
