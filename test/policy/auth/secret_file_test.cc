// SPDX-License-Identifier: Apache-2.0
//
// Files of secret keys: which are taken, and what is said of the others.
#include "policy/auth/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/support/temporary_directory.h"

namespace icm {
namespace {

const std::string digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1E1F";

class SecretKeys : public testing::Test {
 protected:
  // What is said of a file with this text, without the path in front.
  std::string refusal(std::string_view text, mode_t mode = 0600) const {
    const std::string path = directory_.write("keys", text);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    const auto read = read_secret_keys(path, KeyGuard::mode);
    if (read) return "taken";
    EXPECT_EQ(read.error().code, Code::config);
    EXPECT_TRUE(read.error().text.starts_with(path)) << read.error().text;
    return read.error().text.substr(std::min(read.error().text.size(), path.size()));
  }

  TemporaryDirectory directory_;
};

TEST_F(SecretKeys, are_octets_the_first_line_first) {
  const std::string path =
      directory_.write("keys", "# newest first\n\n" + digits + "  # since November\n" +
                                   std::string(64, 'f') + "\r\n");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const auto keys = read_secret_keys(path, KeyGuard::mode);
  ASSERT_TRUE(keys) << keys.error().text;
  std::string counted;
  for (char octet = 0; octet < 32; ++octet) counted += octet;
  EXPECT_EQ(*keys, (std::vector<std::string>{counted, std::string(32, '\xff')}));
}

TEST_F(SecretKeys, are_refused_with_a_reason_that_does_not_show_them) {
  const std::string eight = [] {
    std::string lines;
    for (int i = 0; i < 9; ++i) lines += digits + "\n";
    return lines;
  }();
  struct Case {
    std::string text;
    std::string_view told;
  };
  for (const auto& [text, told] : {
           Case{"", ": is empty, expected keys of 64 hexadecimal digits, one a line"},
           Case{"# nothing\n", ": holds 0 keys, expected one to 8"},
           Case{eight, ": holds 9 keys, expected one to 8"},
           Case{"\nsecret\n",
                ":2: expected a key of 64 to 256 hexadecimal digits, as \"openssl rand -hex 32\" "
                "makes it; found 6 octets that are not such digits"},
           Case{digits.substr(2),
                ":1: expected a key of 64 to 256 hexadecimal digits, as \"openssl rand -hex 32\" "
                "makes it; found 62 octets"},
           Case{digits + "0",
                ":1: expected a key of 64 to 256 hexadecimal digits, as \"openssl rand -hex 32\" "
                "makes it; found 65 octets that are not such digits"},
           Case{std::string(258, '0'),
                ":1: expected a key of 64 to 256 hexadecimal digits, as \"openssl rand -hex 32\" "
                "makes it; found 258 octets"},
           Case{std::string(8193, '\n'),
                ": is larger than 8192 octets, expected keys of 64 hexadecimal digits, one a line"},
       }) {
    EXPECT_EQ(refusal(text), told);
  }
}

TEST_F(SecretKeys, are_refused_where_others_may_read_them) {
  const std::string told = refusal(digits, 0644);
  EXPECT_TRUE(told.starts_with(": everybody may read the key (mode 0644, owner ")) << told;
}

TEST_F(SecretKeys, say_how_to_make_what_is_missing) {
  const std::string path = directory_.path() / "none";
  const auto read = read_secret_keys(path, KeyGuard::mode);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, path + ": there is no such file; make it: openssl rand -hex 32");
}

}  // namespace
}  // namespace icm
