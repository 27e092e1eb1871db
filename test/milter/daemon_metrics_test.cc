// SPDX-License-Identifier: Apache-2.0
//
// What Prometheus reads of a real daemon: by its own parser, and against the page that explains it.
#include <cstdlib>
#include <regex>
#include <set>
#include <string>

#include <fmt/format.h>
#include <sys/stat.h>

#include "test/milter/daemon_fixture.h"
#include "test/support/control_client.h"

namespace icm {
namespace {

std::set<std::string> names_in(const std::string& text, const std::string& pattern) {
  std::set<std::string> names;
  const std::regex expression(pattern);
  for (auto one = std::sregex_iterator(text.begin(), text.end(), expression);
       one != std::sregex_iterator(); ++one) {
    names.insert((*one)[1]);
  }
  return names;
}

class DaemonMetrics : public DaemonTest {
 protected:
  void begin(std::string_view more = {}) {
    configure(
        fmt::format("metrics: {{address: \"unix:{}\"}}\n"
                    "format: {{mode: enforce}}\n"
                    "roles: {{gate: [GATE]}}\n"
                    "throttle:\n  mode: observe\n  limits: [{{name: all-day, at_most: 100, "
                    "within: 1d}}]\n{}",
                    path("metrics"), more));
    start();
    ASSERT_TRUE(says("listening on " + address()));  // the first of its sockets takes mail before
  }

  std::string http(std::string_view request) const {
    const ControlClient client(path("metrics"));
    client.send(request);
    return client.read_all();
  }

  std::string status() const { return ask_control(path("control"), "icloud-milter/1 status\n"); }

  std::string scrape() const {
    const std::string answer = http("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  // The value of a series, written out; -1 when there is none.
  static double value(const std::string& text, const std::string& series) {
    const std::size_t place = ("\n" + text).find("\n" + series + " ");
    return place == std::string::npos
               ? -1
               : std::strtod(text.c_str() + place + series.size() + 1, nullptr);
  }
};

TEST_F(DaemonMetrics, promtool_finds_no_fault) {
  begin();
  send(letter(), "GATE");
  directory_.write("scrape", scrape());
  const std::string command =
      fmt::format("promtool check metrics < {} > {} 2>&1", path("scrape"), path("said"));
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0) << read("said");
  EXPECT_EQ(read("said"), "");
}

TEST_F(DaemonMetrics, counts_what_was_decided) {
  begin();
  const std::string before = scrape();
  EXPECT_EQ(value(before, "icloud_milter_messages_total{disposition=\"reject\"}"), 0);
  EXPECT_EQ(
      value(before, "icloud_milter_rule_actions_total{policy=\"format\",rule=\"date-missing\"}"),
      0);
  MilterMail good = letter();
  good.fields.emplace_back("Date", " Sat, 21 Nov 2026 10:00:00 +0000");
  send(letter(), "GATE");  // without a Date
  MilterMail elsewhere = letter();
  elsewhere.recipients = {{"<dora@elsewhere.example>"}};
  send(elsewhere, "GATE");
  const std::string text = scrape();
  EXPECT_EQ(value(text, "icloud_milter_messages_total{disposition=\"reject\"}"), 1) << text;
  EXPECT_EQ(value(text, "icloud_milter_messages_total{disposition=\"accept\"}"), 0);
  EXPECT_EQ(
      value(text, "icloud_milter_rule_actions_total{policy=\"format\",rule=\"date-missing\"}"), 1);
  EXPECT_EQ(value(text, "icloud_milter_message_seconds_count"), 1);
  EXPECT_EQ(value(text, "icloud_milter_recipient_seconds_count"), 1);
  EXPECT_EQ(value(text, "icloud_milter_connections_total"), 2);
  EXPECT_EQ(value(text, "icloud_milter_store_up"), 1);
  EXPECT_EQ(value(text, "icloud_milter_policy_mode{policy=\"format\",mode=\"enforce\"}"), 1);
  EXPECT_EQ(value(text, "icloud_milter_throttle_limit_amount{limit=\"all-day\",subject=\"all\"}"),
            100);
  EXPECT_GT(value(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value(text, "process_open_fds"), 5);
  EXPECT_NEAR(value(text, "process_start_time_seconds"), static_cast<double>(std::time(nullptr)),
              120);
}

TEST_F(DaemonMetrics, the_page_explains_each_metric_and_no_other) {
  const auto source = [](std::string_view file) {
    std::ifstream stream(fmt::format("{}/milter/{}", ICM_SOURCE_DIR, file));
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  const auto in_code = names_in(
      source("metrics.cc") + source("process_metrics.cc") + source("ctl/follower_metrics.cc"),
      "\"((?:icloud_milter|process)_[a-z_]+)\"");
  const auto on_page = names_in(source("metrics.md"), "\\| `((?:icloud_milter|process)_[a-z_]+)`");
  EXPECT_EQ(in_code, on_page);
  EXPECT_GT(in_code.size(), 40u);
  begin();
  send(letter(), "GATE");
  for (const std::string& name : names_in(scrape(), "# TYPE ([a-z_]+) ")) {
    EXPECT_TRUE(on_page.contains(name)) << name;
  }
}

TEST_F(DaemonMetrics, nothing_of_mail_is_told) {
  begin();
  MilterMail mail = letter();
  mail.mail = {"<very.secret@sender.example>"};
  mail.recipients = {{"<hidden.person@icloud.com>"}};
  mail.fields.emplace_back("Subject", " whisper");
  send(mail, "GATE");
  const std::string text = scrape();
  for (const std::string_view word : {"secret", "sender.example", "hidden", "whisper", "4XYZ"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
}

TEST_F(DaemonMetrics, answers_for_nothing_else) {
  begin();
  EXPECT_TRUE(http("GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(http("DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(http("GET /metrics\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(http(std::string(1u << 16, 'x') + "\r\n\r\n").find("icloud_milter") ==
              std::string::npos);
  EXPECT_GT(value(scrape(), "icloud_milter_build_info{version=\"" ICM_VERSION "\"}"), 0);
}

TEST_F(DaemonMetrics, a_scrape_that_stalls_holds_up_neither_mail_nor_another_scrape) {
  begin();
  const ControlClient stalls(path("metrics"));
  stalls.send("GET /met");
  EXPECT_GT(value(scrape(), "icloud_milter_store_up"), 0);
  EXPECT_EQ(send(letter(), "GATE").recipients.size(), 1u);
}

TEST_F(DaemonMetrics, is_off_unless_wanted_and_serves_mail_where_it_cannot_be_had) {
  configure();
  start();
  EXPECT_FALSE(std::filesystem::exists(path("metrics")));
  EXPECT_EQ(*daemon_->stop(), 0);
  configure(fmt::format("metrics: {{address: \"unix:{}/no/such/folder/metrics\"}}\n", path("")));
  start();
  EXPECT_TRUE(says("mail is served, but nobody can read its figures"));
  EXPECT_EQ(authserv_id(), "mx.ours.example");
}

TEST_F(DaemonMetrics, a_door_that_is_shut_is_told_and_tried_again) {
  control_socket_ = path("control");
  begin(fmt::format("routing: {{socketmap: {{address: \"unix:{}\", group: \"\"}}}}\n",
                    path("spool/there/routes")));
  const std::string series = "icloud_milter_door_open{door=\"routing.socketmap\"}";
  EXPECT_TRUE(says("mail is judged, but what Postfix has to look up there waits in its queue"));
  EXPECT_EQ(value(scrape(), series), 0);
  EXPECT_EQ(value(scrape(), "icloud_milter_door_open{door=\"metrics\"}"), 1);
  EXPECT_EQ(value(scrape(), "icloud_milter_attentions"), 1);
  EXPECT_NE(status().find("\"attention\":[\"routing.socketmap.address: "), std::string::npos)
      << status();
  std::filesystem::create_directory(path("spool"));
  const Deadline deadline = Deadline::in(std::chrono::seconds{90});
  while (value(scrape(), series) == 0 && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  EXPECT_TRUE(says("routing.socketmap: open now"));
  EXPECT_TRUE(std::filesystem::is_socket(path("spool/there/routes")));
  EXPECT_EQ(value(scrape(), "icloud_milter_attentions"), 0);
}

TEST_F(DaemonMetrics, a_reload_says_which_doors_need_a_restart) {
  configure();
  start();
  configure(
      fmt::format("metrics: {{address: \"unix:{}\"}}\n"
                  "routing: {{socketmap: {{address: \"unix:{}\", group: \"\"}}}}\n",
                  path("metrics"), path("routes")));
  daemon_->signal(SIGHUP);
  EXPECT_TRUE(says("warning: metrics: a change of this section needs a restart"));
  EXPECT_TRUE(
      says("warning: routing.socketmap: not open, as at the start, so that Postfix finds nobody "
           "there; a change of address, owner, group, mode, connections or idle needs a restart"));
}

TEST_F(DaemonMetrics, listens_on_a_port_of_this_host) {
  const int port = free_port();
  configure(fmt::format("metrics: {{address: \"inet:{}@127.0.0.1\"}}\n", port));
  start();
  ASSERT_TRUE(says("listening on " + address()));
  const std::string command =
      fmt::format("curl -s --max-time 10 http://127.0.0.1:{}/metrics > {}", port, path("curled"));
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(value(read("curled"), "icloud_milter_store_up"), 1);
}

}  // namespace
}  // namespace icm
