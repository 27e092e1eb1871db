// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/gate_probe.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "milter/unsettled_recipient.h"
#include "policy/base/text.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::size_t longest_reply = 16384;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(Code::temporary, fmt::format("the gate: {}", what));
}

std::string last_error() { return std::error_code(errno, std::generic_category()).message(); }

// One connection to the gate.
class Dialogue {
 public:
  explicit Dialogue(UniqueFd socket, Deadline deadline)
      : socket_(std::move(socket)), deadline_(deadline) {}

  Result<std::string> say(std::string_view line) {
    const std::string octets = fmt::format("{}\r\n", line);
    if (::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(octets.size())) {
      return broken("hung up: " + last_error());
    }
    return hear();
  }

  // A whole reply, RFC 5321 §4.2.1: its last line has a blank behind the code, or nothing.
  Result<std::string> hear() {
    for (;;) {
      const auto end = whole_reply();
      if (end != std::string::npos) {
        std::string reply = heard_.substr(0, end);
        heard_.erase(0, end);
        return std::string(trim(reply));
      }
      if (heard_.size() > longest_reply) return broken("its reply has no end");
      ICM_CHECK(read_more());
    }
  }

 private:
  std::size_t whole_reply() const {
    std::size_t at = 0;
    for (;;) {
      const auto end = heard_.find('\n', at);
      if (end == std::string::npos) return end;
      if (end < at + 4 || heard_[at + 3] != '-') return end + 1;
      at = end + 1;
    }
  }

  Status read_more() {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_.left()).count();
    if (::poll(&ready, 1, static_cast<int>(left)) <= 0) return broken("does not answer in time");
    std::array<char, 4096> piece;
    const ssize_t got = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (got <= 0) return broken(got == 0 ? "hung up" : last_error());
    heard_.append(piece.data(), static_cast<std::size_t>(got));
    return {};
  }

  UniqueFd socket_;
  Deadline deadline_;
  std::string heard_;
};

Result<UniqueFd> connect_to(std::uint16_t port, Deadline deadline) {
  for (;;) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return broken(last_error());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return socket;
    }
    // A Postfix that was just told of it takes a moment.
    if (errno != ECONNREFUSED || deadline.passed()) {
      return broken(fmt::format("nothing listens on 127.0.0.1:{}: {}", port, last_error()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

GateAnswer read_answer(std::string reply) {
  GateAnswer answer;
  // With soft_bounce Postfix makes "later" of every refusal.
  if (reply.starts_with("553 5.1.3 ") || reply.starts_with("453 4.1.3 ")) {
    answer.means = GateAnswer::Means::judged;
  } else if (reply.starts_with("250")) {
    answer.means = GateAnswer::Means::unjudged;
  } else if (reply.starts_with("451")) {
    answer.means = GateAnswer::Means::waits;
  }
  answer.reply = std::move(reply);
  return answer;
}

}  // namespace

Result<GateAnswer> probe_gate(std::uint16_t port, Deadline deadline) {
  ICM_TRY(UniqueFd socket, connect_to(port, deadline));
  Dialogue dialogue(std::move(socket), deadline);
  ICM_TRY(std::string reply, dialogue.hear());
  const std::string recipient = fmt::format("RCPT TO:<{}>", gate_probe_recipient);
  for (const std::string_view line : {"EHLO localhost", "MAIL FROM:<>", recipient.c_str()}) {
    // smtpd learns of a milter that is away at the greeting, or at the first command after it.
    if (!reply.starts_with('2')) return read_answer(std::move(reply));
    ICM_TRY(reply, dialogue.say(line));
  }
  GateAnswer answer = read_answer(std::move(reply));
  // Nothing was sent: no DATA, and the connection ends.
  (void)dialogue.say("RSET");
  (void)dialogue.say("QUIT");
  return answer;
}

}  // namespace icm::ctl::postfix
