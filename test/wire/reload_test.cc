// SPDX-License-Identifier: Apache-2.0
//
// Reloads while mail goes through: every message is judged once, and by one configuration alone.
#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>
#include <vector>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr int connections = 8;
constexpr int messages_each = 150;
constexpr auto between_reloads = 50ms;

// Either refuses at RCPT and lets the message go on, or the other way round: a message that meets
// both configurations would be refused twice or not at all.
constexpr std::string_view refuses_recipient =
    "suppression: {mode: enforce}\nlist_unsubscribe: {mode: \"off\"}\n";
constexpr std::string_view refuses_message =
    "suppression: {mode: \"off\"}\nlist_unsubscribe: {mode: enforce}\n";
constexpr std::string_view wrong = "suppression: {mode: enforced}\n";

// What one message met.
struct Met {
  std::string queue_id;
  bool recipient_was_refused = false;
  bool message_was_refused = false;
};

Status goes_on(const Result<MilterAnswer>& answer) {
  if (!answer) return tl::make_unexpected(answer.error());
  if (answer->is_final())
    return fail(Code::permanent, fmt::format("expected go on, got {}", to_string(answer->kind)));
  return {};
}

class Reload : public WireTest {
 protected:
  // Sends slowly, so that reloads fall between the steps of a message.
  Result<Met> send_slowly(MilterClient& client, const MilterMail& mail,
                          std::chrono::milliseconds pause) const {
    Met met;
    met.queue_id = mail.queue_id;
    client.define("i", "");
    ICM_CHECK(goes_on(client.mail(mail.mail)));
    ICM_CHECK(client.socket().flush());
    std::this_thread::sleep_for(pause);
    ICM_CHECK(goes_on(client.rcpt({"<bob@icloud.com>"})));
    client.define("i", mail.queue_id);
    std::this_thread::sleep_for(pause);
    ICM_TRY(const MilterAnswer gone, client.rcpt({"<gone@icloud.com>"}));
    ICM_CHECK(goes_on(client.data()));
    for (const auto& [name, value] : mail.fields) ICM_CHECK(goes_on(client.header(name, value)));
    ICM_CHECK(goes_on(client.end_of_header()));
    ICM_CHECK(client.socket().flush());
    std::this_thread::sleep_for(pause);
    ICM_CHECK(goes_on(client.body(mail.body)));
    ICM_TRY(const MilterEnd end, client.end_of_message());
    ICM_CHECK(client.abort());
    met.recipient_was_refused = gone.refuses();
    met.message_was_refused = end.answer.refuses();
    return met;
  }

  void send_all(int connection, std::vector<Met>& met) const {
    MilterClient client = gate();
    for (int i = 0; i < messages_each; ++i) {
      const auto one = send_slowly(client, newsletter(fmt::format("4R{}X{}", connection, i)),
                                   std::chrono::milliseconds{i % 4});
      ASSERT_TRUE(one) << one.error().text;
      met.push_back(*one);
    }
  }

  // Good, wrong, other good, wrong, … until told to stop. Returns how often.
  int reload_until(const std::atomic<bool>& is_done) {
    int reloads = 0;
    for (; !is_done; ++reloads) {
      configure(reloads % 2 == 1 ? wrong : reloads % 4 == 0 ? refuses_message : refuses_recipient);
      daemon_->signal(SIGHUP);
      std::this_thread::sleep_for(between_reloads);
    }
    return reloads;
  }
};

TEST_F(Reload, under_load_judges_each_message_once_and_by_one_configuration) {
  suppress("gone@icloud.com");
  configure(refuses_recipient);
  start();
  std::vector<std::vector<Met>> met(connections);
  std::atomic<bool> is_done = false;
  int reloads = 0;
  {
    std::jthread reloading([&] { reloads = reload_until(is_done); });
    std::vector<std::jthread> sending;
    for (int i = 0; i < connections; ++i)
      sending.emplace_back([&, i] { send_all(i, met[static_cast<std::size_t>(i)]); });
    sending.clear();
    is_done = true;
  }
  ASSERT_EQ(daemon_->stop().value_or(-1), 0);

  int by_recipient = 0;
  int total = 0;
  const auto judged = messages_by_queue_id();
  for (const auto& of_connection : met) {
    ASSERT_EQ(of_connection.size(), static_cast<std::size_t>(messages_each));
    for (const Met& one : of_connection) {
      ++total;
      by_recipient += one.recipient_was_refused ? 1 : 0;
      EXPECT_NE(one.recipient_was_refused, one.message_was_refused)
          << one.queue_id << " met half a configuration";
      const auto found = judged.find(one.queue_id);
      EXPECT_EQ(found == judged.end() ? 0 : found->second, 1) << one.queue_id;
    }
  }
  fmt::print("{} messages during {} reloads: {} by one configuration, {} by the other\n", total,
             reloads, by_recipient, total - by_recipient);
  EXPECT_EQ(judged.size(), static_cast<std::size_t>(connections * messages_each));
  EXPECT_GT(by_recipient, 0);
  EXPECT_LT(by_recipient, total);
}

}  // namespace
}  // namespace icm
