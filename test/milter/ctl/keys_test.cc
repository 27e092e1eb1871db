// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl keys, word by word as it is typed and answered.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/command.h"
#include "policy/auth/key_file.h"
#include "policy/auth/key_publication.h"
#include "policy/config/config_reader.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/nsd_process.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class KeysTest : public testing::Test {
 protected:
  static Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "keys");
    return run_command(add_keys, std::move(words));
  }
  std::string path(std::string_view name) const { return directory_.path() / name; }
  std::string read(const std::string& file) const {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // A key file with mode 0600.
  std::string write_key(std::string_view name, const PrivateKey& key = ours()) const {
    std::string file = directory_.write(name, key.to_pem());
    EXPECT_EQ(::chmod(file.c_str(), 0600), 0);
    return file;
  }
  std::string write_config(const std::string& keys) const {
    return directory_.write("milter.conf", "arc_sealing:\n  keys:\n" + keys).string();
  }
  std::string write_zone(const std::string& texts) const {
    return directory_
        .write("zone.json", "{\"arc._domainkey.ours.example.\": {\"TXT\": " + texts + "}}")
        .string();
  }
  static const PrivateKey& ours() {
    static const PrivateKey key = PrivateKey::generate(KeyType::rsa, 2048).value();
    return key;
  }

  TemporaryDirectory directory_;
};

using Keys = KeysTest;

TEST_F(Keys, generate_makes_a_file_for_the_owner_alone_and_says_what_to_do) {
  const std::string file = path("arc.pem");
  const Outcome made =
      run({"generate", "--domain", "Ours.example", "--selector", "arc", "--out", file});
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_EQ(made.err, "");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  const auto key = read_key_file(file, KeyGuard::mode);
  ASSERT_TRUE(key) << key.error().text;
  const std::string record = key_record(key->key);
  EXPECT_EQ(made.out,
            file + ": made (rsa, 2048 bits)\n\nPublish this record:\n\n" +
                zone_line("arc._domainkey.ours.example", record) +
                "\n\nA provider that asks for name and text takes "
                "arc._domainkey.ours.example and\n\n" +
                record +
                "\n\nWrite into milter.conf:\n\narc_sealing:\n  mode: observe\n  keys:\n"
                "    - domain: ours.example\n      selector: arc\n      file: " +
                file +
                "\n\nLet the daemon's group read the file, as installed icloud-milter:\n"
                "  chgrp icloud-milter " +
                file + " && chmod g=r " + file +
                "\nWait until \"icloud-milterctl keys check\" finds the record, and reload "
                "the daemon.\n");
}

TEST_F(Keys, generate_says_what_milter_conf_takes_as_it_is) {
  const std::string file = path("my key.pem");
  const Outcome made = run({"generate", "--domain", "ours.example", "--selector", "2026", "--out",
                            file, "--algorithm", "ed25519", "--json"});
  ASSERT_EQ(made.exit, 0) << made.err;
  const auto json = nlohmann::json::parse(made.out);
  EXPECT_EQ(json["algorithm"], "ed25519");
  EXPECT_EQ(json["bits"], 256);
  EXPECT_EQ(json["name"], "2026._domainkey.ours.example");
  const auto config = read_config_text("milter.conf", json["config"].get<std::string>(), {});
  ASSERT_TRUE(config) << report(config.error());
  const std::vector<SealingKeyConfig> expected = {{.domain = "ours.example",
                                                   .selector = "2026",
                                                   .file = file,
                                                   .recipients = {},
                                                   .listeners = {}}};
  EXPECT_EQ(config->config.arc_sealing.keys, expected);
}

TEST_F(Keys, generate_never_overwrites) {
  const std::string file = write_key("arc.pem");
  const Outcome refused =
      run({"generate", "--domain", "ours.example", "--selector", "arc", "--out", file});
  EXPECT_EQ(refused, (Outcome{1, "",
                              "icloud-milterctl: " + file +
                                  ": exists already, and a key is never overwritten; choose "
                                  "another name\n"}));
  EXPECT_EQ(read(file), ours().to_pem());
  std::filesystem::create_symlink(path("target"), path("link"));
  EXPECT_EQ(
      run({"generate", "--domain", "ours.example", "--selector", "arc", "--out", path("link")})
          .exit,
      1);
  EXPECT_FALSE(std::filesystem::exists(path("target")));
}

TEST_F(Keys, generate_refuses_what_makes_no_key) {
  struct Case {
    std::vector<std::string> more;
    int exit;
    std::string told;
  };
  const std::string nowhere = path("none/arc.pem");
  for (const auto& [more, exit, told] :
       {Case{{"--bits", "1000"}, 2, "--bits: expected 1024 to 4096, got 1000"},
        Case{{"--bits", "8192"}, 2, "--bits: expected 1024 to 4096, got 8192"},
        Case{{"--algorithm", "ed25519", "--bits", "256"},
             2,
             "--bits: an ed25519 key has one size only"},
        Case{{"--algorithm", "dsa"}, 2, "--algorithm: expected rsa or ed25519, got \"dsa\""},
        Case{{"--domain", "a..example"},
             2,
             "--domain: expected a domain name, got \"a..example\"; it has an empty label"},
        Case{{"--selector", "a_b"},
             2,
             "--selector: expected a selector as arc1 or 2026.arc, got \"a_b\""},
        Case{{"--out", nowhere}, 1, nowhere + ": cannot be made: No such file or directory"}}) {
    std::vector<std::string> words = {"generate"};
    const auto add = [&words, &given = more](const std::string& option, const std::string& value) {
      if (std::find(given.begin(), given.end(), option) == given.end()) {
        words.insert(words.end(), {option, value});
      }
    };
    add("--domain", "ours.example");
    add("--selector", "arc");
    add("--out", path("new.pem"));
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words), (Outcome{exit, "", "icloud-milterctl: " + told + "\n"}));
    EXPECT_FALSE(std::filesystem::exists(path("new.pem"))) << told;
  }
}

TEST_F(Keys, list_shows_every_key_and_for_whom_it_is) {
  const std::string file = write_key("arc.pem");
  const std::string config = write_config(
      "    - {domain: ours.example, selector: arc, file: " + file +
      "}\n"
      "    - {domain: ours.example, selector: two, file: \"credential:two.pem\", recipients: "
      "[icloud.com, me.com], listeners: [ICLOUD-GATE]}\n");
  write_key("two.pem", PrivateKey::generate(KeyType::rsa, 1024).value());
  const Outcome listed =
      run({"list", "--config", config, "--credentials", directory_.path().string()});
  EXPECT_EQ(listed.exit, 0);
  EXPECT_EQ(listed.err, "icloud-milterctl: warning: " + path("two.pem") +
                            ": RSA key of 1024 bits: make one of 2048 (RFC 8301 section 3.2)\n");
  const std::string pad(file.size() > 18 ? file.size() - 18 : 0, ' ');
  const std::string head_pad(file.size() - 4, ' ');
  EXPECT_EQ(listed.out, "KEY                          SIZE            FILE" + head_pad +
                            "  FOR\n"
                            "arc._domainkey.ours.example  rsa, 2048 bits  " +
                            file +
                            "  all other mail\n"
                            "two._domainkey.ours.example  rsa, 1024 bits  credential:two.pem" +
                            pad + "  mail for icloud.com, me.com over ICLOUD-GATE\n");
}

TEST_F(Keys, list_tells_of_files_that_cannot_be_used) {
  const std::string config =
      write_config("    - {domain: ours.example, selector: arc, file: " + path("none") + "}\n");
  const Outcome listed = run({"list", "--config", config, "--json"});
  EXPECT_EQ(listed.exit, 1);
  const std::string problem =
      path("none") + ": there is no such file; \"icloud-milterctl keys generate\" makes a key";
  EXPECT_EQ(listed.err, "icloud-milterctl: " + problem + "\n");
  EXPECT_EQ(nlohmann::json::parse(listed.out),
            (nlohmann::json{{"name", "arc._domainkey.ours.example"},
                            {"domain", "ours.example"},
                            {"selector", "arc"},
                            {"file", path("none")},
                            {"problem", problem},
                            {"recipients", nlohmann::json::array()},
                            {"listeners", nlohmann::json::array()}}));
}

TEST_F(Keys, are_missed_where_the_configuration_has_none) {
  const std::string config = directory_.write("milter.conf", "").string();
  for (const std::string word : {"list", "dns", "check"}) {
    EXPECT_EQ(run({word, "--config", config}),
              (Outcome{2, "",
                       "icloud-milterctl: " + config +
                           ": there is no key in arc_sealing.keys; \"icloud-milterctl keys "
                           "generate\" makes one\n"}));
  }
}

TEST_F(Keys, dns_prints_each_record_once_in_both_forms) {
  const std::string file = write_key("arc.pem");
  const std::string config =
      write_config("    - {domain: ours.example, selector: arc, file: " + file +
                   "}\n"
                   "    - {domain: ours.example, selector: arc, file: " +
                   file + ", recipients: [me.com]}\n");
  const std::string record = key_record(ours());
  const std::string zone = zone_line("arc._domainkey.ours.example", record);
  const Outcome printed = run({"dns", "--config", config});
  EXPECT_EQ(printed, (Outcome{0,
                              "; " + file + " (rsa, 2048 bits), as a line of a zone file:\n" +
                                  zone + "\n; the same as one text:\n; " + record + "\n",
                              ""}));
  const Outcome json =
      run({"dns", "--key", file, "--domain", "ours.example", "--selector", "arc", "--json"});
  EXPECT_EQ(json.exit, 0) << json.err;
  EXPECT_EQ(nlohmann::json::parse(json.out)["zone"], zone);
  EXPECT_EQ(nlohmann::json::parse(json.out)["chunks"], txt_chunks(record));
}

// What `keys dns` prints, a real name server serves and `keys check` finds.
TEST_F(Keys, check_finds_what_dns_printed) {
  const std::string file = write_key("arc.pem");
  const std::string config =
      write_config("    - {domain: ours.example, selector: arc, file: " + file + "}\n");
  const Outcome record = run({"dns", "--config", config});
  ASSERT_EQ(record.exit, 0) << record.err;
  const NsdProcess server(Zones{{"ours.example", record.out}});
  EXPECT_EQ(run({"check", "--config", config, "--dns", server.address().text()}),
            (Outcome{0,
                     "good  arc._domainkey.ours.example: the DNS has the key of " + file +
                         " (rsa, 2048 bits)\n",
                     ""}));
}

TEST_F(Keys, check_tells_what_stands_there_instead) {
  const std::string file = write_key("arc.pem");
  const std::string config =
      write_config("    - {domain: ours.example, selector: arc, file: " + file + "}\n");
  const std::string name = "arc._domainkey.ours.example";
  const std::string publish =
      "      publish this alone, of " + file + ": " + zone_line(name, key_record(ours())) + "\n";
  struct Case {
    std::string texts;
    std::string state;
    std::string told;
  };
  for (const auto& [texts, state, told] :
       {Case{"[]", "missing",
             "bad   " + name + ": there is no TXT record at " + name + "\n" + publish},
        Case{"[\"v=DKIM1; p=\"]", "revoked",
             "bad   " + name + ": the key at " + name + " has been revoked (p= is empty)\n" +
                 publish},
        Case{"[\"TIMEOUT\"]", "unknown",
             "late  " + name + ": not compared with " + file + ": TXT " + name +
                 ": temporary (TIMEOUT in the zone file)\n"}}) {
    const std::vector<std::string> words = {"check", "--config", config, "--zone",
                                            write_zone(texts)};
    EXPECT_EQ(run(words), (Outcome{1, told, ""}));
    auto with_json = words;
    with_json.push_back("--json");
    const Outcome json = run(with_json);
    EXPECT_EQ(json.exit, 1);
    EXPECT_EQ(nlohmann::json::parse(json.out)["state"], state);
  }
}

TEST_F(Keys, check_takes_a_key_that_no_configuration_has) {
  const std::string file = write_key("arc.pem");
  const Outcome good = run({"check", "--key", file, "--domain", "ours.example", "--selector", "arc",
                            "--zone", write_zone("[\"" + key_record(ours()) + "\"]")});
  EXPECT_EQ(good.exit, 0) << good.err;
  EXPECT_EQ(run({"check", "--key", file}).exit, 2);
  EXPECT_EQ(run({"check", "--domain", "ours.example"}).exit, 2);
}

TEST_F(Keys, help_names_every_word) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.exit, 0);
  for (const std::string_view word : {"generate", "list", "dns", "check"}) {
    EXPECT_NE(help.out.find(fmt::format("\n  {}", word)), std::string::npos) << help.out;
  }
}

}  // namespace
}  // namespace icm::ctl
