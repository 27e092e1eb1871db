// SPDX-License-Identifier: Apache-2.0
//
// What the doctor finds in the DNS: the way out, the domains, the block lists.
#include <algorithm>
#include <functional>
#include <map>

#include "test/milter/ctl/doctor/doctor_fixture.h"

namespace icm::ctl::doctor {
namespace {

using Ids = std::set<std::string>;
using DoctorInTheDns = DoctorTest;

TEST_F(DoctorInTheDns, finds_nothing_wrong_with_a_site_in_order) {
  EXPECT_EQ(ids("egress"), (Ids{"egress.reverse", "egress.helo"}));
  EXPECT_EQ(ids("domain", {"--domain", "corp.example"}),
            (Ids{"domain.spf", "domain.mail-from", "domain.dkim-unknown", "domain.dmarc",
                 "domain.branded-mail", "domain.relay"}));
  const Outcome outcome = run({"--only", "egress", "--only", "domain", "--domain", "corp.example"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_NE(outcome.out.find("Healthy: 1 note, "), std::string::npos) << outcome.out;
}

TEST_F(DoctorInTheDns, names_each_breakage_of_the_way_out_and_nothing_else) {
  struct Case {
    Ids expected;
    std::function<void(Json& zone, Json& config)> breaks;
  };
  const std::string v4 = "25.2.0.192.in-addr.arpa.";
  const std::vector<Case> cases = {
      {{"egress.reverse-missing"}, [&](Json& zone, Json&) { zone.erase(v4); }},
      {{"egress.reverse-missing"}, [&](Json& zone, Json&) { zone.erase(ip6_name); }},
      {{"egress.reverse-unconfirmed"},
       [&](Json& zone, Json&) { zone[v4]["PTR"] = {"gone.corp.example."}; }},
      {{"egress.reverse-generic"},
       [&](Json& zone, Json&) {
         zone[v4]["PTR"] = {"host-192-0-2-25.isp.example."};
         zone["host-192-0-2-25.isp.example."]["A"] = {"192.0.2.25"};
       }},
      {{"egress.helo-unresolved"},
       [&](Json&, Json& config) { config["egress"]["helo"] = "nowhere.corp.example"; }},
      {{"egress.helo-mismatch"},
       [&](Json& zone, Json& config) {
         config["egress"]["helo"] = "other.corp.example";
         zone["other.corp.example."]["A"] = {"192.0.2.99"};
       }},
      {{"egress.dns-failed"}, [&](Json& zone, Json&) { zone[v4]["PTR"] = {"TIMEOUT"}; }},
      {{"egress.unusable", "egress.reverse-missing", "egress.helo-mismatch"},
       [&](Json&, Json& config) { config["egress"]["addresses"] = {"10.0.0.1"}; }},
      {{"egress.unknown"},
       [&](Json&, Json& config) { config["egress"]["addresses"] = Json::array(); }},
  };
  const Json zone = zone_;
  const Json config = config_;
  for (const Case& each : cases) {
    zone_ = zone;
    config_ = config;
    each.breaks(zone_, config_);
    EXPECT_EQ(problems("egress"), each.expected);
    EXPECT_EQ(run({"--only", "egress"}).exit, 1);
  }
}

TEST_F(DoctorInTheDns, names_each_breakage_of_a_domain_and_nothing_else) {
  struct Case {
    Ids expected;
    std::function<void(Json& zone)> breaks;
  };
  const auto spf = [](Json& zone, std::vector<std::string> texts) {
    zone["corp.example."]["TXT"] = texts;
  };
  const auto dmarc = [](Json& zone, const char* text) {
    zone["_dmarc.corp.example."]["TXT"] = {text};
  };
  const std::vector<Case> cases = {
      {{"domain.spf-missing"}, [&](Json& zone) { zone["corp.example."].erase("TXT"); }},
      {{"domain.spf-fail"}, [&](Json& zone) { spf(zone, {"v=spf1 ip6:2001:db8::25 -all"}); }},
      {{"domain.spf-softfail"}, [&](Json& zone) { spf(zone, {"v=spf1 ip4:192.0.2.25 ~all"}); }},
      {{"domain.spf-neutral"}, [&](Json& zone) { spf(zone, {"v=spf1 ip4:192.0.2.25 ?all"}); }},
      {{"domain.spf-error"}, [&](Json& zone) { spf(zone, {"v=spf1 nonsense -all"}); }},
      {{"domain.spf-error"},
       [&](Json& zone) {
         spf(zone, {"v=spf1 -all", "v=spf1 ~all"});
       }},
      {{"domain.spf-everybody"}, [&](Json& zone) { spf(zone, {"v=spf1 +all"}); }},
      {{"domain.spf-lookups"},
       [&](Json& zone) {
         std::string record = "v=spf1 ip4:192.0.2.25 ip6:2001:db8::25";
         for (int i = 0; i < 11; ++i) {
           record += " include:s" + std::to_string(i) + ".corp.example";
           zone["s" + std::to_string(i) + ".corp.example."]["TXT"] = {"v=spf1 ip4:203.0.113.1"};
         }
         spf(zone, {record + " -all"});
       }},
      {{"domain.spf-branch"},
       [&](Json& zone) {
         spf(zone, {"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:gone.corp.example -all"});
       }},
      {{"domain.dns-failed"},  // of somebody else's, and now alone
       [&](Json& zone) {
         spf(zone, {"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 include:slow.corp.example -all"});
         zone["slow.corp.example."]["TXT"] = {"TIMEOUT"};
       }},
      {{"domain.mail-from-unresolved"}, [&](Json& zone) { zone["corp.example."].erase("MX"); }},
      {{"domain.mail-from-null-mx"},
       [&](Json& zone) {
         zone["corp.example."]["MX"] = Json::array({Json::array({0, "."})});
       }},
      {{"domain.dmarc-missing"}, [&](Json& zone) { zone.erase("_dmarc.corp.example."); }},
      {{"domain.dns-failed"}, [&](Json& zone) { dmarc(zone, "TIMEOUT"); }},
      {{"domain.bimi-no-evidence"},
       [&](Json& zone) {
         zone["default._bimi.corp.example."]["TXT"] = {"v=BIMI1; l=https://corp.example/a.svg"};
       }},
      {{"domain.bimi-record"},
       [&](Json& zone) {
         zone["default._bimi.corp.example."]["TXT"] = {"v=BIMI1; l=http://corp.example/a.svg"};
       }},
      {{"domain.bimi-unenforced"},
       [&](Json& zone) {
         dmarc(zone, "v=DMARC1; p=quarantine; pct=50");
         zone["default._bimi.corp.example."]["TXT"] = {
             "v=BIMI1; l=https://corp.example/a.svg; a=https://corp.example/vmc.pem"};
       }},
  };
  const Json zone = zone_;
  for (const Case& each : cases) {
    zone_ = zone;
    each.breaks(zone_);
    EXPECT_EQ(problems("domain", {"--domain", "corp.example"}), each.expected);
  }
}

TEST_F(DoctorInTheDns, does_not_miss_a_record_that_nobody_could_be_asked_for) {
  config_["egress"]["addresses"] = Json::array();
  zone_["corp.example."]["TXT"] = {"TIMEOUT"};
  EXPECT_EQ(problems("domain", {"--domain", "corp.example"}), Ids{"domain.dns-failed"});
  zone_["corp.example."].erase("TXT");
  EXPECT_EQ(problems("domain", {"--domain", "corp.example"}), Ids{"domain.spf-missing"});
}

TEST_F(DoctorInTheDns, says_that_a_null_mx_stands_alone_or_not_at_all) {
  zone_["corp.example."]["MX"] = Json::array({Json::array({0, "."})});
  for (const Json& one : findings("domain", {"--domain", "corp.example"})) {
    if (one["id"] != "domain.mail-from-null-mx") continue;
    EXPECT_EQ(one["remedy"],
              "use an envelope sender whose domain takes bounces, or publish an MX record for "
              "corp.example. in place of the null MX, which has to go (RFC 7505 section 3)");
    return;
  }
  FAIL() << "nothing is said of the null MX";
}

TEST_F(DoctorInTheDns, gives_the_very_record_that_mends) {
  zone_["corp.example."]["TXT"] = {"v=spf1 ip6:2001:db8::25 -all"};
  zone_.erase("_dmarc.corp.example.");
  std::map<std::string, std::string> remedies;
  for (const Json& one : findings("domain", {"--domain", "corp.example"})) {
    remedies[one["id"]] = one["remedy"];
  }
  EXPECT_EQ(remedies["domain.spf-fail"],
            "publish corp.example. TXT \"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all\"");
  EXPECT_EQ(remedies["domain.dmarc-missing"],
            "publish _dmarc.corp.example. TXT \"v=DMARC1; p=none\"");
}

TEST_F(DoctorInTheDns, looks_at_the_keys_of_the_selectors_it_is_told) {
  zone_["empty._domainkey.corp.example."]["TXT"] = {"v=DKIM1; p="};
  zone_["two._domainkey.corp.example."]["TXT"] = {"v=DKIM1; p=", "v=DKIM1; p="};
  const auto dkim = [&](const std::string& selector) {
    Ids found;
    for (const std::string& id :
         ids("domain", {"--domain", "corp.example", "--selector", selector}))
      if (id.find("dkim") != std::string::npos) found.insert(id);
    return found;
  };
  EXPECT_EQ(dkim("gone"), Ids{"domain.dkim-missing"});
  EXPECT_EQ(dkim("empty"), Ids{"domain.dkim-unusable"});
  EXPECT_EQ(dkim("two._domainkey.corp.example"), Ids{"domain.dkim-unusable"});
  EXPECT_EQ(dkim("two._domainkey.other.example"), Ids{"domain.dkim-unknown"});
}

TEST_F(DoctorInTheDns, holds_domains_against_what_is_registered_for_relay_addresses) {
  config_["private_relay"]["sources"] = {"news.corp.example"};
  EXPECT_EQ(problems("domain", {"--domain", "corp.example"}), Ids{"domain.relay-unregistered"});
  config_["private_relay"]["sources"] = {"ann@corp.example"};
  EXPECT_EQ(problems("domain", {"--domain", "corp.example"}), Ids{});
  config_["private_relay"]["sources"] = Json::array();
  EXPECT_TRUE(ids("domain", {"--domain", "corp.example"}).contains("domain.relay-unlisted"));
}

TEST_F(DoctorInTheDns, looks_at_the_domains_of_streams_and_of_the_decision_log) {
  config_["streams"] = {{{"name", "news"}, {"from_domains", {"news.example"}}}};
  directory_.write(
      "decisions.jsonl",
      R"({"time":"2026-11-22T08:00:00.000Z","role":"gate","origin":"submission","verdict":"accept","from":["a@logged.example"]})"
      "\n"
      R"({"time":"2026-11-22T08:00:00.000Z","role":"gate","origin":"forwarded","verdict":"accept","from":["a@others.example"]})"
      "\nnonsense\n");
  Ids subjects;
  for (const Json& one : findings("domain")) {
    if (one["id"] == "domain.spf-missing") subjects.insert(one["subject"]);
  }
  EXPECT_EQ(subjects, (Ids{"news.example", "logged.example"}));
}

TEST_F(DoctorInTheDns, asks_block_lists_only_when_told_to_and_doubts_those_that_do_not_work) {
  EXPECT_EQ(findings("blocklist").size(), 0u);
  zone_["2.0.0.127.bl.example."]["A"] = {"127.0.0.2"};
  EXPECT_EQ(ids("blocklist", {"--blocklist", "bl.example"}), Ids{"blocklist.clear"});
  zone_["25.2.0.192.bl.example."] = {{"A", {"127.0.0.4"}}, {"TXT", {"you sent spam\u0007"}}};
  const auto listed = findings("blocklist", {"--blocklist", "bl.example"});
  EXPECT_EQ(listed.front()["id"], "blocklist.listed");
  EXPECT_EQ(listed.front()["found"], "25.2.0.192.bl.example is 127.0.0.4: you sent spam\x07");
  const std::string text = run({"--only", "blocklist", "--blocklist", "bl.example"}).out;
  EXPECT_NE(text.find("you sent spam\\x07\n"), std::string::npos) << text;
  EXPECT_EQ(ids("blocklist", {"--blocklist", "dead.example"}), Ids{"blocklist.unusable"});
  zone_["1.0.0.127.bl.example."]["A"] = {"127.255.255.254"};
  EXPECT_EQ(ids("blocklist", {"--blocklist", "bl.example"}), Ids{"blocklist.unusable"});
}

TEST_F(DoctorInTheDns, is_not_flooded_by_a_record_of_somebody_elses) {
  std::string record = "v=spf1 ip4:192.0.2.25";
  for (int i = 0; i < 40; ++i) record += " ptr:host" + std::to_string(i) + ".corp.example";
  zone_["corp.example."]["TXT"] = {record + " -all"};
  std::vector<std::string> untidy;
  for (const Json& one : findings("domain", {"--domain", "corp.example"})) {
    if (one["id"] == "domain.spf-untidy") untidy.push_back(one["found"]);
  }
  ASSERT_EQ(untidy.size(), 10u);
  EXPECT_TRUE(untidy.back().ends_with(" more like it")) << untidy.back();
}

TEST_F(DoctorInTheDns, shows_nothing_that_a_record_says_to_a_terminal) {
  const std::string hostile =
      "\x1b]0;owned\x07\r\nfault    fake\xc2\x9b"
      "31m\xe2\x80\xae";
  zone_["corp.example."]["TXT"] = {"v=spf1 " + hostile + " -all"};
  zone_["_dmarc.corp.example."]["TXT"] = {"v=DMARC1; p=reject; rua=" + hostile};
  zone_["default._bimi.corp.example."]["TXT"] = {"v=BIMI1; l=" + hostile};
  zone_["news._domainkey.corp.example."]["TXT"] = {"v=DKIM1; p=" + hostile};
  zone_["2.0.0.127.list.example."]["A"] = {"127.0.0.2"};
  zone_["25.2.0.192.list.example."] = {{"A", {"127.0.0.2"}}, {"TXT", {hostile}}};
  for (const char* form : {"--all", "--json"}) {
    const Outcome outcome =
        run({"--only", "domain", "--only", "blocklist", "--domain", "corp.example", "--selector",
             "news", "--blocklist", "list.example", form});
    EXPECT_EQ(outcome.exit, 1);
    EXPECT_NE(outcome.out.find("owned"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("\nfault    fake"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("\\x5cx"), std::string::npos) << outcome.out;  // escaped twice
    const auto is_shown = [](char c) { return c == '\n' || (c >= ' ' && c < 0x7f); };
    EXPECT_TRUE(std::ranges::all_of(outcome.out, is_shown)) << outcome.out;
  }
}

}  // namespace
}  // namespace icm::ctl::doctor
