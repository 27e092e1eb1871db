// SPDX-License-Identifier: Apache-2.0
//
// milter.conf as a file: what keeps it from being read, and what is wrong with the file itself.
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "policy/config/config_reader.h"
#include "test/policy/config/reading.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

TEST(ConfigFile, is_read) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("milter.conf", "format: {percent: 5}\n").string();
  const ConfigResult result = read_config(path, test_now);
  ASSERT_TRUE(result) << report(result.error());
  EXPECT_EQ(result->config.format.percent, 5);
  EXPECT_EQ(but_for_egress(report(result->warnings)), "");
}

TEST(ConfigFile, that_cannot_be_read_says_why) {
  const TemporaryDirectory directory;
  const std::string missing = (directory.path() / "none.conf").string();
  EXPECT_EQ(
      report(read_config(missing, test_now).error()),
      missing + ": cannot be read: No such file or directory\n1 error; configuration not loaded\n");
  const std::string folder = directory.path().string();
  EXPECT_EQ(report(read_config(folder, test_now).error()),
            folder + ": cannot be read: Is a directory\n1 error; configuration not loaded\n");
}

TEST(ConfigFile, of_more_than_a_megabyte_is_refused) {
  const TemporaryDirectory directory;
  const std::string large(max_config_octets, '#');
  EXPECT_TRUE(read_config(directory.write("a", large).string(), test_now));
  const std::string path = directory.write("b", large + "#").string();
  EXPECT_EQ(
      but_for_egress(report(read_config(path, test_now).error())),
      path +
          ": larger than 1048576 octets, no configuration is\n1 error; configuration not loaded\n");
}

TEST(ConfigFile, that_everybody_may_write_to_is_warned_of) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("milter.conf", "x: 1\n").string();
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(but_for_egress(report(read_config(path, test_now).error())),
            path + ": warning: everybody on this host may write to it: run chmod o-w on it\n" +
                path +
                ":1:1: x: unknown section; \"icloud-milterctl config example\" has them all\n1 "
                "error; configuration not loaded\n");
}

}  // namespace
}  // namespace icm
