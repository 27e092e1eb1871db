// SPDX-License-Identifier: Apache-2.0
//
// The real daemon and icloud-milterctl status, stats, reload and policy.
#include <csignal>
#include <regex>

#include <sys/stat.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "milter/control_server.h"
#include "milter/ctl/command.h"
#include "policy/auth/key_publication.h"
#include "test/milter/ctl/command_runner.h"
#include "test/milter/daemon_fixture.h"
#include "test/support/nsd_process.h"

namespace icm {
namespace {

using ctl::Outcome;
using Json = nlohmann::ordered_json;

constexpr std::string_view settings =
    "egress: {addresses: [192.0.2.7]}\n"
    "format: {mode: enforce, percent: 50}\n"
    "suppression: {mode: enforce}\n";

class DaemonControl : public DaemonTest {
 protected:
  DaemonControl() { control_socket_ = path("control"); }

  void start_with(std::string_view configuration) {
    configure(configuration);
    start();
    ASSERT_TRUE(daemon_);
    ASSERT_TRUE(says("ready: version " ICM_VERSION ", listening on " + address()));
  }

  Outcome run(void (*add)(CLI::App&, ctl::Chosen&), std::vector<std::string> words) const {
    words.insert(words.end(), {"--socket", path("control")});
    return run_command(add, std::move(words));
  }

  Json status() const {
    return Json::parse(run(ctl::add_status, {"status", "--json"}).out, nullptr, false);
  }

  // What is said of one policy: its mode, and by whom it was changed.
  std::string mode_of(std::string_view policy) const {
    const Json policies = status()["policies"];
    for (const Json& one : policies) {
      if (one["name"] == policy) return one["mode"].get<std::string>();
    }
    return "no such policy";
  }

  // The servers to ask stand in a file that is read with each change.
  std::string with_own_dns() {
    directory_.write("resolv.conf", "nameserver 127.0.0.1\n");
    return fmt::format("{}dns: {{resolv_conf: {}}}\n", settings, path("resolv.conf"));
  }
  void break_dns() const {
    std::filesystem::remove(path("resolv.conf"));
    std::filesystem::create_directory(path("resolv.conf"));
  }

  static std::string me() { return to_string(ControlPeer{::getuid(), ::getpid()}); }
};

TEST_F(DaemonControl, says_how_it_is) {
  start_with(settings);
  send(letter(), "ICLOUD-GATE");
  const MilterClient open = connect();
  const Json json = status();
  EXPECT_EQ(json["version"], ICM_VERSION);
  EXPECT_EQ(json["pid"], daemon_->pid());
  EXPECT_EQ(json["attention"], Json::array());
  EXPECT_EQ(json["configuration"]["file"], path("milter.conf"));
  EXPECT_EQ(json["configuration"]["failed_reload"], nullptr);
  EXPECT_EQ(json["listening"]["address"], address());
  EXPECT_EQ(json["listening"]["gate"], Json({"ICLOUD-GATE"}));
  EXPECT_GE(json["connections"], 1);
  EXPECT_EQ(json["messages"]["judged"], 1);
  EXPECT_EQ(json["store"]["kind"], "sqlite");
  EXPECT_EQ(json["store"]["path"], path("store.db"));
  EXPECT_EQ(json["store"]["problem"], "");
  EXPECT_EQ(json["store"]["snapshot"]["file"], path("store.db-snapshot"));
  EXPECT_EQ(json["keys"], Json::array());
  const Outcome outcome = run(ctl::add_status, {"status"});
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_TRUE(outcome.out.starts_with(
      fmt::format("icloud-milter " ICM_VERSION ", pid {}, up ", daemon_->pid())))
      << outcome.out;
  EXPECT_NE(outcome.out.find("\nformat            enforce  50 percent\n"), std::string::npos)
      << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("\nAll is well.\n")) << outcome.out;
}

TEST_F(DaemonControl, reloads_and_answers_with_what_came_of_it) {
  start_with(settings);
  configure("egress: {addresses: [192.0.2.7]}\nformat: {mode: \"off\"}\n");
  EXPECT_EQ(run(ctl::add_reload, {"reload"}),
            (Outcome{.exit = 0, .out = "reloaded " + path("milter.conf") + "\n", .err = {}}));
  EXPECT_EQ(mode_of("format"), "off");

  configure("limits: {drain: soon, drian: 1s}\n");
  const std::string place = "icloud-milterctl: " + path("milter.conf");
  EXPECT_EQ(
      run(ctl::add_reload, {"reload"}),
      (Outcome{.exit = 1,
               .out = {},
               .err = place +
                      ":6:17: limits.drain: expected a span from 0s to 10m, as 90s, 15m, "
                      "12h, 7d or 2w, got \"soon\"\n" +
                      place + ":6:23: limits.drian: unknown option; did you mean \"drain\"?\n" +
                      "icloud-milterctl: not reloaded; the configuration in use stays\n"}));
  const Outcome outcome = run(ctl::add_status, {"status"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.out.find("\nNeeds attention:\n  the reload of "), std::string::npos)
      << outcome.out;
  const Json failed = status()["configuration"]["failed_reload"];
  EXPECT_EQ(failed["by"], me());
  EXPECT_EQ(failed["problems"].size(), 2u);

  configure(settings);
  EXPECT_EQ(run(ctl::add_reload, {"reload"}).exit, 0);
  EXPECT_EQ(status()["configuration"]["failed_reload"], nullptr);
}

TEST_F(DaemonControl, tells_of_a_reload_by_hup_that_failed_and_of_a_restart_that_is_needed) {
  start_with(settings);
  std::string text = read("milter.conf");
  text.replace(text.find("store.db"), 8, "no/store.db");
  directory_.write("milter.conf", text);
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("error: not reloaded; the configuration in use stays"));
  EXPECT_EQ(status()["configuration"]["failed_reload"]["by"], "HUP");
  EXPECT_EQ(status()["attention"].size(), 1u);

  control_socket_ = path("elsewhere");
  configure(settings);
  EXPECT_EQ(run(ctl::add_reload, {"reload"}),
            (Outcome{.exit = 0,
                     .out = "reloaded " + path("milter.conf") + "\n",
                     .err = "icloud-milterctl: warning: control: a change of this section needs a "
                            "restart\n"}));
}

TEST_F(DaemonControl, says_once_who_else_has_to_be_restarted_after_a_change) {
  start_with(settings);
  const std::string changed = fmt::format(
      "{}replies: {{mode: enforce}}\nunsubscribe: {{endpoint: {{site: Shop}}}}\n", settings);
  configure(changed);
  const std::string warnings = run(ctl::add_reload, {"reload"}).err;
  EXPECT_NE(warnings.find("systemctl restart icloud-milter-replies\n"), std::string::npos)
      << warnings;
  EXPECT_NE(warnings.find("systemctl restart icloud-milter-unsubscribe\n"), std::string::npos)
      << warnings;
  EXPECT_EQ(run(ctl::add_reload, {"reload"}).err.find("systemctl"), std::string::npos);
}

TEST_F(DaemonControl, changes_a_policy_for_a_while_and_says_who_asked) {
  start_with(settings);
  const Outcome outcome = run(ctl::add_policy, {"policy", "format", "observe", "--for", "1h"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_TRUE(std::regex_match(
      outcome.out, std::regex("policy format: observe instead of enforce, until "
                              "[-0-9]+T[:.0-9]+Z or the daemon ends; then enforce again\n")))
      << outcome.out;
  ASSERT_TRUE(says("asked for by " + me()));
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("reloaded " + path("milter.conf")));
  EXPECT_EQ(mode_of("format"), "observe");
  EXPECT_EQ(run(ctl::add_policy, {"policy", "format", "off", "--for", "1s"}).exit, 0);
  ASSERT_TRUE(says("policy format: enforce again; off, asked for by " + me() + ", has ended"));
  EXPECT_EQ(mode_of("format"), "enforce");
}

TEST_F(DaemonControl, asks_nothing_when_the_command_line_is_wrong) {
  EXPECT_EQ(run(ctl::add_policy, {"policy", "alignemnt", "off"}),
            (Outcome{.exit = 2,
                     .out = {},
                     .err = "icloud-milterctl: there is no policy \"alignemnt\"; did you mean "
                            "\"alignment\"?\n"}));
  EXPECT_EQ(run(ctl::add_policy, {"policy", "format", "off", "--for", ""}),
            (Outcome{.exit = 2,
                     .out = {},
                     .err = "icloud-milterctl: expected a span from 1s to 365d such as 90s, 15m, "
                            "1h or 7d, got \"\"\n"}));
  EXPECT_EQ(
      run_command(ctl::add_status, {"status", "--socket", ""}),
      (Outcome{
          .exit = 2, .out = {}, .err = "icloud-milterctl: --socket: expected a path, got \"\"\n"}));
}

TEST_F(DaemonControl, keeps_a_change_over_a_reload_until_it_is_taken_back) {
  start_with(settings);
  EXPECT_EQ(run(ctl::add_policy, {"policy", "suppression", "off"}),
            (Outcome{.exit = 0,
                     .out = "policy suppression: off instead of enforce, until the daemon ends; "
                            "\"policy suppression configured\" goes back to the configuration\n",
                     .err = {}}));
  EXPECT_EQ(run(ctl::add_reload, {"reload"}).exit, 0);
  EXPECT_EQ(mode_of("suppression"), "off");
  EXPECT_EQ(run(ctl::add_policy, {"policy", "suppression", "enforce"}),
            (Outcome{.exit = 0,
                     .out = "policy suppression: enforce instead of off, as configured\n",
                     .err = {}}));
  const Json policies = status()["policies"];
  EXPECT_EQ(policies.size(), 10u);
  for (const Json& policy : policies) EXPECT_EQ(policy["change"], nullptr);
}

// Mail is refused wrongly, and it is three o'clock.
TEST_F(DaemonControl, stops_all_that_refuses_at_once_and_brings_it_back) {
  const std::string file =
      "egress: {addresses: [192.0.2.7]}\nformat: {mode: enforce}\nconsent: {mode: off}\n"
      "alignment: {rules: {spf-fail: enforce}}\nsuppression: {mode: enforce}\n";
  start_with(file);
  EXPECT_FALSE(send(letter(), "ICLOUD-GATE").goes_on());  // no Date, no Message-ID
  const Outcome outcome = run(ctl::add_policy, {"policy", "all", "observe"});
  EXPECT_EQ(
      outcome,
      (Outcome{.exit = 0,
               .out = "policy format: observe instead of enforce, until the daemon "
                      "ends; \"policy format configured\" goes back to the "
                      "configuration\n"
                      "policy suppression: observe instead of enforce, until the "
                      "daemon ends; \"policy suppression configured\" goes back to "
                      "the configuration\n"
                      "policy alignment: observe, for each of its rules, until the daemon ends; "
                      "\"policy alignment configured\" goes back to the configuration\n",
               .err = {}}));
  EXPECT_TRUE(send(letter(), "ICLOUD-GATE").goes_on());
  EXPECT_EQ(mode_of("consent"), "off");
  EXPECT_EQ(run(ctl::add_policy, {"policy", "all", "configured"}).exit, 0);
  EXPECT_EQ(mode_of("format"), "enforce");
  EXPECT_FALSE(send(letter(), "ICLOUD-GATE").goes_on());
  const Json now = status();
  for (const Json& policy : now["policies"]) EXPECT_EQ(policy["change"], nullptr);
}

TEST_F(DaemonControl, says_that_there_was_nothing_to_stop) {
  start_with("format: {mode: observe}\n");
  EXPECT_EQ(
      run(ctl::add_policy, {"policy", "all", "observe", "--for", "1h"}),
      (Outcome{.exit = 0, .out = "nothing to change: no policy enforces anything\n", .err = {}}));
  EXPECT_EQ(run(ctl::add_policy, {"policy", "all", "configured"}).out,
            "nothing to change: every policy is as configured\n");
  EXPECT_EQ(Json::parse(run(ctl::add_policy, {"policy", "all", "off", "--for", "1h", "--json"}).out,
                        nullptr, false)["changes"]
                .size(),
            7u);  // consent, inactive and arc_sealing are off
}

TEST_F(DaemonControl, warns_of_a_pause_that_holds_nothing_as_the_daemon_is_and_not_the_file) {
  start_with("egress: {addresses: [192.0.2.7]}\n");
  const auto pause = [&] {
    return run_command(ctl::add_throttle, {"throttle", "pause", "all", "--for", "15m", "--config",
                                           path("milter.conf")});
  };
  EXPECT_EQ(
      pause().err,
      "icloud-milterctl: warning: mail goes on: throttle.mode is observe in the daemon; write "
      "enforce in milter.conf, or run icloud-milterctl policy throttle enforce\n");
  EXPECT_EQ(run(ctl::add_policy, {"policy", "throttle", "enforce"}).exit, 0);
  EXPECT_EQ(pause().err, "");
}

TEST_F(DaemonControl, changes_nothing_that_cannot_be_in_use) {
  start_with(with_own_dns());
  break_dns();
  const Outcome outcome = run(ctl::add_policy, {"policy", "format", "off"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_TRUE(outcome.err.ends_with("\nicloud-milterctl: nothing was changed\n")) << outcome.err;
  EXPECT_EQ(mode_of("format"), "enforce");
}

TEST_F(DaemonControl, says_so_when_a_change_cannot_end) {
  start_with(with_own_dns());
  EXPECT_EQ(run(ctl::add_policy, {"policy", "format", "off", "--for", "6s"}).exit, 0);
  break_dns();
  const Deadline deadline = Deadline::in(std::chrono::seconds{90});
  const std::string words = "error: policy format: its change by " + me() + " cannot end yet: ";
  while (read("log").find(words) == std::string::npos && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  EXPECT_NE(read("log").find(words), std::string::npos) << read("log");
  EXPECT_EQ(mode_of("format"), "off");
}

TEST_F(DaemonControl, counts_what_was_decided) {
  start_with("egress: {addresses: [192.0.2.7]}\nformat: {mode: enforce}\n");
  EXPECT_FALSE(send(letter(), "ICLOUD-GATE").goes_on());  // no Date, no Message-ID
  const Json stats = Json::parse(run(ctl::add_stats, {"stats", "--json"}).out, nullptr, false);
  EXPECT_EQ(stats["messages"]["judged"], 1);
  EXPECT_EQ(stats["messages"]["refused"], 1);
  const Outcome outcome = run(ctl::add_stats, {"stats"});
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_NE(outcome.out.find("messages       1 judged: 0 accepted, 0 tagged, 0 on hold, 0 "
                             "deferred, 1 refused\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("    1         1  format."), std::string::npos) << outcome.out;
}

TEST_F(DaemonControl, names_each_sealing_key_that_the_dns_does_not_have) {
  const PrivateKey good = PrivateKey::generate(KeyType::rsa, 2048).value();
  const PrivateKey lost = PrivateKey::generate(KeyType::rsa, 2048).value();
  for (const auto& [file, key] : {std::pair{path("good.pem"), &good}, {path("lost.pem"), &lost}}) {
    std::ofstream(file) << key->to_pem();
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  }
  const NsdProcess server(
      Zones{{"ours.example", fmt::format("good._domainkey TXT ( \"{}\" )\n",
                                         fmt::join(txt_chunks(key_record(good)), "\" \""))}});
  start_with(fmt::format(
      "dns: {{servers: [\"{}\"]}}\negress: {{addresses: [192.0.2.7]}}\n"
      "arc_sealing:\n  mode: observe\n  keys:\n"
      "    - {{domain: ours.example, selector: good, file: {}}}\n"
      "    - {{domain: ours.example, selector: lost, file: {}, recipients: [me.com]}}\n",
      server.address().text(), path("good.pem"), path("lost.pem")));
  const std::string record = zone_line("lost._domainkey.ours.example", key_record(lost));
  ASSERT_TRUE(says("receivers cannot rely on seals made with " + path("lost.pem") +
                   ". Publish this alone: " + record));
  ASSERT_TRUE(says("key good._domainkey.ours.example: the DNS has the one of " + path("good.pem") +
                   " (rsa, 2048 bits)"));
  const Json keys = status()["keys"];
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0]["state"], "match");
  EXPECT_EQ(keys[1]["state"], "missing");
  EXPECT_EQ(keys[1]["domain"], "ours.example");
  EXPECT_EQ(keys[1]["selector"], "lost");
  EXPECT_EQ(keys[1]["file"], path("lost.pem"));
  EXPECT_EQ(keys[1]["record"], record);
  EXPECT_EQ(status()["attention"],
            Json({"key lost._domainkey.ours.example: there is no TXT record at "
                  "lost._domainkey.ours.example; receivers cannot rely on seals made with " +
                  path("lost.pem") + ". Publish this alone: " + record}));
  const Outcome outcome = run(ctl::add_status, {"status"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.out.find("\nlost._domainkey.ours.example  missing     "), std::string::npos)
      << outcome.out;
}

TEST_F(DaemonControl, serves_mail_where_its_control_socket_cannot_be_made) {
  control_socket_ = path("no/such/control");
  configure(settings);
  start();
  ASSERT_TRUE(daemon_);
  EXPECT_TRUE(says("warning: control.socket: cannot make the directory " + path("no/such") +
                   ": No such file or directory; mail is served, but icloud-milterctl cannot reach "
                   "this daemon"));
  EXPECT_TRUE(send(letter()).goes_on());
}

TEST_F(DaemonControl, takes_its_socket_away_when_it_ends) {
  start_with(settings);
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path("control")));
  EXPECT_EQ(run(ctl::add_status, {"status"}),
            (Outcome{.exit = 3,
                     .out = {},
                     .err = "icloud-milterctl: no daemon can be reached at " + path("control") +
                            ": there is no such socket; start icloud-milter, or name the "
                            "control.socket of its configuration with --config FILE or --socket "
                            "PATH\n"}));
}

TEST_F(DaemonControl, is_asked_where_the_configuration_says) {
  start_with(settings);
  EXPECT_EQ(run_command(ctl::add_status, {"status", "--config", path("milter.conf")}).exit, 0);
  daemon_->kill();
  EXPECT_EQ(run_command(ctl::add_status, {"status", "--config", path("milter.conf")}),
            (Outcome{.exit = 3,
                     .out = {},
                     .err = "icloud-milterctl: no daemon can be reached at " + path("control") +
                            ": nobody listens there any more; start icloud-milter\n"}));
  control_socket_.clear();
  configure(settings);
  EXPECT_EQ(run_command(ctl::add_stats, {"stats", "--config", path("milter.conf")}),
            (Outcome{.exit = 3,
                     .out = {},
                     .err = "icloud-milterctl: control.socket is empty, so the daemon cannot be "
                            "asked; name a path there and restart the daemon\n"}));
}

}  // namespace
}  // namespace icm
