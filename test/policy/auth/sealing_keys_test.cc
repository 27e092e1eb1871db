// SPDX-License-Identifier: Apache-2.0
//
// The keys of a configuration: read all at once, and chosen by what they are for.
#include "policy/auth/sealing_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/support/temporary_directory.h"

namespace icm {
namespace {

class SealingKeysTest : public testing::Test {
 protected:
  std::string make_key(std::string_view name, KeyType type = KeyType::rsa, int bits = 2048) const {
    std::string path = directory_.write(name, PrivateKey::generate(type, bits)->to_pem());
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
    return path;
  }
  static SealingKeyConfig entry(std::string selector, std::string file,
                                std::vector<std::string> recipients = {},
                                std::vector<std::string> listeners = {}) {
    return {.domain = "ours.example",
            .selector = std::move(selector),
            .file = std::move(file),
            .recipients = std::move(recipients),
            .listeners = std::move(listeners)};
  }

  TemporaryDirectory directory_;
};

TEST_F(SealingKeysTest, are_chosen_by_what_says_most_about_the_mail) {
  const std::string file = make_key("k.pem");
  const auto keys = SealingKeys::load(
      {entry("default", file), entry("listener", file, {}, {"GATE-A", "GATE-B"}),
       entry("recipient", file, {"icloud.com", "me.com"}),
       entry("both", file, {"me.com"}, {"GATE-A"}), entry("none", file, {"x.example"}, {"Z"})},
      "");
  ASSERT_TRUE(keys) << keys.error().text;
  const auto chosen = [&](std::string_view recipient, std::string_view listener) {
    const SealingKey* const key = keys->choose(recipient, listener);
    return key == nullptr ? std::string("none") : key->selector;
  };
  EXPECT_EQ(chosen("me.com", "GATE-A"), "both");
  EXPECT_EQ(chosen("ME.com", "GATE-A"), "both");
  EXPECT_EQ(chosen("me.com", "gate-a"), "recipient");  // {daemon_name} is compared as it is
  EXPECT_EQ(chosen("icloud.com", "GATE-A"), "recipient");
  EXPECT_EQ(chosen("mac.com", "GATE-B"), "listener");
  EXPECT_EQ(chosen("x.example", "Y"), "default");
  EXPECT_EQ(chosen("sub.me.com", ""), "default");
  EXPECT_EQ(chosen("", ""), "default");
}

TEST_F(SealingKeysTest, are_none_where_no_key_is_for_the_mail) {
  const auto keys = SealingKeys::load({entry("a", make_key("k.pem"), {"me.com"})}, "");
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->choose("icloud.com", "GATE"), nullptr);
  EXPECT_EQ(SealingKeys().choose("me.com", "GATE"), nullptr);
}

TEST_F(SealingKeysTest, keep_the_names_of_their_entries) {
  const std::string file = make_key("k.pem");
  const auto keys = SealingKeys::load({entry("s1", file)}, "");
  ASSERT_TRUE(keys) << keys.error().text;
  ASSERT_EQ(keys->all().size(), 1u);
  EXPECT_EQ(keys->all()[0].domain, "ours.example");
  EXPECT_EQ(keys->all()[0].selector, "s1");
  EXPECT_EQ(keys->all()[0].file, file);
  EXPECT_EQ(keys->all()[0].key.bits(), 2048);
  EXPECT_TRUE(keys->warnings().empty());
}

TEST_F(SealingKeysTest, that_cannot_be_used_are_all_told_each_file_once) {
  const std::string folder = directory_.path();
  const auto keys = SealingKeys::load(
      {entry("a", folder + "/a"), entry("b", make_key("b.pem")), entry("c", folder),
       entry("a2", folder + "/a", {"me.com"}), entry("d", "credential:arc")},
      "");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, Code::config);
  EXPECT_EQ(keys.error().text,
            "arc_sealing.keys[1].file: " + folder +
                "/a: there is no such file; \"icloud-milterctl keys generate\" makes a key\n"
                "arc_sealing.keys[3].file: " +
                folder +
                ": is a directory, expected a regular file\n"
                "arc_sealing.keys[5].file: credential:arc: CREDENTIALS_DIRECTORY is not set; "
                "systemd sets it for a unit with LoadCredential=arc:/PATH");
}

TEST_F(SealingKeysTest, that_are_not_as_good_as_they_should_be_are_told_once_a_file) {
  const std::string file = make_key("weak.pem", KeyType::rsa, 1024);
  const auto keys = SealingKeys::load({entry("a", file), entry("a", file, {"me.com"})}, "");
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->warnings(),
            std::vector<std::string>{"arc_sealing.keys[1].file: " + file +
                                     ": RSA key of 1024 bits: make one of 2048 (RFC 8301 section "
                                     "3.2)"});
}

// systemd grants a credential by an access list, which stands where the rights of the group do.
TEST_F(SealingKeysTest, of_systemd_are_found_in_its_directory_whatever_their_mode) {
  const std::string path = make_key("arc.key");
  ASSERT_EQ(::chmod(path.c_str(), 0444), 0);
  const auto keys = SealingKeys::load({entry("a", "credential:arc.key")}, directory_.path());
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->all()[0].file, "credential:arc.key");
}

}  // namespace
}  // namespace icm
