// SPDX-License-Identifier: Apache-2.0
//
// DaemonTest: the real icloud-milter with a configuration, a store and a log of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/base/deadline.h"
#include "test/support/daemon_process.h"
#include "test/support/milter_client_mail.h"
#include "test/support/temporary_directory.h"

namespace icm {

class DaemonTest : public testing::Test {
 protected:
  std::string path(std::string_view name) const { return directory_.path() / name; }
  std::string address() const { return "unix:" + path("milter.sock"); }

  // What a configuration holds here beside `settings`, YAML at the top level.
  std::string config_text(std::string_view settings = {}) const {
    return fmt::format(
        "socket: {{address: \"{}\", group: \"\"}}\n"
        "arrival: {{authserv_id: mx.ours.example, authenticate: no}}\n"
        "log: {{destination: stderr, decisions: {}}}\n"
        "store: {{path: {}{}}}\n"
        "control: {{socket: \"{}\"}}\n{}",
        socket_address_.empty() ? address() : socket_address_, path("decisions.jsonl"),
        path("store.db"), store_settings_, control_socket_, settings);
  }

  void configure(std::string_view settings = {}) {
    directory_.write("milter.conf", config_text(settings));
  }

  // Runs the daemon; the test ends here when it does not come up.
  void start() {
    auto daemon =
        DaemonProcess::start(ICM_DAEMON, path("milter.conf"),
                             socket_address_.empty() ? address() : socket_address_, path("log"));
    ASSERT_TRUE(daemon) << daemon.error().text;
    daemon_.emplace(*std::move(daemon));
  }

  // Runs the daemon, which is expected to give up; returns what it said.
  std::string fail_to_start() {
    auto daemon = DaemonProcess::start(ICM_DAEMON, path("milter.conf"), "unix:/nonexistent/socket",
                                       path("complaint"));
    EXPECT_FALSE(daemon);
    return read("complaint");
  }

  std::string read(std::string_view name) const {
    std::ifstream stream(path(name), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  // Waits until a line of the log ends so; false after ten seconds.
  bool says(std::string_view words) const {
    const Deadline deadline = Deadline::in(std::chrono::seconds{60});
    do {
      if (read("log").find(std::string(words) + "\n") != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    } while (!deadline.passed());
    ADD_FAILURE() << "expected \"" << words << "\" in\n" << read("log");
    return false;
  }

  MilterClient connect(const MilterOffer& offer = {}) const {
    auto client = MilterClient::open(socket_address_.empty() ? address() : socket_address_, offer);
    if (!client) throw std::runtime_error(client.error().text);  // ends this test alone
    return *std::move(client);
  }

  static MilterMail letter() {
    MilterMail mail;
    mail.recipients = {{"<bob@icloud.com>"}};
    mail.fields = {{"From", " a@ours.example"}, {"Subject", " hello"}};
    mail.body = "Hello\r\n";
    mail.queue_id = "4XYZ";
    return mail;
  }

  // One message through an own connection of the role that `daemon_name` gives.
  MilterOutcome send(const MilterMail& mail, std::string_view daemon_name = "smtpd") const {
    MilterClient client = connect();
    return send_over(client, mail, daemon_name);
  }
  static MilterOutcome send_over(MilterClient& client, const MilterMail& mail,
                                 std::string_view daemon_name) {
    client.define("{daemon_name}", daemon_name);
    EXPECT_TRUE(client.connect({}));
    EXPECT_TRUE(client.helo("localhost"));
    auto outcome = send_mail(client, mail);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return outcome.value_or(MilterOutcome{});
  }

  // Under whose name arrival speaks: tells which configuration is in use.
  std::string authserv_id() const {
    const MilterOutcome outcome = send(letter());
    if (outcome.changes.size() != 1) return "no change";
    const std::string& value = outcome.changes[0].value;
    return value.substr(1, value.find(';') - 1);
  }

  TemporaryDirectory directory_;
  std::string socket_address_;  // empty: address()
  std::string control_socket_;  // empty: none
  std::string store_settings_;  // ", while_away: on_error"
  std::optional<DaemonProcess> daemon_;
};

}  // namespace icm
