// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress with hashes: lists of others, and a store that keeps no address.
#include <filesystem>
#include <fstream>

#include "policy/store/address_forms.h"
#include "test/milter/ctl/suppress_fixture.h"

namespace icm::ctl {
namespace {

class SuppressHash : public Suppress {
 protected:
  std::string key_file(std::string_view name, char octet) {
    const std::string path = directory_.write(name, std::string(64, octet) + "\n");
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }
  void configure(const std::string& store, const std::string& key) {
    config_ = directory_.write("milter.conf",
                               fmt::format("store: {{path: {}, hash_key_file: {}}}\n", store, key));
  }
  Outcome run_configured(std::vector<std::string> words) {
    words.insert(words.begin(), "suppress");
    words.insert(words.end(), {"--config", config_});
    return run_as_given(std::move(words));
  }

  std::string config_;
};

TEST_F(SuppressHash, takes_and_gives_hashes_of_addresses) {
  // printf bob@icloud.com | sha256sum
  const std::string digits = "162b36e08e67955ad22f3b015fdb89fe2b930b3e2eca51fdc0682b2d5a17454f";
  EXPECT_EQ(import("  162B36E08E67955AD22F3B015FDB89FE2B930B3E2ECA51FDC0682B2D5A17454F \n",
                   {"--hashed", "sha256", "--reason", "complaint"})
                .exit,
            0);
  EXPECT_EQ(exported({"--hashed", "sha256"}), digits + "\n");
  EXPECT_EQ(exported({"--format", "plain"}), "sha256:" + digits + "\n");
  EXPECT_EQ(
      run({"export", "--hashed", "md5"}),
      (Outcome{0, "", "icloud-milterctl: 1 entry is left out, kept as another hash alone\n"}));
  EXPECT_NE(import(exported({"--format", "plain"}), {"--reason", "complaint"})
                .out.find(": 1 entry: 0 added, 0 changed, 1 unchanged"),
            std::string::npos);
  EXPECT_TRUE(run({"show", "Bob@iCloud.com"}).out.starts_with("bob@icloud.com is suppressed\n"));
  EXPECT_TRUE(run({"show", "bob@me.com"})
                  .out.starts_with("bob@me.com is suppressed by the same name at a sibling"));
  EXPECT_EQ(run({"remove", "bob@icloud.com", "--because", "a test"}),
            (Outcome{0, "bob@icloud.com: removed: complaint, global, since NOW\n", ""}));
  run({"add", "bob@icloud.com"});
  EXPECT_EQ(exported({"--hashed", "sha256"}), digits + "\n");
  EXPECT_EQ(import("bob@icloud.com\n", {"--hashed", "md5"}).err,
            "icloud-milterctl: " + in_directory("list.csv") +
                ":1: address: expected 32 hexadecimal digits of md5, found \"bob@icloud.com\"\n" +
                "icloud-milterctl: " + in_directory("list.csv") +
                ": 1 bad line, 0 good; nothing was imported. Correct them, or leave them out with "
                "--skip-bad\n");
  EXPECT_EQ(run({"export", "--hashed", "sha1"}).err,
            "icloud-milterctl: hashed: expected sha256 or md5, found \"sha1\"\n");
}

TEST_F(SuppressHash, hashes_a_store_and_finds_what_was_in_it) {
  run({"add", "bob@icloud.com", "--reason", "unsubscribe"});
  configure(store_, key_file("key", 'a'));
  run_configured({"add", "eve@icloud.com"});
  const Outcome done = run_configured({"hash"});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.out, store_ + ": 1 entry hashed\n" + store_ +
                          "-unhashed.backup: the store as it was, with its addresses; delete it "
                          "when all is well\n");
  EXPECT_EQ(run_configured({"hash"}).out, store_ + ": has no address that is not hashed\n");
  EXPECT_TRUE(run_configured({"list"}).out.starts_with("hmac:"));
  EXPECT_TRUE(
      run_configured({"show", "bob@icloud.com"}).out.starts_with("bob@icloud.com is suppressed\n"));

  const std::string out = run_configured({"export", "--format", "plain"}).out;
  EXPECT_EQ(out.find('@'), std::string::npos) << out;
  const std::string list = directory_.write("out.txt", out);
  begin_another();
  configure(store_, in_directory("key"));
  EXPECT_NE(run_configured({"import", list})
                .out.find(": 2 entries: 2 added, 0 changed, 0 unchanged; import "),
            std::string::npos);
  EXPECT_TRUE(
      run_configured({"show", "bob@icloud.com"}).out.starts_with("bob@icloud.com is suppressed\n"));
  const std::string hashed = store_;
  store_ = in_directory("third.db");
  make_store();
  configure(store_, key_file("other", 'b'));
  EXPECT_NE(run_configured({"import", list})
                .err.find("address: expected one that is hashed under the key of this store "
                          "(store.hash_key_file), found \"hmac:"),
            std::string::npos);
  configure(hashed, in_directory("other"));
  EXPECT_EQ(run_configured({"show", "bob@icloud.com"}),
            (Outcome{1, "",
                     "icloud-milterctl: " + hashed +
                         ": its addresses are hashed under another key, and nobody could be found "
                         "in it; expected in store.hash_key_file the key that they were hashed "
                         "under\n"}));
}

TEST_F(SuppressHash, hashes_under_one_good_key_alone) {
  configure(store_, "\"\"");
  EXPECT_EQ(run_configured({"hash"}).err,
            "icloud-milterctl: store.hash_key_file: expected a file with the key to hash under "
            "(openssl rand -hex 32), found none\n");
  const std::string two = key_file("key", 'a');
  std::ofstream(two, std::ios::app) << std::string(64, 'b') << "\n";
  configure(store_, two);
  EXPECT_EQ(run_configured({"hash"}).err,
            "icloud-milterctl: store.hash_key_file: " + two +
                ": expected one key, found 2: what is hashed under one cannot be brought under "
                "another\n");
}

}  // namespace
}  // namespace icm::ctl
