// SPDX-License-Identifier: Apache-2.0
//
// Files of private keys: which are taken, and what is said of the others.
#include "policy/auth/key_file.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "policy/auth/key_rights.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

const PrivateKey& rsa_key() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa, 2048).value();
  return key;
}

class KeyFileTest : public testing::Test {
 protected:
  std::string file(std::string_view text, mode_t mode = 0600) const {
    std::string path = directory_.write("arc.pem", text);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  // What is said of a file of the daemon's with this text, without the path in front.
  std::string refusal(std::string_view text, mode_t mode = 0600) const {
    const std::string path = file(text, mode);
    const auto read = read_key_file(path, KeyGuard::mode);
    if (read) return "taken";
    EXPECT_EQ(read.error().code, Code::config);
    EXPECT_TRUE(read.error().text.starts_with(path + ": ")) << read.error().text;
    return read.error().text.substr(std::min(read.error().text.size(), path.size() + 2));
  }

  // The complaint about the file as it lies there now.
  static std::string rights_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return rights_problem(path, {status.st_uid, status.st_gid, status.st_mode & 07777u},
                          KeyReader::self());
  }

  TemporaryDirectory directory_;
};

TEST_F(KeyFileTest, with_a_good_key_is_taken_without_words) {
  const auto read = read_key_file(file(rsa_key().to_pem()), KeyGuard::mode);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->key.public_key(), rsa_key().public_key());
  EXPECT_TRUE(read->warnings.empty());
}

TEST_F(KeyFileTest, is_taken_through_a_link) {
  const std::string link = directory_.path() / "link.pem";
  std::filesystem::create_symlink(file(rsa_key().to_pem()), link);
  EXPECT_TRUE(read_key_file(link, KeyGuard::mode));
}

TEST_F(KeyFileTest, that_others_may_read_is_refused_to_the_daemon_and_told_to_a_person) {
  const std::string path = file(rsa_key().to_pem(), 0644);
  const std::string problem = rights_of(path);
  ASSERT_NE(problem, "");
  EXPECT_EQ(refusal(rsa_key().to_pem(), 0644), problem);
  const auto read = read_key_file(path, KeyGuard::person);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->warnings, std::vector<std::string>{path + ": " + problem});
  const auto credential = read_key_file(path, KeyGuard::credential);
  ASSERT_TRUE(credential) << credential.error().text;
  EXPECT_TRUE(credential->warnings.empty());
}

TEST_F(KeyFileTest, that_is_no_private_key_is_told_for_what_it_is) {
  const std::string body = "\nMIIB\n";
  struct Case {
    std::string text;
    std::string told;
  };
  for (const auto& [text, told] :
       {Case{"", "is empty, expected a private key in PEM"},
        Case{"hello\n", "holds no PEM, expected \"-----BEGIN PRIVATE KEY-----\""},
        Case{"-----BEGIN PUBLIC KEY-----" + body,
             "holds a public key, expected \"-----BEGIN PRIVATE KEY-----\""},
        Case{"-----BEGIN CERTIFICATE-----" + body,
             "holds a certificate, expected \"-----BEGIN PRIVATE KEY-----\""},
        Case{"-----BEGIN X509 CRL-----" + body,
             "holds something else in PEM, expected \"-----BEGIN PRIVATE KEY-----\""},
        Case{"-----BEGIN OPENSSH PRIVATE KEY-----" + body,
             "holds a key of OpenSSH's own form, expected \"-----BEGIN PRIVATE KEY-----\"; "
             "\"icloud-milterctl keys generate\" makes one"},
        Case{"-----BEGIN ENCRYPTED PRIVATE KEY-----" + body,
             "the key has a passphrase, and nobody is there to type it in; take it off: openssl "
             "pkey -in " +
                 (directory_.path() / "arc.pem").string() + " -out NEW.pem"},
        Case{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED" + body,
             "the key has a passphrase, and nobody is there to type it in; take it off: openssl "
             "pkey -in " +
                 (directory_.path() / "arc.pem").string() + " -out NEW.pem"},
        Case{std::string(65537, 'a'),
             "is larger than 65536 octets, expected a private key in "
             "PEM"}}) {
    EXPECT_EQ(refusal(text), told) << text.substr(0, 80);
  }
}

TEST_F(KeyFileTest, with_a_broken_pem_says_so_once) {
  const std::string told =
      refusal("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
  EXPECT_TRUE(told.starts_with("expected a private key in PEM without a passphrase: ")) << told;
}

// One bit of the modulus: what is signed with p and q is no longer what n verifies.
TEST_F(KeyFileTest, with_a_damaged_key_is_refused) {
  const std::string pem = rsa_key().to_pem();
  const std::size_t begin = pem.find('\n') + 1;
  std::string base64 = pem.substr(begin, pem.find("-----END") - begin);
  std::erase(base64, '\n');
  std::string der = from_base64(base64).value();
  der[60] = static_cast<char>(der[60] ^ 0x04);
  EXPECT_EQ(
      refusal("-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n"),
      "the key is damaged: it does not verify what it signs");
}

TEST_F(KeyFileTest, with_a_short_rsa_key_is_refused_below_1024_bits_and_told_below_2048) {
  EXPECT_EQ(refusal(PrivateKey::generate(KeyType::rsa, 1016)->to_pem()),
            "RSA key of 1016 bits: verifiers take none below 1024 (RFC 8301 section 3.2), make one "
            "of 2048");
  const std::string path = file(PrivateKey::generate(KeyType::rsa, 1024)->to_pem());
  const auto read = read_key_file(path, KeyGuard::mode);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->warnings,
            std::vector<std::string>{
                path + ": RSA key of 1024 bits: make one of 2048 (RFC 8301 section 3.2)"});
}

TEST_F(KeyFileTest, with_an_ed25519_key_says_that_hardly_anybody_verifies_it) {
  const std::string path = file(PrivateKey::generate(KeyType::ed25519)->to_pem());
  const auto read = read_key_file(path, KeyGuard::mode);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(
      read->warnings,
      std::vector<std::string>{path + ": an ed25519 key: ARC knows rsa-sha256 alone (RFC 8617 "
                                      "section 4.1.2), so hardly any receiver verifies its seals"});
}

TEST_F(KeyFileTest, that_is_no_file_is_told_for_what_it_is) {
  const auto told = [](const std::string& path) {
    const auto read = read_key_file(path, KeyGuard::mode);
    return read ? "taken" : read.error().text;
  };
  const std::string pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string directory = directory_.path();
  EXPECT_EQ(told(pipe), pipe + ": is a pipe, expected a regular file");  // and does not wait for it
  EXPECT_EQ(told(directory), directory + ": is a directory, expected a regular file");
  EXPECT_EQ(told("/dev/null"), "/dev/null: is a device, expected a regular file");
  EXPECT_EQ(
      told(directory + "/none"),
      directory + "/none: there is no such file; \"icloud-milterctl keys generate\" makes a key");
  EXPECT_EQ(told("/dev/null/key"), "/dev/null/key: cannot be opened: Not a directory");
}

// Numbers that no host has names for.
constexpr std::uint32_t daemon_user = 4'000'001;
constexpr std::uint32_t daemon_group = 4'000'002;
constexpr std::uint32_t other_user = 4'000'003;
constexpr std::uint32_t other_group = 4'000'004;

TEST(KeyRights, of_root_or_the_daemon_with_the_daemons_group_reading_are_good) {
  const KeyReader daemon{.user = daemon_user, .groups = {daemon_group, 4'000'009}};
  for (const FileRights& rights :
       {FileRights{0, 0, 0600}, FileRights{0, daemon_group, 0640}, FileRights{0, 4'000'009, 0440},
        FileRights{daemon_user, other_group, 0400}, FileRights{daemon_user, daemon_group, 0640}}) {
    EXPECT_EQ(rights_problem("/k", rights, daemon), "");
  }
  const KeyReader root{.user = 0, .groups = {0}};
  for (const FileRights& rights : {FileRights{other_user, other_group, 0640},
                                   FileRights{0, other_group, 0640}, FileRights{0, 0, 0400}}) {
    EXPECT_EQ(rights_problem("/k", rights, root), "");
  }
}

TEST(KeyRights, that_say_too_much_come_with_the_command_that_mends_them) {
  const KeyReader daemon{.user = daemon_user, .groups = {daemon_group}};
  const KeyReader root{.user = 0, .groups = {0}};
  const std::string expected =
      "expected root or 4000001 as owner, and rights for nobody else but group 4000002 to read: ";
  struct Case {
    FileRights rights;
    const KeyReader& reader;
    std::string told;
  };
  for (const auto& [rights, reader, told] :
       {Case{{0, 0, 0644},
             root,
             "everybody may read the key (mode 0644, owner root, group root); expected rights for "
             "its owner, and for one group to read: chmod o= '/etc/the key'"},
        Case{{0, 0, 0671},
             root,
             "everybody has rights to the key, group root may change the key (mode 0671, owner "
             "root, group root); expected rights for its owner, and for one group to read: chmod "
             "o=,g-wx '/etc/the key'"},
        Case{{0, daemon_group, 0644},
             daemon,
             "everybody may read the key (mode 0644, owner root, group 4000002); " + expected +
                 "chmod o= '/etc/the key'"},
        Case{{0, 0, 0644},
             daemon,
             "everybody may read the key, group root may read the key (mode 0644, owner root, "
             "group root); " +
                 expected + "chown :4000002 '/etc/the key' && chmod o= '/etc/the key'"},
        Case{{daemon_user, other_group, 0640},
             daemon,
             "group 4000004 may read the key (mode 0640, owner 4000001, group 4000004); " +
                 expected + "chmod g-r '/etc/the key'"},
        Case{{other_user, other_group, 0604},
             daemon,
             "4000003 owns the key, everybody may read the key (mode 0604, owner 4000003, group "
             "4000004); " +
                 expected + "chown root:4000002 '/etc/the key' && chmod o=,g+r '/etc/the key'"},
        Case{{daemon_user, daemon_group, 0660},
             daemon,
             "group 4000002 may change the key (mode 0660, owner 4000001, group 4000002); " +
                 expected + "chmod g-wx '/etc/the key'"}}) {
    EXPECT_EQ(rights_problem("/etc/the key", rights, reader), told);
  }
}

// As the daemon's user would be told; a directory or file denied to somebody else looks the same.
TEST(KeyRights, that_deny_the_key_come_with_the_command_that_grants_it) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("the.pem", "x");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  const KeyReader daemon{.user = daemon_user, .groups = {daemon_group}};
  const std::string told = denial_problem(path, daemon);
  EXPECT_TRUE(told.starts_with("user 4000001 may not read it (mode 0600, owner ")) << told;
  EXPECT_TRUE(told.ends_with(": chgrp 4000002 " + path + " && chmod g=r " + path)) << told;
}

}  // namespace
}  // namespace icm
