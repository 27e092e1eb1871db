// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl check as its user sees it, and the Session behind it.
#include <algorithm>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/offline_check.h"
#include "policy/auth/crypto.h"
#include "policy/store/suppression_writer.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

constexpr std::string_view personal =
    "From: Ann <ann@shop.example>\n"
    "To: Bob <bob@icloud.com>\n"
    "Subject: Hello\n"
    "Date: Sat, 21 Nov 2026 08:00:00 +0000\n"
    "Message-ID: <1@shop.example>\n"
    "\n"
    "Hello Bob\n";

// Bulk mail with everything but the one-click field.
constexpr std::string_view bulk =
    "From: News <news@shop.example>\n"
    "To: bob@icloud.com\n"
    "Subject: Sale\n"
    "Date: Sat, 21 Nov 2026 08:00:00 +0000\n"
    "Message-ID: <2@shop.example>\n"
    "List-Unsubscribe: <https://shop.example/u/1>, <mailto:u@shop.example>\n"
    "\n"
    "Buy!\n";

class Check : public testing::Test {
 protected:
  Outcome check(const std::string& message, std::vector<std::string> options) {
    std::vector<std::string> arguments = {
        "check", message, "--mail-from",          "a@shop.example", "--config",
        config_, "--now", "2026-11-21T09:00:00Z", "--zone",         zone_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_command(&add_check, arguments);
  }
  nlohmann::json decision(const std::string& message, std::vector<std::string> options) {
    options.insert(options.end(), {"--json", "--rcpt", "bob@icloud.com"});
    const Outcome outcome = check(message, options);
    EXPECT_EQ(outcome.err, "");
    return nlohmann::json::parse(outcome.out);
  }
  // Nothing here is about authentication, but for the tests that say so.
  void configure(std::string_view text) {
    config_ = directory_.write("milter.conf",
                               fmt::format("store: {{path: {}}}\nalignment: {{mode: off}}\n"
                                           "sender_identity: {{mode: off}}\n{}",
                                           store_, text));
  }
  void SetUp() override { configure("list_unsubscribe: {rules: {not-signed: off}}\n"); }

  TemporaryDirectory directory_;
  std::string store_ = directory_.path() / "store.db";
  std::string config_;
  std::string zone_ = directory_.write("zone.json", R"({
      "shop.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
      "_dmarc.shop.example": {"TXT": ["v=DMARC1; p=reject"]}})");
  std::string personal_ = directory_.write("personal.eml", personal);
  std::string bulk_ = directory_.write("bulk.eml", bulk);
};

TEST_F(Check, lets_a_good_message_pass) {
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com"}),
            (Outcome{0,
                     personal_ + ": would pass\n"
                                 "\n"
                                 "to bob@icloud.com: accept\n"
                                 "message: accept\n"
                                 "  class             personal (no sign of a list)\n"
                                 "  origin            unknown (arrival.covered is not set)\n",
                     ""}));
}

TEST_F(Check, tells_what_is_only_observed) {
  EXPECT_EQ(check(bulk_, {"--rcpt", "bob@icloud.com"}),
            (Outcome{0,
                     bulk_ + ": would pass; 1 finding is only observed (--enforce makes it act)\n"
                             "\n"
                             "to bob@icloud.com: accept\n"
                             "message: accept\n"
                             "  class             bulk (List-Unsubscribe)\n"
                             "  origin            unknown (arrival.covered is not set)\n"
                             "  would reject      list_unsubscribe.post-missing (mode observe)\n"
                             "                    found  bulk mail without List-Unsubscribe-Post\n"
                             "                    fix    add \"List-Unsubscribe-Post: "
                             "List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)\n",
                     ""}));
}

TEST_F(Check, refuses_what_the_daemon_would_refuse_if_it_enforced) {
  EXPECT_EQ(
      check(bulk_, {"--rcpt", "bob@icloud.com", "--enforce"}),
      (Outcome{1,
               bulk_ + ": would not pass as it is\n"
                       "\n"
                       "to bob@icloud.com: accept\n"
                       "message: reject\n"
                       "  class             bulk (List-Unsubscribe)\n"
                       "  origin            unknown (arrival.covered is not set)\n"
                       "  reject            list_unsubscribe.post-missing\n"
                       "                    found  bulk mail without List-Unsubscribe-Post\n"
                       "                    fix    add \"List-Unsubscribe-Post: "
                       "List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)\n"
                       "                    told   550 5.7.1 list_unsubscribe.post-missing: bulk "
                       "mail without List-Unsubscribe-Post; add \"List-Unsubscribe-Post: "
                       "List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)\n"
                       "not asked here: throttle: what was sent before, and what is paused, is "
                       "known to the daemon alone (icloud-milterctl throttle show)\n",
               ""}));
}

TEST_F(Check, obeys_the_configuration_without_the_word_enforce) {
  configure("list_unsubscribe:\n  mode: enforce\n  action: defer\n");
  const Outcome outcome = check(bulk_, {"--rcpt", "bob@icloud.com", "--json"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["verdict"], "defer");
}

TEST_F(Check, calls_mail_that_would_be_held_not_passing) {
  configure("list_unsubscribe:\n  mode: enforce\n  action: quarantine\n");
  const Outcome outcome = check(bulk_, {"--rcpt", "bob@icloud.com"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.out.find("message: quarantine\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("  change            hold: "), std::string::npos) << outcome.out;
}

TEST_F(Check, names_the_header_field_that_a_tag_adds) {
  configure("list_unsubscribe:\n  mode: enforce\n  action: tag\n");
  const Outcome outcome = check(bulk_, {"--rcpt", "bob@icloud.com"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_NE(outcome.out.find("  change            add X-ICloud-Milter: "
                             "list_unsubscribe.post-missing;"),
            std::string::npos)
      << outcome.out;
}

TEST_F(Check, does_not_judge_mail_that_is_not_for_apple) {
  EXPECT_EQ(check(bulk_, {"--rcpt", "joe@else.example", "--enforce"}),
            (Outcome{0,
                     bulk_ + ": would pass\n"
                             "\n"
                             "to joe@else.example: not Apple's, not judged\n"
                             "message: not judged, since it is not for Apple\n",
                     ""}));
  EXPECT_EQ(
      check(bulk_, {"--rcpt", "joe@else.example", "--json"}),
      (Outcome{0, "", "icloud-milterctl: no decision, since the message is not for Apple\n"}));
}

TEST_F(Check, asks_the_suppression_list_for_each_recipient) {
  configure("suppression:\n  mode: enforce\n");
  Suppression gone;
  gone.address = "eve@icloud.com";
  gone.scope = "global";
  gone.reason = SuppressionReason::hard_bounce;
  gone.source = "test";
  gone.note = "550 5.1.1 unknown user";
  gone.created = *parse_time("2026-11-01");
  {
    auto writer =
        SuppressionWriter::open(store_, Missing::make, Deadline::in(std::chrono::seconds(10)));
    ASSERT_TRUE(writer) << writer.error().text;
    ASSERT_TRUE(writer->add(gone, {}));
  }
  const Outcome outcome =
      check(personal_, {"--rcpt", "bob@icloud.com", "--rcpt", "<Eve@iCloud.com>"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.out.find(": would not pass as it is\n\n"
                             "to bob@icloud.com: accept\n"
                             "to Eve@iCloud.com: reject\n"
                             "  reject            suppression.hard-bounce\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\nmessage: accept\n"), std::string::npos) << outcome.out;

  const Outcome alone = check(personal_, {"--rcpt", "eve@icloud.com"});
  EXPECT_EQ(alone.exit, 1);
  EXPECT_NE(alone.out.find("message: not judged, since no recipient of Apple's is left\n"),
            std::string::npos)
      << alone.out;
}

TEST_F(Check, does_not_make_a_store_that_is_not_there) {
  configure("suppression:\n  mode: enforce\n");
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com"}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(Check, gives_the_decision_as_the_log_would_have_it) {
  const nlohmann::json json = decision(bulk_, {"--client", "192.0.2.7", "--helo", "mx.example"});
  EXPECT_EQ(json["time"], "2026-11-21T09:00:00.000Z");
  EXPECT_EQ(json["client"], "192.0.2.7");
  EXPECT_EQ(json["helo"], "mx.example");
  EXPECT_EQ(json["mail_from"], "a@shop.example");
  EXPECT_EQ(json["recipients"], nlohmann::json({"bob@icloud.com"}));
  EXPECT_EQ(json["findings"][0]["rule"], "list_unsubscribe.post-missing");
}

TEST_F(Check, gives_the_message_the_origin_that_arrival_would_have_written) {
  for (const std::string origin : {"submission", "relay", "local", "forwarded"}) {
    EXPECT_EQ(decision(personal_, {"--origin", origin})["origin"], origin);
  }
  EXPECT_EQ(decision(personal_, {"--login", "ann"})["origin"], "submission");
  EXPECT_EQ(decision(personal_, {"--login", "ann"})["login"], "") << "the gate sees no login";
}

TEST_F(Check, shows_the_set_that_would_be_put_on_forwarded_mail) {
  const auto key = directory_.write("arc.pem", PrivateKey::generate(KeyType::rsa)->to_pem());
  const std::string settings = fmt::format(
      "arc_sealing: {{mode: enforce, keys: [{{domain: ours.example, selector: arc, file: {}}}]}}\n",
      key.string());
  configure(settings);
  const std::vector<std::string> forwarded = {"--origin", "forwarded", "--rcpt", "bob@icloud.com"};
  std::filesystem::permissions(key, std::filesystem::perms::owner_read);
  Outcome outcome = check(personal_, forwarded);
  EXPECT_NE(outcome.out.find("add ARC-Seal: i=1; a=rsa-sha256;"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n                     h="), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("\\x0"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  std::filesystem::remove(key);
  outcome = check(personal_, forwarded);
  EXPECT_EQ(outcome.out.find("ARC-Seal"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err,
            fmt::format("icloud-milterctl: arc_sealing is left out, since its keys cannot be "
                        "read:\nicloud-milterctl: arc_sealing.keys[1].file: {}: there is no such "
                        "file; \"icloud-milterctl keys generate\" makes a key\n",
                        key.string()));
}

TEST_F(Check, takes_the_origin_from_the_connection_at_the_role_direct) {
  EXPECT_EQ(decision(personal_, {"--role", "direct", "--login", "ann"})["origin"], "submission");
  EXPECT_EQ(decision(personal_, {"--role", "direct", "--login", "ann"})["login"], "ann");
  EXPECT_EQ(decision(personal_, {"--role", "direct", "--client", "192.0.2.7"})["origin"],
            "forwarded");
  EXPECT_EQ(decision(personal_, {"--role", "direct"})["role"], "direct");
}

TEST_F(Check, loses_the_apple_recipients_of_a_mixed_message_at_the_role_direct) {
  const Outcome outcome = check(bulk_, {"--rcpt", "bob@icloud.com", "--rcpt", "joe@else.example",
                                        "--role", "direct", "--login", "ann", "--enforce"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.out.find("  change            take off <bob@icloud.com>\n"), std::string::npos)
      << outcome.out;
}

TEST_F(Check, sees_bare_line_ends_where_the_file_has_crlf) {
  const std::string wire =
      "From: a@shop.example\r\nTo: bob@icloud.com\r\nDate: Sat, 21 Nov 2026 08:00:00 +0000\r\n"
      "Message-ID: <1@shop.example>\r\n\r\nbare\nfeed\r\n";
  const std::string message = directory_.write("wire.eml", wire);
  const nlohmann::json json = decision(message, {});
  ASSERT_EQ(json["findings"].size(), 1u) << json.dump(2);
  EXPECT_EQ(json["findings"][0]["rule"], "format.bare-lf");
  EXPECT_EQ(json["bytes"], wire.size());
}

TEST_F(Check, hands_on_what_stands_behind_an_address) {
  const std::string message = directory_.write("forwarded.eml", personal);
  configure("arrival:\n  covered: true\n");
  const Outcome outcome =
      run_command(&add_check, {"check", message, "--mail-from", "<Ann@else.example> BODY=8BITMIME",
                               "--rcpt", "bob@icloud.com ORCPT=rfc822;bob@shop.example", "--config",
                               config_, "--json", "--now", "2026-11-21T09:00:00Z"});
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["mail_from"], "Ann@else.example");
  EXPECT_EQ(json["recipients"], nlohmann::json({"bob@icloud.com"}));
  EXPECT_EQ(json["origin"], "forwarded") << json["origin_reason"];
}

TEST_F(Check, takes_a_quoted_local_part_with_blanks_as_one_address) {
  const nlohmann::json json = nlohmann::json::parse(
      run_command(&add_check,
                  {"check", personal_, "--mail-from", R"("a \" b"@shop.example SIZE=1)", "--rcpt",
                   "bob@icloud.com", "--config", config_, "--zone", zone_, "--json"})
          .out);
  EXPECT_EQ(json["mail_from"], R"("a \" b"@shop.example)");
}

TEST_F(Check, judges_as_at_another_time) {
  const auto rules_at = [&](const std::string& now) {
    const Outcome outcome =
        run_command(&add_check, {"check", personal_, "--mail-from", "a@shop.example", "--rcpt",
                                 "bob@icloud.com", "--config", config_, "--json", "--zone", zone_,
                                 "--now", now});
    return nlohmann::json::parse(outcome.out)["findings"];
  };
  EXPECT_TRUE(rules_at("2026-11-21T09:00:00Z").empty());
  ASSERT_EQ(rules_at("2027-06-01").size(), 1u);
  EXPECT_EQ(rules_at("2027-06-01")[0]["rule"], "format.date-past");
}

TEST_F(Check, judges_who_the_message_is_from_by_a_zone_and_an_address_of_ones_choice) {
  config_ = directory_.write("milter.conf", fmt::format("store: {{path: {}}}\n"
                                                        "alignment: {{mode: enforce}}\n"
                                                        "sender_identity: {{mode: off}}\n",
                                                        store_));
  const auto rules_from = [&](const std::string& egress) {
    std::vector<std::string> rules;
    const nlohmann::json judged = decision(personal_, {"--egress", egress});
    for (const auto& finding : judged["findings"]) rules.push_back(finding["rule"]);
    return rules;
  };
  EXPECT_EQ(rules_from("192.0.2.7"), std::vector<std::string>{"alignment.dkim-missing"});
  const auto from_elsewhere = rules_from("203.0.113.9");
  EXPECT_NE(std::ranges::find(from_elsewhere, "alignment.spf-fail"), from_elsewhere.end());
  EXPECT_NE(std::ranges::find(from_elsewhere, "alignment.dmarc-fail"), from_elsewhere.end());
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com", "--egress", "here"}).exit, 2);
}

TEST_F(Check, cannot_answer_a_question_that_is_not_one) {
  const std::string missing = directory_.path() / "missing.eml";
  EXPECT_EQ(check(missing, {"--rcpt", "bob@icloud.com"}),
            (Outcome{2, "",
                     "icloud-milterctl: " + missing +
                         ": cannot open the message: No such file or directory\n"}));
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com", "--role", "direct", "--origin", "local"}),
            (Outcome{2, "",
                     "icloud-milterctl: --origin is for --role gate; at the role direct the "
                     "connection shows the origin: use --client and --login\n"}));
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com", "--login", "x", "--origin", "local"}),
            (Outcome{2, "", "icloud-milterctl: --login means --origin submission\n"}));
  EXPECT_EQ(check(missing, {"--rcpt", "bob@elsewhere.example"}).exit, 2);
  EXPECT_EQ(check(personal_, {}).exit, 2) << "no recipient";
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com", "--client", "here"}).exit, 2);
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com", "--role", "arrival"}).exit, 2);
  configure("nonsense: 1\n");
  EXPECT_EQ(check(personal_, {"--rcpt", "bob@icloud.com"}).exit, 2);
}

// The machine that checks need not be the one that sends.
TEST_F(Check, does_not_judge_the_name_of_the_host_it_runs_on) {
  config_ = directory_.write("milter.conf", fmt::format("store: {{path: {}}}\n", store_));
  const auto rules = [&](std::vector<std::string> options) {
    std::string found;
    const nlohmann::json judged = decision(personal_, std::move(options));
    for (const auto& finding : judged["findings"]) {
      found += finding["rule"].get<std::string>() + " ";
    }
    return found;
  };
  EXPECT_EQ(rules({}),
            "alignment.spf-not-asked alignment.dkim-missing alignment.dmarc-fail "
            "sender_identity.sender-unresolved ");
  EXPECT_EQ(rules({"--egress-helo", "mx.shop.example"}),
            "alignment.spf-not-asked alignment.dkim-missing alignment.dmarc-fail "
            "sender_identity.sender-unresolved sender_identity.helo-unresolved ");
}

TEST_F(Check, explains_every_option_and_gives_an_example) {
  const std::string help = run_command(&add_check, {"check", "--help"}).out;
  for (const std::string_view word :
       {"MESSAGE", "--mail-from", "--rcpt", "--role", "--origin", "--login", "--client", "--helo",
        "--egress", "--egress-helo", "--zone", "--dns", "--config", "--now", "--enforce", "--json",
        "Exit status", "Example"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word << "\n" << help;
  }
}

TEST(Enforced, makes_every_policy_act_and_leaves_the_rest_alone) {
  Config config;
  config.format.rules["date-past"] = Mode::observe;
  config.format.rules["nul"] = Mode::off;
  config.format.percent = 10;
  config.format.action = Disposition::defer;
  config.suppression.mode = Mode::off;
  config.list_unsubscribe.until = *parse_time("2020-01-01");
  const Config all = enforced(config);
  Config expected = config;
  expected.format.mode = Mode::enforce;
  expected.format.rules["date-past"] = Mode::enforce;
  expected.format.percent = 100;
  expected.list_unsubscribe.mode = Mode::enforce;
  expected.list_unsubscribe.until.reset();
  expected.alignment.mode = Mode::enforce;
  expected.private_relay.mode = Mode::enforce;
  expected.sender_identity.mode = Mode::enforce;
  expected.throttle.mode = Mode::enforce;
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace icm::ctl
