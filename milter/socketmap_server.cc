// SPDX-License-Identifier: Apache-2.0
#include "milter/socketmap_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/wait_budget.h"
#include "policy/base/deadline.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr int backlog = 128;
constexpr std::chrono::seconds rest{1};  // after what cannot be mended here, such as no descriptors
constexpr std::size_t most_unread = 2 * longest_socketmap_text;  // octets ahead of the answer

std::string reason(int error) { return std::generic_category().message(error); }

ListenerPlace place_of(const SocketmapConfig& config) {
  return {.address = config.address,
          .owner = config.owner,
          .group = config.group,
          .mode = config.mode,
          .section = "routing.socketmap",
          .group_hint = "the mail server's group"};
}

struct Client {
  UniqueFd socket;
  Deadline end;
  std::string unread = {};                     // what came and was not taken yet
  std::string unsent = {};                     // the answer, as far as it was not taken
  std::optional<SocketmapQuestion> asks = {};  // waits for the DNS
  std::chrono::milliseconds waits{0};          // so long
  bool is_leaving = false;                     // as soon as the answer is taken
};

}  // namespace

// Ends the loop's sleep, since an answer has come or all shall end. Outlives the server as long as
// a question is on its way.
class SocketmapServer::Wake {
 public:
  explicit Wake(UniqueFd event) : event_(std::move(event)) {}

  int fd() const { return event_.get(); }

  void signal() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }

  // Whether there was a signal since the last time.
  bool take() const {
    std::uint64_t count = 0;
    return ::read(event_.get(), &count, sizeof count) == sizeof count;
  }

 private:
  const UniqueFd event_;
};

// What the thread does.
class SocketmapServer::Loop {
 public:
  Loop(UniqueFd listener, std::shared_ptr<Wake> wake, RouteDesk& desk, Log& log, Limits limits)
      : listener_(std::move(listener)),
        wake_(std::move(wake)),
        desk_(desk),
        log_(log),
        limits_(limits) {}

  void stop() {
    stops_ = true;
    wake_->signal();
  }
  std::size_t connections() const { return count_; }

  void run() noexcept {
    while (!stops_) {
      try {
        step();
      } catch (const std::exception& error) {
        clients_.clear();
        listens_from_ = Deadline::in(rest);
        log_.say(LogLevel::panic,
                 fmt::format("socketmap: {}; its clients were let go", for_log(error.what())));
      }
    }
  }

 private:
  void step() {
    std::vector<pollfd> waits = {{.fd = wake_->fd(), .events = POLLIN, .revents = 0}};
    for (const Client& client : clients_) {
      const short events = !client.unsent.empty() ? POLLOUT : client.asks ? short{0} : POLLIN;
      waits.push_back({.fd = client.socket.get(), .events = events, .revents = 0});
    }
    const bool listens = clients_.size() < limits_.connections && listens_from_.passed();
    if (listens) waits.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
    if (::poll(waits.data(), waits.size(), wait()) < 0) return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (waits[i + 1].revents != 0) serve(clients_[i]);
    }
    if (wake_->take()) look_again();
    for (Client& client : clients_) {
      if (client.socket && client.end.passed()) time_out(client);
    }
    std::erase_if(clients_, [](const Client& client) { return !client.socket; });
    if (listens && waits.back().revents != 0) let_in();
    count_ = clients_.size();
  }

  // Milliseconds until something has waited long enough; -1 without end.
  int wait() const {
    std::optional<Deadline> next;
    const auto consider = [&](Deadline end) {
      next = next && next->end() < end.end() ? next : end;
    };
    for (const Client& client : clients_) consider(client.end);
    if (!listens_from_.passed()) consider(listens_from_);
    if (!next) return -1;
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next->left()).count());
  }

  void let_in() {
    while (clients_.size() < limits_.connections) {
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
        log_.say(LogLevel::warning, fmt::format("socketmap: cannot accept: {}", reason(errno)));
        listens_from_ = Deadline::in(rest);
        return;
      }
      clients_.push_back({.socket = std::move(socket), .end = Deadline::in(limits_.idle)});
    }
  }

  void serve(Client& client) {
    if (!client.unsent.empty()) {
      send(client);
      if (client.socket && client.unsent.empty()) take(client);
    } else if (client.asks) {  // it went away
      client.socket = {};
    } else {
      read(client);
    }
  }

  void read(Client& client) {
    std::array<char, most_unread> octets;
    const ssize_t count =
        ::recv(client.socket.get(), octets.data(), most_unread - client.unread.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      client.socket = {};
      return;
    }
    if (client.unread.empty()) client.end = Deadline::in(limits_.patience);
    client.unread.append(octets.data(), static_cast<std::size_t>(count));
    take(client);
  }

  // Answers what has come whole, until one has to wait.
  void take(Client& client) {
    while (client.socket && client.unsent.empty() && !client.asks) {
      auto question = take_question(client.unread);
      if (!question) {
        client.is_leaving = true;
        return answer(client,
                      {.kind = SocketmapAnswer::Kind::permanent, .text = question.error().text});
      }
      if (!*question) {
        if (client.unread.empty()) client.end = Deadline::in(limits_.idle);
        return;
      }
      if (const auto known = desk_.at_once(**question)) {
        answer(client, *known);
        continue;
      }
      ask(client, **std::move(question));
    }
  }

  void ask(Client& client, SocketmapQuestion question) {
    desk_.ask(question, [wake = wake_] { wake->signal(); });
    if (const auto known = desk_.landed(question)) return answer(client, *known);
    client.asks = std::move(question);
    client.waits = std::min<std::chrono::milliseconds>(
        budget_.next(std::chrono::steady_clock::now()), desk_.patience());
    client.end = Deadline::in(client.waits);
  }

  // Something has landed: for whom?
  void look_again() {
    for (Client& client : clients_) {
      if (!client.socket || !client.asks) continue;
      if (const auto known = desk_.landed(*client.asks)) deliver(client, *known);
    }
  }

  void time_out(Client& client) {
    if (!client.asks) {
      client.socket = {};
      return;
    }
    budget_.wait_in_vain(client.waits);
    deliver(client, desk_.give_up(*client.asks));
  }

  void deliver(Client& client, const SocketmapAnswer& given) {
    client.asks.reset();
    answer(client, given);
    if (client.socket && client.unsent.empty()) take(client);
  }

  void answer(Client& client, const SocketmapAnswer& given) {
    client.end = Deadline::in(limits_.patience);
    client.unsent = to_netstring(given);
    send(client);
  }

  void send(Client& client) {
    const ssize_t count =
        ::send(client.socket.get(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) client.unsent.erase(0, static_cast<std::size_t>(count));
    if (count < 0 || (client.unsent.empty() && client.is_leaving)) client.socket = {};
  }

  const UniqueFd listener_;
  const std::shared_ptr<Wake> wake_;
  RouteDesk& desk_;
  Log& log_;
  const Limits limits_;
  std::atomic<bool> stops_ = false;
  std::atomic<std::size_t> count_ = 0;
  std::vector<Client> clients_;  // one without a socket is about to go
  WaitBudget budget_{std::chrono::steady_clock::now()};
  Deadline listens_from_ = Deadline::in({});
};

SocketmapServer::Limits SocketmapServer::limits_of(const SocketmapConfig& config) {
  Limits limits;
  limits.connections = static_cast<std::size_t>(config.connections);
  limits.idle = config.idle;
  return limits;
}

Status SocketmapServer::check(const SocketmapConfig& config) {
  return LocalListener::check(place_of(config));
}

Result<std::unique_ptr<SocketmapServer>> SocketmapServer::open(const SocketmapConfig& config,
                                                               RouteDesk& desk, Log& log,
                                                               Limits limits) {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) {
    return fail(Code::temporary,
                fmt::format("routing.socketmap: no descriptor: {}", reason(errno)));
  }
  ICM_TRY(LocalListener listener, LocalListener::open(place_of(config), backlog));
  auto loop = std::make_unique<Loop>(listener.take_socket(),
                                     std::make_shared<Wake>(std::move(event)), desk, log, limits);
  return std::unique_ptr<SocketmapServer>(
      new SocketmapServer(std::move(listener), std::move(loop)));
}

SocketmapServer::SocketmapServer(LocalListener listener, std::unique_ptr<Loop> loop)
    : listener_(std::move(listener)), loop_(std::move(loop)), thread_([this] { loop_->run(); }) {}

SocketmapServer::~SocketmapServer() {
  listener_.withdraw();
  loop_->stop();
  thread_.join();
}

std::size_t SocketmapServer::connections() const { return loop_->connections(); }

}  // namespace icm
