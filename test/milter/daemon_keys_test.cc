// SPDX-License-Identifier: Apache-2.0
//
// The real daemon and its sealing keys: what it says of the files, and of a real name server.
#include <csignal>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "policy/auth/key_publication.h"
#include "test/milter/daemon_fixture.h"
#include "test/support/nsd_process.h"

namespace icm {
namespace {

class DaemonKeys : public DaemonTest {
 protected:
  DaemonKeys() {
    write_key(path("good.pem"), good_);
    write_key(path("lost.pem"), lost_);
  }

  static void write_key(const std::string& file, const PrivateKey& key) {
    std::ofstream(file) << key.to_pem();
    EXPECT_EQ(::chmod(file.c_str(), 0600), 0);
  }

  // The section with the keys of both selectors, and the name server to ask.
  std::string settings(const NameServer& server) const {
    return fmt::format(
        "dns: {{servers: [\"{}\"]}}\n"
        "egress: {{addresses: [192.0.2.7]}}\n"
        "arc_sealing:\n"
        "  mode: observe\n"
        "  keys:\n"
        "    - {{domain: ours.example, selector: good, file: {}}}\n"
        "    - {{domain: ours.example, selector: lost, file: {}, recipients: [me.com]}}\n",
        server.text(), path("good.pem"), path("lost.pem"));
  }

  static std::string txt(const std::string& selector, const PrivateKey& key) {
    return fmt::format("{}._domainkey TXT ( \"{}\" )\n", selector,
                       fmt::join(txt_chunks(key_record(key)), "\" \""));
  }

  const PrivateKey good_ = PrivateKey::generate(KeyType::rsa, 2048).value();
  const PrivateKey lost_ = PrivateKey::generate(KeyType::rsa, 2048).value();
};

TEST_F(DaemonKeys, are_compared_with_the_dns_at_start_and_at_reload) {
  const NsdProcess server(Zones{{"ours.example", txt("good", good_)}});
  configure(settings(server.address()));
  start();
  ASSERT_TRUE(daemon_);
  const std::string good = "key good._domainkey.ours.example: the DNS has the one of " +
                           path("good.pem") + " (rsa, 2048 bits)";
  const std::string lost =
      "warning: key lost._domainkey.ours.example: there is no TXT record at "
      "lost._domainkey.ours.example; receivers cannot rely on seals made with " +
      path("lost.pem") +
      ". Publish this alone: " + zone_line("lost._domainkey.ours.example", key_record(lost_));
  ASSERT_TRUE(says(good));
  ASSERT_TRUE(says(lost));
  // What was lost is found once another server is asked; what was good is not said again.
  const NsdProcess repaired(Zones{{"ours.example", txt("good", good_) + txt("lost", lost_)}});
  configure(settings(repaired.address()));
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("key lost._domainkey.ours.example: the DNS has the one of " + path("lost.pem") +
                   " (rsa, 2048 bits)"));
  const std::string log = read("log");
  EXPECT_EQ(log.find(good), log.rfind(good));
}

TEST_F(DaemonKeys, wait_for_no_name_server) {
  configure(settings(NameServer::parse("127.0.0.1:1").value()));
  start();
  ASSERT_TRUE(daemon_);
  EXPECT_FALSE(send(letter()).changes.empty());  // it serves
}

TEST_F(DaemonKeys, keep_it_from_starting_when_a_file_is_wrong_and_from_reloading) {
  const NsdProcess server(Zones{{"ours.example", txt("good", good_)}});
  configure(settings(server.address()));
  start();
  ASSERT_TRUE(daemon_);
  ASSERT_EQ(::unlink(path("good.pem").c_str()), 0);
  std::ofstream(path("lost.pem"), std::ios::trunc) << "nothing\n";
  const std::vector<std::string> problems = {
      "arc_sealing.keys[1].file: " + path("good.pem") +
          ": there is no such file; \"icloud-milterctl keys generate\" makes a key",
      "arc_sealing.keys[2].file: " + path("lost.pem") +
          ": holds no PEM, expected \"-----BEGIN PRIVATE KEY-----\""};
  daemon_->signal(SIGHUP);
  for (const std::string& problem : problems) ASSERT_TRUE(says("error: " + problem));
  ASSERT_TRUE(says("error: not reloaded; the configuration in use stays"));
  ASSERT_EQ(*daemon_->stop(), 0);
  EXPECT_EQ(fail_to_start(),
            path("milter.conf") +
                ":9:3: warning: arc_sealing.seal: arrival.covered is no, so a seal cannot say how "
                "the mail came in: neither SPF and DMARC nor whether a chain held before this host "
                "changed the message\nicloud-milter: " +
                problems[0] + "\nicloud-milter: " + problems[1] + "\n");
}

}  // namespace
}  // namespace icm
