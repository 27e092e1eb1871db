// SPDX-License-Identifier: Apache-2.0
//
// Whoever reaches the socket may send anything. The daemon drops it and goes on; a message on
// another connection does not notice.
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string packet(char command, std::string_view content = {}) {
  const auto length = static_cast<std::uint32_t>(content.size() + 1);
  std::string octets;
  for (const int shift : {24, 16, 8, 0}) octets += static_cast<char>(length >> shift);
  return octets + command + std::string(content);
}

const std::string negotiation = packet('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"s);

class Garbage : public WireTest {
 protected:
  // Sends octets on a connection of their own and hangs up, with a message half sent beside it that
  // must be judged as if nothing had happened.
  void disturb(const std::string& octets) {
    MilterClient neighbour = gate();
    const MilterMail mail = newsletter("4N");
    ASSERT_TRUE(neighbour.mail(mail.mail));
    ASSERT_TRUE(neighbour.rcpt(mail.recipients[0]));
    auto hostile = MilterSocket::connect(address(), 5s);
    ASSERT_TRUE(hostile) << hostile.error().text;
    (void)hostile->send_raw(octets);  // the daemon may have hung up already
    (void)hostile->closed_within(20ms);
    hostile->close();
    for (const auto& [name, value] : mail.fields) ASSERT_TRUE(neighbour.header(name, value));
    ASSERT_TRUE(neighbour.end_of_header());
    ASSERT_TRUE(neighbour.body(mail.body));
    const auto end = neighbour.end_of_message();
    ASSERT_TRUE(end) << end.error().text;
    EXPECT_TRUE(end->answer.refuses());
  }
};

TEST_F(Garbage, of_every_kind_hurts_nobody) {
  configure("list_unsubscribe: {mode: enforce}\n");
  start();
  const std::string mail = packet('M', "<a@ours.example>\0"s);
  const std::string rcpt = packet('R', "<bob@icloud.com>\0"s);
  const std::string from = packet('L', "From\0 a@ours.example\0"s);
  const std::string kinds[] = {
      "",
      "\0"s,
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "EHLO x\r\n",
      "\xff\xff\xff\xffO"s,                              // a packet of four gigabytes
      "\0\0\0\0"s,                                       // a packet without a command
      packet('O', "\0\0\0\6"s),                          // a negotiation that is cut off
      packet('O', "\0\0\0\1\0\0\1\xff\0\x1f\xff\xff"s),  // a version that never was
      packet('C', "x\0U"s),                              // no negotiation
      negotiation + packet('?'),                         // an unknown command
      negotiation + packet('E'),                         // the end of nothing
      negotiation + packet('B', "body"),
      negotiation + rcpt + packet('T') + packet('N') + packet('E'),
      negotiation + mail + packet('E'),
      negotiation + mail + from + packet('E'),
      negotiation + mail + rcpt + mail + rcpt + mail,
      negotiation + mail + rcpt + packet('T') + from + from + packet('N') + packet('N') +
          packet('B', "x") + from + packet('E') + packet('E'),
      negotiation + packet('C', "x\0004"s),  // an address that is cut off
      negotiation + packet('C', "x\0004\0\1not an address\0"s),
      negotiation + packet('C', "x\0006\0\1::ffff:999.1\0"s),
      negotiation + packet('C', "no end of string"),
      negotiation + packet('D', "Ci"),  // a macro without a value
      negotiation + packet('D', "Z{x}\0y\0"s),
      negotiation + packet('H') + packet('M') + packet('R') + packet('L', "x"),
      negotiation + packet('M', "\0\0\0"s) + packet('R', "\0"s) + packet('L', "\0\0"s),
      negotiation + packet('A') + packet('A') + packet('Q') + mail,
      negotiation + negotiation + mail,
      negotiation + mail + rcpt + packet('T') + packet('B', std::string(100000, '\0')) +
          packet('E'),
  };
  for (const std::string& octets : kinds) {
    SCOPED_TRACE(for_log(octets.substr(0, 80)));
    disturb(octets);
    ASSERT_TRUE(daemon_->is_running());
  }
  EXPECT_EQ(daemon_->stop().value_or(-1), 0);
}

TEST_F(Garbage, at_random_hurts_nobody) {
  configure("list_unsubscribe: {mode: enforce}\n");
  start();
  std::mt19937 random(20261121);  // the same garbage at every run
  const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  for (int round = 0; round < 60; ++round) {
    // Some rounds are noise from the first octet, some know how to begin.
    std::string octets = round % 2 == 0 ? "" : negotiation;
    for (unsigned packets = below(20); packets > 0; --packets) {
      std::string content(below(round % 3 == 0 ? 5000 : 60), '\0');
      for (char& c : content) c = static_cast<char>(below(256));
      octets += round % 4 < 2 ? packet("OCHMRTLNBEAQDU?"[below(15)], content) : content;
    }
    SCOPED_TRACE(fmt::format("round {}: {}", round, for_log(octets.substr(0, 80))));
    disturb(octets);
    ASSERT_TRUE(daemon_->is_running());
  }
  EXPECT_EQ(daemon_->stop().value_or(-1), 0);
}

// Without it nobody knows whether this is the gate; taken for an arrival, the mail would leave
// unjudged.
TEST_F(Garbage, without_a_connect_step_no_mail_is_let_through) {
  configure("list_unsubscribe: {mode: enforce}\n");
  start();
  MilterClient client = connect();
  const auto outcome = send_mail(client, newsletter("4C"));
  EXPECT_TRUE(!outcome || !outcome->goes_on());
  EXPECT_TRUE(daemon_->is_running());
}

}  // namespace
}  // namespace icm
