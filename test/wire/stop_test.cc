// SPDX-License-Identifier: Apache-2.0
//
// Ends of the daemon while mail is under way: asked for, and not.
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using Stop = WireTest;

constexpr int connections = 8;

// A message up to the middle of its body.
void send_half(MilterClient& client, const MilterMail& mail) {
  client.define("i", mail.queue_id);
  ASSERT_TRUE(client.mail(mail.mail));
  ASSERT_TRUE(client.rcpt(mail.recipients[0]));
  ASSERT_TRUE(client.data());
  for (const auto& [name, value] : mail.fields) ASSERT_TRUE(client.header(name, value));
  ASSERT_TRUE(client.end_of_header());
  ASSERT_TRUE(client.body(mail.body));
  ASSERT_TRUE(client.socket().flush());
}

TEST_F(Stop, by_term_lets_every_message_under_way_reach_its_end) {
  configure("list_unsubscribe: {mode: enforce}\n");
  start();
  std::vector<MilterClient> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(gate());
    send_half(clients.back(), newsletter(fmt::format("4T{}", i)));
  }
  daemon_->signal(SIGTERM);
  EXPECT_TRUE(says(fmt::format("stopping: {} messages are being handed over", connections)));
  EXPECT_FALSE(MilterSocket::connect(address(), 1s)) << "a stopping daemon takes no new connection";
  for (MilterClient& client : clients) {
    ASSERT_TRUE(client.body("The end.\r\n"));
    const auto end = client.end_of_message();
    ASSERT_TRUE(end) << end.error().text;
    EXPECT_EQ(
        end->answer.text,
        "550 5.7.1 list_unsubscribe.post-missing: bulk mail without List-Unsubscribe-Post; add "
        "\"List-Unsubscribe-Post: List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)");
  }
  EXPECT_EQ(daemon_->wait(60s).value_or(-1), 0);
  const auto judged = messages_by_queue_id();
  EXPECT_EQ(judged.size(), static_cast<std::size_t>(connections));
  for (const auto& [queue_id, times] : judged) EXPECT_EQ(times, 1) << queue_id;
}

TEST_F(Stop, by_term_under_load_loses_and_doubles_nothing) {
  configure("list_unsubscribe: {mode: enforce}\n");
  start();
  std::vector<std::vector<std::string>> refused(connections);
  std::atomic<int> answers = 0;
  {
    std::vector<std::jthread> sending;
    for (std::size_t i = 0; i < refused.size(); ++i) {
      sending.emplace_back([this, i, &answers, &mine = refused[i]] {
        MilterClient client = gate();
        for (int n = 0;; ++n) {
          const MilterMail mail = newsletter(fmt::format("4L{}X{}", i, n));
          const auto outcome = send_mail(client, mail);
          // Not begun any more, or the daemon is gone: the mail server tries this one again.
          if (!outcome || outcome->answer.kind == MilterAnswer::Kind::tempfail) return;
          EXPECT_EQ(outcome->answer.kind, MilterAnswer::Kind::reply);
          mine.push_back(mail.queue_id);
          ++answers;
        }
      });
    }
    const Deadline deadline = Deadline::in(60s);
    while (answers < 2 * connections && !deadline.passed()) std::this_thread::sleep_for(5ms);
    daemon_->signal(SIGTERM);
  }
  EXPECT_EQ(daemon_->wait(60s).value_or(-1), 0);
  const auto judged = messages_by_queue_id();
  std::size_t answered = 0;
  for (const auto& of_connection : refused) {
    for (const std::string& queue_id : of_connection) {
      ++answered;
      const auto found = judged.find(queue_id);
      EXPECT_EQ(found == judged.end() ? 0 : found->second, 1) << queue_id;
    }
  }
  EXPECT_GT(answered, 0u);
  // A message whose answer was written but never read is judged, too; one for each connection.
  EXPECT_LE(judged.size(), answered + connections);
}

TEST_F(Stop, by_kill_in_the_middle_of_a_body_is_seen_at_once_and_the_socket_is_taken_over) {
  configure();
  start();
  MilterClient client = gate();
  MilterMail mail = letter();
  mail.body = std::string(5u << 20, 'x');
  send_half(client, mail);
  daemon_->kill();
  EXPECT_TRUE(client.socket().closed_within(30s))
      << "the mail server must see it, to defer the mail";
  EXPECT_FALSE(client.end_of_message());
  EXPECT_FALSE(MilterSocket::connect(address(), 1s));
  start();
  EXPECT_TRUE(send(letter(), "ICLOUD-GATE").goes_on());
  EXPECT_EQ(daemon_->stop().value_or(-1), 0);
  EXPECT_EQ(messages_by_queue_id(), (std::map<std::string, int>{{"4XYZ", 1}}))
      << "what was cut off was never judged";
}

}  // namespace
}  // namespace icm
