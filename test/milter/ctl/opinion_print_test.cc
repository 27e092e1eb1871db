// SPDX-License-Identifier: Apache-2.0
//
// What the commands spf and verify say beside the result: the second opinion, the budget, the lint.
#include "milter/ctl/opinion_print.h"

#include <gtest/gtest.h>

#include "milter/ctl/command.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

using nlohmann::json;

constexpr std::string_view zone = R"({
  "example.com": {"TXT": ["v=spf1 include:a.example.com ptr -all"]},
  "a.example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 a:gone.example.com ?all"]},
  "wide.example.com": {"TXT": ["v=spf1 ip4:0.0.0.0/0 -all"]},
  "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
  "s._domainkey.example.com": {"TXT": ["v=DKIM1; p="]},
  "1.2.0.192.in-addr.arpa": {"PTR": ["mx.example.com"]}})";

constexpr std::string_view message =
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=AA==; b=AA==\n"
    "From: a@example.com\n"
    "\n"
    "Hello.\n";

class Opinions : public testing::Test {
 protected:
  std::vector<std::string> from(std::string word, std::string sender, std::string client) const {
    std::vector<std::string> arguments = {std::move(word),  "--zone",          zone_file_,
                                          "--client-ip",    std::move(client), "--helo",
                                          "mx.example.com", "--mail-from",     std::move(sender)};
    if (arguments[0] == "verify") arguments.push_back(message_file_);
    return arguments;
  }
  static std::vector<std::string> with_json(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    return arguments;
  }

  TemporaryDirectory directory_;
  std::string zone_file_ = directory_.write("zone.json", zone);
  std::string message_file_ = directory_.write("m.eml", message);
};

TEST_F(Opinions, of_libspf2_the_budget_and_the_lint_are_printed_by_spf) {
  EXPECT_EQ(run_command(add_spf, from("spf", "a@example.com", "192.0.2.1")),
            (Outcome{.exit = 0,
                     .out = R"(pass: example.com (mailfrom of the envelope sender)
  decided by   include:a.example.com -> ip4:192.0.2.1
  libspf2      pass  domain of example.com designates 192.0.2.1 as permitted sender
  lookups      1 of 10, worst case 3; void 0 of 2, worst case 1
               include:a.example.com: 2
  lint         example.com: ptr is slow, unreliable and must not be published (RFC 7208 section 5.5); name the addresses
  path         a.example.com: ip4:192.0.2.1: match
  path         example.com: include:a.example.com: match
)",
                     .err = ""}));
}

TEST_F(Opinions, of_libspf2_the_budget_and_the_lint_are_members_of_the_json_of_spf) {
  const Outcome outcome =
      run_command(add_spf, with_json(from("spf", "a@example.com", "192.0.2.1")));
  const json answer = json::parse(outcome.out);
  EXPECT_EQ(answer["second_opinion"], json::parse(R"({"result": "pass", "agreement": "confirmed",
              "reason": "domain of example.com designates 192.0.2.1 as permitted sender"})"))
      << outcome.out;
  EXPECT_EQ(answer["budget"], json::parse(R"({"lookups": 1, "worst_case_lookups": 3,
    "lookup_limit": 10, "void_lookups": 0, "worst_case_void_lookups": 1, "void_lookup_limit": 2,
    "branches": [{"domain": "example.com", "term": "include:a.example.com",
                  "target": "a.example.com", "depth": 0, "lookups": 2, "void_lookups": 1,
                  "problem": ""}],
    "problems": []})"));
  EXPECT_EQ(answer["lint"].size(), 1u);
  EXPECT_EQ(answer["lint"][0]["kind"], "ptr");
  EXPECT_EQ(answer["lint"][0]["domain"], "example.com");
}

TEST_F(Opinions, that_were_not_asked_for_have_no_result_but_a_reason) {
  const Outcome outcome =
      run_command(add_spf, with_json(from("spf", "a@wide.example.com", "192.0.2.1")));
  EXPECT_EQ(json::parse(outcome.out)["second_opinion"],
            json::parse(
                R"({"result": null, "agreement": "unasked", "reason":
                "not asked: libspf2 is known to be wrong about the prefix length 0"})"));
}

TEST_F(Opinions, of_all_three_libraries_are_printed_by_verify) {
  EXPECT_EQ(run_command(add_verify, from("verify", "a@wide.example.com", "192.0.2.1")),
            (Outcome{.exit = 0,
                     .out = R"(spf    pass       wide.example.com
       libspf2       not asked: libspf2 is known to be wrong about the prefix length 0
dkim   permerror  d=example.com s=s  key at s._domainkey.example.com: the key has been revoked (p= is empty)
       libopendkim   permerror  key revoked
dmarc  pass       example.com p=reject
       libopendmarc  pass  wide.example.com is aligned
arc    none       0 sets
)",
                     .err = ""}));
}

TEST_F(Opinions, are_in_every_object_of_the_json_of_verify) {
  const Outcome outcome =
      run_command(add_verify, with_json(from("verify", "a@nobody.example", "192.0.2.1")));
  const json answer = json::parse(outcome.out);
  EXPECT_EQ(answer["spf"]["second_opinion"]["result"], "none") << outcome.out;
  EXPECT_EQ(answer["spf"]["second_opinion"]["agreement"], "confirmed");
  EXPECT_EQ(answer["dkim"][0]["second_opinion"]["result"], "permerror");
  EXPECT_EQ(answer["dmarc"]["second_opinion"]["result"], "fail");
  EXPECT_EQ(answer["dmarc"]["second_opinion"]["reason"], "policy reject");
  EXPECT_EQ(answer["dmarc"]["rfc7489"]["second_opinion"]["result"], "fail");
}

TEST(OpinionLine, says_that_the_result_is_disputed) {
  EXPECT_EQ(to_line({.result = "pass", .reason = "ours\x1b too"}, Agreement::disputed),
            "pass (disputes it)  ours\\x1b too");
  EXPECT_EQ(to_line(SecondOpinion::not_asked("nobody knows"), Agreement::unasked),
            "not asked: nobody knows");
}

}  // namespace
}  // namespace icm::ctl
