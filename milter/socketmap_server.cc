// SPDX-License-Identifier: Apache-2.0
#include "milter/socketmap_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr int backlog = 128;
constexpr std::chrono::seconds rest{1};  // after what cannot be mended here, such as no descriptors
constexpr std::size_t most_unread = 2 * longest_socketmap_text;  // octets ahead of the answer

constexpr std::size_t most_waiting = 1024;  // questions for the DNS

SocketmapAnswer busy() {
  return {.kind = SocketmapAnswer::Kind::temporary, .text = "too many questions wait for the DNS"};
}

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
  std::uint64_t number = 0;
  Deadline end;
  std::string unread = {};  // what came and was not taken yet
  std::string unsent = {};  // the answer, as far as it was not taken
  bool waits = false;       // for the DNS
  bool is_leaving = false;  // as soon as the answer is taken
};

}  // namespace

// Questions for the DNS, those who ask them, and the answers on their way back.
class SocketmapServer::Askers {
 public:
  Askers(RouteDesk& desk, Log& log, UniqueFd event)
      : desk_(desk), log_(log), event_(std::move(event)) {}

  int event() const { return event_.get(); }

  // False when too many wait: those whose clients went away keep their place, too.
  [[nodiscard]] bool ask(std::uint64_t client, SocketmapQuestion question) {
    const std::scoped_lock lock(mutex_);
    if (questions_.size() >= most_waiting) return false;
    questions_.emplace_back(client, std::move(question));
    has_question_.notify_one();
    return true;
  }

  std::vector<std::pair<std::uint64_t, SocketmapAnswer>> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
    const std::scoped_lock lock(mutex_);
    return std::exchange(answers_, {});
  }

  void stop() {
    const std::scoped_lock lock(mutex_);
    stops_ = true;
    has_question_.notify_all();
    wake();
  }

  void work() noexcept {
    while (auto question = next()) {
      SocketmapAnswer answer{.kind = SocketmapAnswer::Kind::temporary, .text = "out of memory"};
      try {
        answer = desk_.answer(question->second);
      } catch (const std::exception& error) {
        log_.say(LogLevel::panic, fmt::format("socketmap: {}", for_log(error.what())));
      }
      const std::scoped_lock lock(mutex_);
      answers_.emplace_back(question->first, std::move(answer));
      wake();
    }
  }

 private:
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }

  std::optional<std::pair<std::uint64_t, SocketmapQuestion>> next() {
    std::unique_lock lock(mutex_);
    has_question_.wait(lock, [&] { return stops_ || !questions_.empty(); });
    if (stops_) return std::nullopt;
    auto question = std::move(questions_.front());
    questions_.pop_front();
    return question;
  }

  RouteDesk& desk_;
  Log& log_;
  const UniqueFd event_;
  std::mutex mutex_;
  std::condition_variable has_question_;
  std::deque<std::pair<std::uint64_t, SocketmapQuestion>> questions_;
  std::vector<std::pair<std::uint64_t, SocketmapAnswer>> answers_;
  bool stops_ = false;
};

// What the thread does.
class SocketmapServer::Loop {
 public:
  Loop(UniqueFd listener, Askers& askers, RouteDesk& desk, Log& log, Limits limits)
      : listener_(std::move(listener)), askers_(askers), desk_(desk), log_(log), limits_(limits) {}

  void stop() { stops_ = true; }
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
    std::vector<pollfd> waits = {{.fd = askers_.event(), .events = POLLIN, .revents = 0}};
    for (const Client& client : clients_) {
      const short events = !client.unsent.empty() ? POLLOUT : client.waits ? short{0} : POLLIN;
      waits.push_back({.fd = client.socket.get(), .events = events, .revents = 0});
    }
    const bool listens = clients_.size() < limits_.connections && listens_from_.passed();
    if (listens) waits.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
    if (::poll(waits.data(), waits.size(), wait()) < 0) return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (waits[i + 1].revents != 0) serve(clients_[i]);
    }
    for (auto& [number, answer] : askers_.take()) deliver(number, answer);
    for (Client& client : clients_) {
      if (client.end.passed() && !client.waits) client.socket = {};
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
    for (const Client& client : clients_) {
      if (!client.waits) consider(client.end);
    }
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
      clients_.push_back({.socket = std::move(socket),
                          .number = ++last_number_,
                          .end = Deadline::in(limits_.idle)});
    }
  }

  void serve(Client& client) {
    if (!client.unsent.empty()) {
      send(client);
      if (client.socket && client.unsent.empty()) take(client);
    } else if (client.waits) {  // it went away
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
    while (client.socket && client.unsent.empty() && !client.waits) {
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
      client.waits = askers_.ask(client.number, **std::move(question));
      if (!client.waits) answer(client, busy());
    }
  }

  void deliver(std::uint64_t number, const SocketmapAnswer& given) {
    const auto client =
        std::ranges::find_if(clients_, [&](const Client& one) { return one.number == number; });
    if (client == clients_.end() || !client->socket) return;
    client->waits = false;
    answer(*client, given);
    if (client->socket && client->unsent.empty()) take(*client);
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
  Askers& askers_;
  RouteDesk& desk_;
  Log& log_;
  const Limits limits_;
  std::atomic<bool> stops_ = false;
  std::atomic<std::size_t> count_ = 0;
  std::vector<Client> clients_;  // one without a socket is about to go
  std::uint64_t last_number_ = 0;
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
  auto askers = std::make_shared<Askers>(desk, log, std::move(event));
  auto loop = std::make_unique<Loop>(listener.take_socket(), *askers, desk, log, limits);
  return std::unique_ptr<SocketmapServer>(
      new SocketmapServer(std::move(listener), std::move(askers), std::move(loop), limits.askers));
}

SocketmapServer::SocketmapServer(LocalListener listener, std::shared_ptr<Askers> askers,
                                 std::unique_ptr<Loop> loop, std::size_t threads)
    : listener_(std::move(listener)), askers_(std::move(askers)), loop_(std::move(loop)) {
  threads_.emplace_back([this] { loop_->run(); });
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { askers_->work(); });
}

SocketmapServer::~SocketmapServer() {
  listener_.withdraw();
  loop_->stop();
  askers_->stop();
  for (std::thread& thread : threads_) thread.join();
}

std::size_t SocketmapServer::connections() const { return loop_->connections(); }

}  // namespace icm
