// SPDX-License-Identifier: Apache-2.0
//
// Answers validated here (RFC 4035), from a zone that is signed for the test.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "policy/dns/unbound_resolver.h"
#include "test/policy/dns/resolver_fixture.h"
#include "test/support/nsd_process.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

// What a program prints; throws when it fails.
std::string run(const std::string& command) {
  std::string output;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error(command);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + " failed");
  return output.substr(0, output.find_last_not_of('\n') + 1);
}

std::string replaced(std::string text, std::string_view old, std::string_view fresh) {
  const std::size_t at = text.find(old);
  if (at == std::string::npos) throw std::runtime_error("no " + std::string(old));
  return text.replace(at, old.size(), fresh);
}

// Two signed zones, of which one was changed after it was signed, and one that is not signed.
class DnssecTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryDirectory>();
    const std::string good = sign("corp.example");
    const std::string forged = replaced(sign("forged.example"), "192.0.2.1", "192.0.2.66");
    server_ = std::make_unique<NsdProcess>(Zones{{"corp.example", good},
                                                 {"forged.example", forged},
                                                 {"plain.example", "host A 192.0.2.3\n"}});
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }

  // The zone with its signatures; its key joins the trust anchors.
  static std::string sign(const std::string& zone) {
    folder_->write(zone, fmt::format("$ORIGIN {0}.\n$TTL 60\n@ SOA ns root 1 3600 900 86400 30\n"
                                     "@ NS ns\nns A 127.0.0.1\nhost A 192.0.2.1\n"
                                     "alias CNAME host\n@ TXT \"v=spf1 -all\"\n",
                                     zone));
    const std::string in_folder = fmt::format("cd '{}' && ", folder_->path().string());
    const std::string key =
        run(in_folder + "ldns-keygen -a ECDSAP256SHA256 -r /dev/urandom -k " + zone);
    run(in_folder + fmt::format("ldns-signzone -o {0} -f signed {0} {1}", zone, key));
    run(in_folder + fmt::format("cat {}.key >> anchors", key));
    return "$ORIGIN .\n" + read("signed");
  }

  static std::string read(const std::string& name) {
    std::ifstream file(folder_->path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::string anchors() { return folder_->path() / "anchors"; }

  DnsAnswer ask(std::string_view name, RecordType type = RecordType::a) {
    return resolver_->query(name, type, generous());
  }

  static std::unique_ptr<TemporaryDirectory> folder_;
  static std::unique_ptr<NsdProcess> server_;
  std::unique_ptr<UnboundResolver> resolver_ = resolver_over({server_->address()}, anchors());
};
std::unique_ptr<TemporaryDirectory> DnssecTest::folder_;
std::unique_ptr<NsdProcess> DnssecTest::server_;

TEST_F(DnssecTest, what_is_signed_is_authentic_absence_too) {
  struct Case {
    std::string_view name;
    RecordType type;
    std::string_view answer;
  };
  for (const auto& [name, type, answer] : {
           Case{"host.corp.example", RecordType::a, "ok: 192.0.2.1"},
           Case{"alias.corp.example", RecordType::a, "ok: 192.0.2.1"},
           Case{"corp.example", RecordType::txt, "ok: v=spf1 -all"},
           Case{"host.corp.example", RecordType::mx, "no data"},
           Case{"nowhere.corp.example", RecordType::a, "no such name"},
       }) {
    const DnsAnswer found = ask(name, type);
    EXPECT_EQ(shown(found), answer) << name << ": " << found.problem;
    EXPECT_TRUE(found.authentic) << name;
  }
}

TEST_F(DnssecTest, what_was_changed_is_bogus_and_not_given_away) {
  const DnsAnswer answer = ask("host.forged.example");
  EXPECT_EQ(shown(answer), "bogus");
  EXPECT_TRUE(answer.addresses.empty());
  EXPECT_FALSE(answer.authentic);
  EXPECT_NE(answer.problem.find("host.forged.example. A IN"), std::string::npos) << answer.problem;
  EXPECT_EQ(shown(ask("alias.forged.example")), "bogus");
  EXPECT_EQ(shown(ask("forged.example", RecordType::txt)), "ok: v=spf1 -all");
}

TEST_F(DnssecTest, without_validation_the_change_is_not_seen) {
  const auto trusting = resolver_over({server_->address()});
  EXPECT_EQ(shown(trusting->query("host.forged.example", RecordType::a, generous())),
            "ok: 192.0.2.66");
}

TEST_F(DnssecTest, what_no_anchor_covers_is_used_and_not_authentic) {
  const DnsAnswer answer = ask("host.plain.example");
  EXPECT_EQ(shown(answer), "ok: 192.0.2.3");
  EXPECT_FALSE(answer.authentic);
}

TEST_F(DnssecTest, a_server_that_hands_no_signatures_on_makes_everything_bogus) {
  const NsdProcess stripping(Zones{{"corp.example", "host A 192.0.2.1\n"}});
  const auto resolver = resolver_over({stripping.address()}, anchors());
  EXPECT_EQ(shown(resolver->query("host.corp.example", RecordType::a, generous())), "bogus");
}

TEST_F(DnssecTest, an_anchor_that_is_none_keeps_the_resolver_from_starting) {
  const std::string file = folder_->write("bad", "this is no key\n");
  const auto resolver = UnboundResolver::open(
      {.servers = {server_->address()}, .trust_anchor = file, .timeout = std::chrono::seconds{5}});
  ASSERT_FALSE(resolver);
  EXPECT_EQ(resolver.error().code, Code::config);
  EXPECT_EQ(resolver.error().text,
            fmt::format("dns.trust_anchor: {0}: parse error in {0}:2:8 : Syntax error, could not "
                        "parse the RR's type; install the package dns-root-data, name another "
                        "file, or set dns.dnssec to no",
                        file));
}

}  // namespace
}  // namespace icm
