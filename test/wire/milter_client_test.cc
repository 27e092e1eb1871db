// SPDX-License-Identifier: Apache-2.0
//
// MilterClient against a filter that plays a recording: what it sends, what it waits for, and what
// it makes of a filter that breaks the protocol.
#include "test/support/milter_client.h"

#include <chrono>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "test/support/milter_client_mail.h"
#include "test/support/temporary_directory.h"

namespace icm {
namespace {

namespace wire = milter_wire;
using namespace std::string_literals;

std::string number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string packet(char command, std::string_view content = {}) {
  return number(static_cast<std::uint32_t>(content.size() + 1)) + command + std::string(content);
}

std::string terms(std::uint32_t actions, std::uint32_t steps, std::string_view macro_lists = {},
                  std::uint32_t version = 6) {
  return packet('O', number(version) + number(actions) + number(steps) + std::string(macro_lists));
}

// Says everything it has to say as soon as somebody connects, and remembers what it was sent.
class PlayedFilter {
 public:
  explicit PlayedFilter(std::string recording) : recording_(std::move(recording)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::jthread([this] { play(); });
  }
  ~PlayedFilter() { ::shutdown(listener_, SHUT_RDWR); }

  std::string address() const { return "unix:" + path(); }

  // What was sent until the client closed.
  std::string heard() {
    thread_.join();
    return heard_;
  }

 private:
  std::string path() const { return (directory_.path() / "filter").string(); }

  void play() {
    const int peer = ::accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    EXPECT_EQ(::send(peer, recording_.data(), recording_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(recording_.size()));
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(peer, buffer, sizeof buffer, 0)) > 0;) {
      heard_.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(peer);
  }

  TemporaryDirectory directory_;
  std::string recording_;
  std::string heard_;
  int listener_ = -1;
  std::jthread thread_;
};

constexpr auto brief = std::chrono::milliseconds{200};  // where nothing comes
constexpr auto enough = std::chrono::milliseconds{60000};
constexpr std::uint32_t silent_until_end = wire::step::all_silent & ~wire::step::silent_rcpt;
const std::string offer_packet = packet('O', number(6) + number(0x1ff) + number(0x1fffff));

// The text of the Error that opening a client to this recording ends in.
std::string refusal_of(const std::string& recording, std::chrono::milliseconds patience) {
  PlayedFilter filter(recording);
  const auto client = MilterClient::open(filter.address(), {}, patience);
  return client ? "opened" : client.error().text;
}

TEST(MilterClient, sends_named_macros_and_waits_only_for_owed_answers) {
  const std::string lists = number(wire::at_connect) + "{daemon_name} j\0"s +
                            number(wire::at_rcpt) + "i\0"s + number(wire::at_mail) + "\0"s;
  PlayedFilter filter(terms(0, silent_until_end | wire::step::no_helo, lists) + packet('c') +
                      packet('y', "550 5.1.1 100%% gone\0"s) + packet('c'));
  {
    auto client = MilterClient::open(filter.address(), {}, enough);
    ASSERT_TRUE(client) << client.error().text;
    client->define("{daemon_name}", "GATE");
    EXPECT_EQ(client->connect({})->kind, MilterAnswer::Kind::not_owed);
    EXPECT_EQ(client->helo("mx.example")->kind, MilterAnswer::Kind::not_owed);
    MilterMail mail;
    mail.recipients = {{"<a@b.example>"}, {"<gone@b.example>", "ORCPT=rfc822;x"}};
    mail.queue_id = "4Q";
    mail.login = "alice";
    mail.fields = {{"Subject", " x"}};
    mail.body = "hi\r\n";
    const auto outcome = send_mail(*client, mail);
    ASSERT_TRUE(outcome) << outcome.error().text;
    EXPECT_EQ(outcome->recipients, (std::vector<MilterAnswer>{
                                       {MilterAnswer::Kind::go_on, {}},
                                       {MilterAnswer::Kind::reply, "550 5.1.1 100% gone"},
                                   }));
    EXPECT_EQ(outcome->stage, MilterOutcome::Stage::end_of_message);
    EXPECT_TRUE(outcome->goes_on());
    ASSERT_TRUE(client->quit());
  }
  const std::string i = "i\0004Q\0"s;
  EXPECT_EQ(filter.heard(), offer_packet + packet('D', "C{daemon_name}\0GATE\0"s) +
                                packet('C', "localhost\0"s + "4\xc0\0"s + "127.0.0.1\0"s) +  //
                                packet('D', "M{auth_type}\0PLAIN\0{auth_authen}\0alice\0"s) +
                                packet('M', "<sender@example.org>\0"s) +              //
                                packet('D', "R") + packet('R', "<a@b.example>\0"s) +  //
                                packet('D', "R" + i) +
                                packet('R', "<gone@b.example>\0ORCPT=rfc822;x\0"s) +
                                packet('D', "T" + i) + packet('T') +                   //
                                packet('D', "L" + i) + packet('L', "Subject\0x\0"s) +  //
                                packet('D', "N" + i) + packet('N') +                   //
                                packet('D', "B" + i) + packet('B', "hi\r\n") +         //
                                packet('D', "E" + i) + packet('E') + packet('A') + packet('Q'));
}

TEST(MilterClient, reports_every_kind_of_change) {
  PlayedFilter filter(terms(wire::action::all, wire::step::all_silent | wire::step::leading_space) +
                      packet('i', number(0) + "X-A\0 one\0"s) + packet('p') +
                      packet('m', number(2) + "X-B\0\0"s) + packet('h', "X-C\0 c\0"s) +
                      packet('-', "<a@b>\0"s) + packet('+', "<c@d>\0"s) + packet('e', "<s@t>\0"s) +
                      packet('q', "look\0"s) + packet('b', "body\0more"s) + packet('c'));
  auto client = MilterClient::open(filter.address(), {}, enough);
  ASSERT_TRUE(client) << client.error().text;
  const auto end = client->end_of_message();
  ASSERT_TRUE(end) << end.error().text;
  using Kind = MilterChange::Kind;
  EXPECT_EQ(end->changes, (std::vector<MilterChange>{{Kind::insert_header, 0, "X-A", " one"},
                                                     {Kind::change_header, 2, "X-B", ""},
                                                     {Kind::add_header, 0, "X-C", " c"},
                                                     {Kind::delete_recipient, 0, "<a@b>", ""},
                                                     {Kind::add_recipient, 0, "<c@d>", ""},
                                                     {Kind::change_sender, 0, "<s@t>", ""},
                                                     {Kind::quarantine, 0, "", "look"},
                                                     {Kind::replace_body, 0, "", "body\0more"s}}));
  EXPECT_EQ(end->progress, 1);
}

TEST(MilterClient, stops_the_body_at_a_skip_and_takes_it_up_with_the_next_message) {
  PlayedFilter filter(terms(0, wire::step::skip) + packet('c') + packet('s'));
  const std::string body(200000, 'x');
  {
    auto client = MilterClient::open(filter.address(), {}, enough);
    ASSERT_TRUE(client) << client.error().text;
    ASSERT_TRUE(client->body(body));
    EXPECT_TRUE(client->skips_body());
    ASSERT_TRUE(client->abort());
    EXPECT_FALSE(client->skips_body());
    client->socket().close();
  }
  EXPECT_EQ(filter.heard(), offer_packet + packet('D', "B") + packet('B', body.substr(0, 65535)) +
                                packet('D', "B") + packet('B', body.substr(0, 65535)));
}

TEST(MilterClient, ends_a_message_when_every_recipient_is_refused) {
  PlayedFilter filter(terms(0, 0) + packet('c') + packet('r') + packet('t'));
  auto client = MilterClient::open(filter.address(), {}, enough);
  ASSERT_TRUE(client) << client.error().text;
  MilterMail mail;
  mail.recipients = {{"<a@b>"}, {"<c@d>"}};
  const auto outcome = send_mail(*client, mail);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(outcome->stage, MilterOutcome::Stage::rcpt);
  EXPECT_EQ(outcome->answer.kind, MilterAnswer::Kind::tempfail);
  EXPECT_FALSE(outcome->goes_on());
}

TEST(MilterClient, speaks_version_2_without_data_and_without_leading_space) {
  PlayedFilter filter(terms(0, 0, {}, 2) + packet('c') + packet('c'));
  {
    auto client = MilterClient::open(filter.address(),
                                     {.version = 2,
                                      .actions = wire::action::all_of_version_2,
                                      .steps = wire::step::all_of_version_2},
                                     enough);
    ASSERT_TRUE(client) << client.error().text;
    EXPECT_EQ(client->data()->kind, MilterAnswer::Kind::not_owed);
    EXPECT_EQ(client->header("Subject", "  two")->kind, MilterAnswer::Kind::go_on);
    client->socket().close();
  }
  EXPECT_EQ(filter.heard(), packet('O', number(2) + number(0x3f) + number(0x7f)) +
                                packet('D', "L") + packet('L', "Subject\0 two\0"s));
}

TEST(MilterClient, says_what_is_wrong_with_a_broken_filter) {
  struct Case {
    std::string recording, error;
  };
  for (const auto& [recording, error] : {
           Case{"", "no answer within 200 ms"},
           Case{number(0), "packet length: expected 1 to 1048576, got 0"},
           Case{number(0xffffffff), "packet length: expected 1 to 1048576, got 4294967295"},
           Case{number(100) + "O", "no answer within 200 ms"},
           Case{packet('c'), "negotiation: expected 'O' with 12 octets, got 0x63 with 0"},
           Case{terms(0, 0, {}, 7), "negotiation: expected version 2 to 6, got 7"},
           Case{
               terms(0x200, 0x200001),
               "negotiation: the filter wants what was not offered: actions 0x200, steps 0x200000"},
           Case{terms(0, 0, number(9) + "i\0"s), "negotiation: a macro list is malformed"},
           Case{terms(0, 0, number(0) + "i"), "negotiation: a macro list is malformed"},
       }) {
    EXPECT_EQ(refusal_of(recording, error.starts_with("no answer") ? brief : enough), error);
  }
}

TEST(MilterClient, takes_no_answer_that_is_none) {
  struct Case {
    std::string answer, error;
  };
  for (const auto& [answer, error] : {
           Case{packet('?'), "answer: expected one of c a r t d y s p, got 0x3f"},
           Case{packet('y', "550 5.1.1"), "reply: expected \"550 5.y.z text\", got \"550 5.1.1\""},
           Case{packet('y', "550 4.1.1 x\0"s),
                R"(reply: expected "550 5.y.z text", got "550 4.1.1 x\x00")"},
           Case{packet('y', "250 2.0.0 x\0"s),
                R"(reply: expected "550 5.y.z text", got "250 2.0.0 x\x00")"},
           Case{packet('y', "550 5.0.0 1%\0"s),
                R"(reply: expected "550 5.y.z text", got "550 5.0.0 1%\x00")"},
           Case{packet('i', "X\0y"s), "change 'i': a string does not end"},
       }) {
    PlayedFilter filter(terms(wire::action::all, 0) + answer);
    auto client = MilterClient::open(filter.address(), {}, enough);
    ASSERT_TRUE(client) << client.error().text;
    const auto end = client->end_of_message();
    EXPECT_EQ(end ? "an answer" : end.error().text, error);
  }
}

TEST(MilterClient, stops_listening_to_a_filter_that_never_stops_changing) {
  std::string recording = terms(wire::action::all, 0);
  for (int i = 0; i <= 10000; ++i) recording += packet('h', "X\0y\0"s);
  PlayedFilter filter(recording);
  auto client = MilterClient::open(filter.address(), {}, enough);
  ASSERT_TRUE(client) << client.error().text;
  const auto end = client->end_of_message();
  EXPECT_EQ(end ? "an answer" : end.error().text, "more than 10000 changes of one message");
}

TEST(MilterSocket, names_what_an_address_must_look_like) {
  struct Case {
    std::string address, error;
  };
  for (const auto& [address, error] : {
           Case{"/run/x", "/run/x: expected unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS"},
           Case{"unix:", "unix:: expected a path of 1 to 107 octets"},
           Case{"inet:0@127.0.0.1", "0@127.0.0.1: expected a port from 1 to 65535"},
           Case{"inet:25@localhost", "25@localhost: expected a numeric address after @"},
           Case{"unix:/nonexistent/x", "connect unix:/nonexistent/x: No such file or directory"},
       }) {
    const auto socket = MilterSocket::connect(address, enough);
    EXPECT_EQ(socket ? "connected" : socket.error().text, error);
  }
}

}  // namespace
}  // namespace icm
