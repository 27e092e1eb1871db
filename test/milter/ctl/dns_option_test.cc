// SPDX-License-Identifier: Apache-2.0
//
// Which DNS spf and verify ask, with a real name server.
#include "milter/ctl/dns_option.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/command.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/nsd_process.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class DnsOptionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<NsdProcess>(
        Zones{{"shop.example",
               "@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"}});
  }
  static void TearDownTestSuite() { server_.reset(); }

  Outcome spf(std::vector<std::string> more, const std::string& client = "192.0.2.1") {
    std::vector<std::string> arguments = {
        "spf",         "--client-ip",       client,  "--helo", "mx.shop.example",
        "--mail-from", "news@shop.example", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(add_spf, arguments);
  }

  std::string config(std::string_view text) {
    return directory_.write("milter.conf", text).string();
  }
  static std::string server() { return server_->address().text(); }

  TemporaryDirectory directory_;
  static std::unique_ptr<NsdProcess> server_;
};
std::unique_ptr<NsdProcess> DnsOptionTest::server_;

std::string result_of(const Outcome& outcome) {
  const auto json = nlohmann::json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json.value("result", "") : "";
}

TEST_F(DnsOptionTest, spf_asks_the_servers_of_the_command_line) {
  const Outcome pass = spf({"--dns", server(), "--dns", server(), "--config", config("")});
  EXPECT_EQ(pass.exit, 0) << pass.err;
  EXPECT_EQ(result_of(pass), "pass");
  const Outcome refused = spf({"--dns", server(), "--config", config("")}, "198.51.100.1");
  EXPECT_EQ(refused.exit, 1) << refused.err;
  EXPECT_EQ(result_of(refused), "fail");
}

// A shell variable that is not set.
TEST_F(DnsOptionTest, takes_no_empty_word_for_an_option_that_was_not_given) {
  EXPECT_EQ(spf({"--zone", ""}),
            (Outcome{2, "", "icloud-milterctl: --zone: expected a file, got \"\"\n"}));
  const std::string zone = directory_.write("zone.json", "{}").string();
  EXPECT_EQ(spf({"--zone", zone}, ""),
            (Outcome{2, "",
                     "icloud-milterctl: --client-ip: expected an IPv4 or IPv6 address, got "
                     "\"\"\n"}));
}

TEST_F(DnsOptionTest, spf_asks_the_servers_of_the_configuration) {
  const Outcome by_name =
      spf({"--config", config(fmt::format("dns: {{servers: [\"{}\"]}}", server()))});
  EXPECT_EQ(result_of(by_name), "pass") << by_name.err;
  directory_.write("resolv.conf", fmt::format("nameserver {}\n", server()));
  const Outcome by_file =
      spf({"--config", config(fmt::format("dns: {{resolv_conf: {}}}",
                                          (directory_.path() / "resolv.conf").string()))});
  EXPECT_EQ(result_of(by_file), "pass") << by_file.err;
}

TEST_F(DnsOptionTest, verify_asks_the_servers_of_the_command_line) {
  const std::string message =
      directory_.write("m.eml", "From: news@shop.example\r\nSubject: a\r\n\r\nhello\r\n").string();
  const Outcome outcome =
      run_command(add_verify, {"verify", "--client-ip", "192.0.2.1", "--helo", "mx.shop.example",
                               "--mail-from", "news@shop.example", "--json", "--dns", server(),
                               "--config", config(""), message});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(json.is_object()) << outcome.out;
  EXPECT_EQ(json["dmarc"]["result"], "pass");
  EXPECT_EQ(json["dmarc"]["policy"], "reject");
}

TEST_F(DnsOptionTest, what_cannot_be_asked_is_a_usage_error) {
  const std::string missing = directory_.path() / "none";
  struct Case {
    std::vector<std::string> arguments;
    std::string error;
  };
  const Case cases[] = {
      {{"--dns", "ns.example", "--config", config("")},
       "icloud-milterctl: --dns ns.example: \"ns.example\" is no IPv4 or IPv6 address\n"},
      {{"--dns", "192.0.2.1:0", "--config", config("")},
       "icloud-milterctl: --dns 192.0.2.1:0: the port is not a number from 1 to 65535\n"},
      {{"--zone", missing},
       fmt::format("icloud-milterctl: {}: No such file or directory\n", missing)},
  };
  for (const auto& [arguments, error] : cases) {
    const Outcome outcome = spf(arguments);
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, error);
  }
  EXPECT_EQ(spf({"--config", missing}).exit, 2);
  EXPECT_EQ(spf({"--zone", missing, "--dns", server()}).exit, 2);
}

}  // namespace
}  // namespace icm::ctl
