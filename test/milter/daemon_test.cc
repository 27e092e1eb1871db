// SPDX-License-Identifier: Apache-2.0
//
// The real daemon: starting, reloading, stopping, and what it makes of a mail server.
#include "milter/daemon.h"

#include <csignal>
#include <cstdio>

#include "test/milter/daemon_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

struct Ran {
  int status;
  std::string said;
};

Ran run(const std::string& arguments) {
  FILE* const pipe = ::popen((std::string(ICM_DAEMON " ") + arguments + " 2>&1").c_str(), "r");
  Ran ran{-1, {}};
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) ran.said += static_cast<char>(c);
  ran.status = WEXITSTATUS(::pclose(pipe));
  return ran;
}

constexpr std::string_view no_egress =
    ": egress.addresses: none, so SPF and reverse DNS are not judged; write the addresses that "
    "mail leaves from, as Apple sees them: [192.0.2.7, \"2001:db8::7\"]";

using Daemon = DaemonTest;

TEST_F(Daemon, judges_at_the_gate_and_writes_it_down) {
  configure("suppression: {mode: enforce}\n");
  start();
  EXPECT_TRUE(says("ready: version " ICM_VERSION ", listening on " + address()));
  EXPECT_TRUE(says("warning: " + path("milter.conf") + std::string(no_egress)));
  const MilterOutcome outcome = send(letter(), "ICLOUD-GATE");
  EXPECT_TRUE(outcome.goes_on());
  EXPECT_TRUE(outcome.changes.empty());
  EXPECT_EQ(*daemon_->stop(), 0);
  const std::string decisions = read("decisions.jsonl");
  EXPECT_NE(decisions.find("\"queue_id\":\"4XYZ\",\"role\":\"gate\""), std::string::npos)
      << decisions;
  EXPECT_NE(read("log").find(" 4XYZ: verdict=accept role=gate "), std::string::npos);
}

// The protocol allows it; libmilter asks for the end only when the body callback said "continue".
TEST_F(Daemon, judges_a_message_whose_body_comes_with_its_end) {
  configure();
  start();
  MilterClient client = connect();
  client.define("{daemon_name}", "ICLOUD-GATE");
  ASSERT_TRUE(client.connect({}));
  ASSERT_TRUE(client.mail({"<a@ours.example>"}));
  ASSERT_TRUE(client.rcpt({"<bob@icloud.com>"}));
  ASSERT_TRUE(client.data());
  ASSERT_TRUE(client.header("From", " a@ours.example"));
  ASSERT_TRUE(client.end_of_header());
  ASSERT_TRUE(client.body(std::string(65535, 'x')));
  ASSERT_TRUE(client.socket().send('D', std::string_view("Ej\0mail.ours.example\0", 21)));
  ASSERT_TRUE(client.socket().send('E', "the end\r\n"));
  const auto answer = client.socket().receive();
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->command, 'c');
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_NE(read("decisions.jsonl").find("\"bytes\":65568,"), std::string::npos);
}

TEST_F(Daemon, skips_the_rest_of_a_body_it_does_not_need_where_it_answers_bodies) {
  configure();
  start();
  MilterOffer offer;
  offer.actions &= ~milter_wire::action::name_macros;  // it cannot tell the end from the body then
  MilterClient client = connect(offer);
  client.define("{daemon_name}", "smtpd");
  ASSERT_TRUE(client.connect({}));
  ASSERT_TRUE(client.mail({"<a@ours.example>"}));
  ASSERT_TRUE(client.rcpt({"<bob@icloud.com>"}));
  ASSERT_TRUE(client.data());
  ASSERT_TRUE(client.end_of_header());
  ASSERT_TRUE(client.body(std::string(1u << 20, 'x')));
  EXPECT_TRUE(client.skips_body());
  const auto end = client.end_of_message();
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->answer.kind, MilterAnswer::Kind::go_on);
  EXPECT_EQ(end->changes.size(), 1u);
}

TEST_F(Daemon, keeps_the_octets_of_a_field_when_the_mail_server_strips_its_blank) {
  configure();
  start();
  MilterOffer old_offer;
  old_offer.version = 2;
  old_offer.actions = milter_wire::action::add_headers | milter_wire::action::change_headers |
                      milter_wire::action::delete_recipients | milter_wire::action::quarantine;
  old_offer.steps = 0x7f;
  MilterClient client = connect(old_offer);
  MilterMail mail = letter();
  mail.fields = {{"From", "a@ours.example"}};
  mail.body = "x\r\n";
  send_over(client, mail, "ICLOUD-GATE");
  EXPECT_EQ(*daemon_->stop(), 0);
  // "From: a@ours.example" CRLF, CRLF, "x" CRLF.
  EXPECT_NE(read("decisions.jsonl").find("\"bytes\":27,"), std::string::npos)
      << read("decisions.jsonl");
}

TEST_F(Daemon, serves_no_mail_server_that_cannot_do_what_may_be_decided) {
  configure();
  start();
  MilterOffer poor;
  poor.actions = milter_wire::action::add_headers;
  EXPECT_FALSE(MilterClient::open(address(), poor));
  EXPECT_TRUE(says(
      "error: a mail server connected that cannot remove header fields, remove recipients, hold a "
      "message; it is not served"));
  EXPECT_TRUE(send(letter()).goes_on());
}

TEST_F(Daemon, reloads_at_hup) {
  configure();
  start();
  EXPECT_EQ(authserv_id(), "mx.ours.example");
  configure("limits: {drain: 1s}\n");
  std::string text = read("milter.conf");
  text.replace(text.find("mx.ours.example"), 15, "mx2.ours.example");
  directory_.write("milter.conf", text);
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("reloaded " + path("milter.conf")));
  EXPECT_EQ(authserv_id(), "mx2.ours.example");
}

TEST_F(Daemon, keeps_its_configuration_when_the_new_one_is_wrong_and_says_everything) {
  configure();
  start();
  configure("limits: {drain: soon, drian: 1s}\n");
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("error: not reloaded; the configuration in use stays"));
  const std::string log = read("log");
  EXPECT_NE(log.find("error: " + path("milter.conf") + ":6:17: limits.drain: "), std::string::npos)
      << log;
  EXPECT_NE(log.find("error: " + path("milter.conf") + ":6:23: limits.drian: unknown option"),
            std::string::npos)
      << log;
  EXPECT_EQ(authserv_id(), "mx.ours.example");
}

TEST_F(Daemon, keeps_its_configuration_when_the_new_store_cannot_be_opened) {
  configure();
  start();
  std::string text = read("milter.conf");
  text.replace(text.find("store.db"), 8, "no/store.db");
  directory_.write("milter.conf", text);
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("error: not reloaded; the configuration in use stays"));
  EXPECT_EQ(authserv_id(), "mx.ours.example");
}

TEST_F(Daemon, says_that_a_new_socket_needs_a_restart) {
  configure();
  start();
  socket_address_ = "unix:" + path("other.sock");
  configure();
  socket_address_.clear();
  daemon_->signal(SIGHUP);
  EXPECT_TRUE(says("warning: socket: still listening on " + address() +
                   "; a changed socket needs a restart"));
  EXPECT_EQ(authserv_id(), "mx.ours.example");
}

// libmilter waits for HUP, too, and would end at it.
TEST_F(Daemon, outlives_a_thousand_hups) {
  configure();
  start();
  for (int i = 0; i < 1000; ++i) daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("reloaded " + path("milter.conf")));
  EXPECT_TRUE(send(letter()).goes_on());
  EXPECT_TRUE(daemon_->is_running());
}

TEST_F(Daemon, goes_on_in_a_new_decision_log_at_hup_even_with_a_wrong_configuration) {
  configure();
  start();
  send(letter(), "ICLOUD-GATE");
  std::filesystem::rename(path("decisions.jsonl"), path("decisions.jsonl.1"));
  directory_.write("milter.conf", "nonsense");
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(says("error: not reloaded; the configuration in use stays"));
  send(letter(), "ICLOUD-GATE");
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_NE(read("decisions.jsonl").find("\"4XYZ\""), std::string::npos);
  EXPECT_NE(read("decisions.jsonl.1").find("\"4XYZ\""), std::string::npos);
}

TEST_F(Daemon, stops_at_once_when_nothing_is_under_way) {
  configure();
  start();
  const MilterClient idle = connect();
  const auto start_of_stop = Deadline::Time::now();
  EXPECT_EQ(*daemon_->stop(), 0);
  EXPECT_LT(Deadline::Time::now() - start_of_stop, 15s);
  EXPECT_FALSE(std::filesystem::exists(path("milter.sock")));
  EXPECT_TRUE(says("stopping: 0 messages are being handed over"));
  EXPECT_TRUE(says("stopped"));
}

TEST_F(Daemon, finishes_the_message_that_is_under_way_before_it_stops) {
  configure();
  start();
  MilterClient client = connect();
  client.define("{daemon_name}", "ICLOUD-GATE");
  ASSERT_TRUE(client.connect({}));
  ASSERT_TRUE(client.mail({"<a@ours.example>"}));
  ASSERT_TRUE(client.rcpt({"<bob@icloud.com>"}));
  daemon_->signal(SIGTERM);
  ASSERT_TRUE(says("stopping: 1 messages are being handed over"));
  EXPECT_FALSE(std::filesystem::exists(path("milter.sock"))) << "nobody new connects";
  ASSERT_TRUE(client.data());
  ASSERT_TRUE(client.header("From", " a@ours.example"));
  ASSERT_TRUE(client.end_of_header());
  const auto end = client.end_of_message();
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->answer.kind, MilterAnswer::Kind::go_on);
  EXPECT_EQ(*daemon_->wait(60s), 0);
  EXPECT_NE(read("decisions.jsonl").find("\"verdict\":\"accept\""), std::string::npos);
}

TEST_F(Daemon, takes_no_new_message_while_it_stops) {
  configure();
  start();
  MilterClient under_way = connect();
  ASSERT_TRUE(under_way.connect({}));
  ASSERT_TRUE(under_way.mail({"<a@ours.example>"}));
  ASSERT_TRUE(under_way.rcpt({"<bob@icloud.com>"}));
  MilterClient next = connect();
  ASSERT_TRUE(next.connect({}));
  ASSERT_TRUE(next.socket().flush());
  daemon_->signal(SIGTERM);
  ASSERT_TRUE(says("stopping: 1 messages are being handed over"));
  ASSERT_TRUE(next.mail({"<a@ours.example>"}));
  const auto answer = next.rcpt({"<bob@icloud.com>"});
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->kind, MilterAnswer::Kind::tempfail);
  ASSERT_TRUE(under_way.abort());
  ASSERT_TRUE(under_way.socket().flush());
  EXPECT_EQ(*daemon_->wait(60s), 0);
}

TEST_F(Daemon, waits_no_longer_than_it_was_told_to) {
  configure("limits: {drain: 1s}\n");
  start();
  MilterClient client = connect();
  ASSERT_TRUE(client.connect({}));
  ASSERT_TRUE(client.mail({"<a@ours.example>"}));
  ASSERT_TRUE(client.rcpt({"<bob@icloud.com>"}));
  const auto start_of_stop = Deadline::Time::now();
  EXPECT_EQ(*daemon_->stop(), 0);
  const auto took = Deadline::Time::now() - start_of_stop;
  EXPECT_GE(took, 1s);
  EXPECT_LT(took, 15s);
  EXPECT_TRUE(
      says("warning: 1 messages were not done after 1s; the mail server will try them again"));
  EXPECT_TRUE(client.socket().closed_within(30s)) << "so that the mail server need not wait";
}

TEST_F(Daemon, stops_at_once_at_the_second_term) {
  configure("limits: {drain: 10m}\n");
  start();
  MilterClient client = connect();
  ASSERT_TRUE(client.connect({}));
  ASSERT_TRUE(client.mail({"<a@ours.example>"}));
  ASSERT_TRUE(client.rcpt({"<bob@icloud.com>"}));
  daemon_->signal(SIGTERM);
  ASSERT_TRUE(says("stopping: 1 messages are being handed over"));
  EXPECT_EQ(*daemon_->stop(60s), 0);
}

TEST_F(Daemon, stops_at_int_as_at_term) {
  configure();
  start();
  daemon_->signal(SIGINT);
  EXPECT_EQ(*daemon_->wait(60s), 0);
  EXPECT_FALSE(std::filesystem::exists(path("milter.sock")));
}

TEST_F(Daemon, holds_many_idle_connections_with_few_threads) {
  configure();
  start();
  const long threads_before = daemon_->status("Threads");
  std::vector<MilterClient> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(connect());
    ASSERT_TRUE(idle.back().connect({}));
  }
  EXPECT_TRUE(send(letter()).goes_on());
  EXPECT_LT(daemon_->status("Threads"), threads_before + 30);
}

TEST_F(Daemon, says_every_problem_of_its_configuration_and_does_not_start) {
  configure("limits: {drain: soon, drian: 1s}\n");
  const Ran ran = run("--config " + path("milter.conf"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.said.find(":6:17: limits.drain: "), std::string::npos) << ran.said;
  EXPECT_NE(ran.said.find(":6:23: limits.drian: unknown option"), std::string::npos) << ran.said;
  EXPECT_TRUE(ran.said.ends_with("2 errors; configuration not loaded\n")) << ran.said;
}

TEST_F(Daemon, checks_a_configuration_without_opening_its_socket) {
  configure();
  const Ran warned = run("--check-config " + path("milter.conf"));
  EXPECT_EQ(warned.status, 0);
  EXPECT_EQ(warned.said, path("milter.conf") + ": warning" + std::string(no_egress) + "\n" +
                             path("milter.conf") + ": good\n");
  configure("egress: {addresses: [192.0.2.7]}\n");
  const Ran good = run("--check-config " + path("milter.conf"));
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.said, path("milter.conf") + ": good\n");
  EXPECT_FALSE(std::filesystem::exists(path("milter.sock")));

  configure("limits: {drain: soon}\n");
  EXPECT_EQ(run("--check-config " + path("milter.conf")).status, 1);

  const std::pair<std::string_view, std::string_view> of_no_use[] = {
      {"owner: nobody-here, group: \"\"", "socket.owner: this host has no user \"nobody-here\"\n"},
      {"group: nobody-here",
       "socket.group: this host has no group \"nobody-here\"; name the mail server's group, or "
       "leave it empty\n"}};
  for (const auto& [option, complaint] : of_no_use) {
    std::string text = config_text("egress: {addresses: [192.0.2.7]}\n");
    text.replace(text.find("group: \"\""), 9, option);
    directory_.write("milter.conf", text);
    const Ran ran = run("--check-config " + path("milter.conf"));
    EXPECT_EQ(ran.status, 1);
    EXPECT_TRUE(ran.said.ends_with(complaint)) << ran.said;
  }
}

TEST_F(Daemon, does_not_start_when_the_decision_log_cannot_be_opened) {
  std::string text = config_text("egress: {addresses: [192.0.2.7]}\n");
  text.replace(text.find("decisions.jsonl"), 15, "no/such/decisions.jsonl");
  directory_.write("milter.conf", text);
  const Ran ran = run("--config " + path("milter.conf"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.said,
            path("milter.conf") + ": warning: store: " + path("store.db") +
                " was made; the suppression list is empty\n" +
                "icloud-milter: log.decisions: cannot open " + path("no/such/decisions.jsonl") +
                " for writing: No such file or directory; make its directory writable for "
                "the daemon's user, or name another file\n");
}

TEST_F(Daemon, knows_its_command_line) {
  EXPECT_EQ(run("--version").said, "icloud-milter " ICM_VERSION "\n");
  EXPECT_EQ(run("--version").status, 0);
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_EQ(run("--nonsense").status, 2);
  EXPECT_EQ(run("--config").status, 2);
  EXPECT_EQ(run("nonsense").status, 2);
  EXPECT_EQ(run("--config /nonexistent/milter.conf").status, 1);
}

}  // namespace
}  // namespace icm
