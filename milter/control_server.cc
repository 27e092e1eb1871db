// SPDX-License-Identifier: Apache-2.0
#include "milter/control_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr int backlog = 16;
constexpr std::chrono::seconds rest{1};  // after what cannot be mended here, such as no descriptors

std::string reason(int error) { return std::generic_category().message(error); }

std::string error_line(std::string_view text) { return fmt::format("{}{}", control_error, text); }

// Answers on their way from other threads to the loop's. Outlives the loop as long as somebody may
// still answer.
class Outbox {
 public:
  explicit Outbox(UniqueFd event) : event_(std::move(event)) {}

  int event() const { return event_.get(); }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }

  void put(std::uint64_t client, std::string line) {
    {
      const std::scoped_lock lock(mutex_);
      lines_.emplace_back(client, std::move(line));
    }
    wake();
  }

  std::vector<std::pair<std::uint64_t, std::string>> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
    const std::scoped_lock lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  const UniqueFd event_;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, std::string>> lines_;
};

struct Client {
  enum class State { asking, waiting, answered };
  UniqueFd socket;
  std::uint64_t number = 0;
  ControlPeer peer;
  State state = State::asking;
  Deadline end;
  std::string text = {};  // the request as far as it came; then what is left of the answer
};

// The groups of a peer beside its first; none where the kernel is too old to say (before 4.13).
std::vector<gid_t> groups_of(int socket) {
  std::vector<gid_t> groups(65536);  // NGROUPS_MAX
  auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return {};
  groups.resize(size / sizeof(gid_t));
  return groups;
}

bool may_command(int socket, const ucred& peer, const Ownership& owner) {
  if (peer.uid == 0 || peer.uid == ::geteuid() || peer.uid == owner.user) return true;
  if (owner.group == Ownership{}.group) return false;
  if (peer.gid == owner.group) return true;
  const std::vector<gid_t> groups = groups_of(socket);
  return std::ranges::find(groups, owner.group) != groups.end();
}

SocketPlace place_of(const ControlConfig& config) {
  return {.path = config.socket,
          .owner = config.owner,
          .group = config.group,
          .mode = static_cast<mode_t>(config.mode),
          .section = "control",
          .path_option = "control.socket",
          .group_hint = "one of administrators"};
}

}  // namespace

std::string to_string(const ControlPeer& peer) {
  std::array<char, 4096> strings;
  passwd entry{};
  passwd* found = nullptr;
  const bool is_known =
      ::getpwuid_r(peer.user, &entry, strings.data(), strings.size(), &found) == 0 &&
      found != nullptr;
  return fmt::format("{} (uid {}, pid {})", is_known ? for_log(entry.pw_name) : "somebody",
                     peer.user, peer.process);
}

// What the thread does.
class ControlServer::Loop {
 public:
  Loop(UniqueFd listener, std::shared_ptr<Outbox> outbox, Ownership owner, ControlDesk& desk,
       Log& log, Limits limits)
      : listener_(std::move(listener)),
        outbox_(std::move(outbox)),
        owner_(owner),
        desk_(desk),
        log_(log),
        limits_(limits) {}

  void stop() {
    stops_ = true;
    outbox_->wake();
  }

  void run() noexcept {
    while (!stops_) {
      try {
        step();
      } catch (const std::exception& error) {
        recover(error.what());
      } catch (...) {
        recover("unknown exception");
      }
    }
  }

 private:
  using State = Client::State;

  void recover(const char* what) noexcept {
    clients_.clear();
    listens_from_ = Deadline::in(rest);
    try {
      log_.say(LogLevel::panic, fmt::format("control: {}; its clients were let go", for_log(what)));
    } catch (...) {  // not even memory for a line
    }
  }

  bool has_room() const { return clients_.size() < limits_.clients; }

  void step() {
    std::vector<pollfd> waits = {{.fd = outbox_->event(), .events = POLLIN, .revents = 0}};
    for (const Client& client : clients_) {
      const short events = client.state == State::asking     ? POLLIN
                           : client.state == State::answered ? POLLOUT
                                                             : short{0};
      waits.push_back({.fd = client.socket.get(), .events = events, .revents = 0});
    }
    const bool listens = has_room() && listens_from_.passed();
    if (listens) waits.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
    if (::poll(waits.data(), waits.size(), wait()) < 0) return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (waits[i + 1].revents != 0) serve(clients_[i]);
    }
    for (auto& [number, line] : outbox_->take()) deliver(number, std::move(line));
    for (Client& client : clients_) {
      if (client.end.passed()) lose_patience(client);
    }
    std::erase_if(clients_, [](const Client& client) { return !client.socket; });
    if (listens && waits.back().revents != 0) let_in();
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
    while (has_room()) {
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
        log_.say(LogLevel::warning, fmt::format("control: cannot accept: {}", reason(errno)));
        listens_from_ = Deadline::in(rest);
        return;
      }
      ucred peer{};
      socklen_t size = sizeof peer;
      if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) continue;
      const bool is_welcome = may_command(socket.get(), peer, owner_);
      clients_.push_back({.socket = std::move(socket),
                          .number = ++last_number_,
                          .peer = {.user = peer.uid, .process = peer.pid},
                          .end = Deadline::in(limits_.patience)});
      if (is_welcome) continue;
      answer(clients_.back(),
             error_line(fmt::format("uid {} may not command this daemon; root may, its own user, "
                                    "and those of control.owner and control.group",
                                    peer.uid)));
    }
  }

  void serve(Client& client) {
    switch (client.state) {
      case State::asking:
        return read(client);
      case State::waiting:  // it went away
        client.socket = {};
        return;
      case State::answered:
        return send(client);
    }
  }

  void read(Client& client) {
    std::array<char, longest_control_request + 1> octets;
    const ssize_t count = ::recv(client.socket.get(), octets.data(), octets.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0 && client.text.empty()) {
      client.socket = {};
      return;
    }
    if (count <= 0) return answer(client, error_line("the request has no end: LF is missing"));
    client.text.append(octets.data(), static_cast<std::size_t>(count));
    const std::size_t end = client.text.find('\n');
    if (std::min(end, client.text.size()) > longest_control_request) {
      return answer(client, error_line(fmt::format("the request is longer than {} octets",
                                                   longest_control_request)));
    }
    if (end == std::string::npos) return;
    auto request = parse_control_request(std::string_view(client.text).substr(0, end));
    if (!request) return answer(client, error_line(request.error().text));
    client.state = State::waiting;
    client.end = Deadline::in(limits_.desk_patience);
    desk_.asked(*std::move(request), client.peer,
                [outbox = outbox_, number = client.number](std::string line) {
                  outbox->put(number, std::move(line));
                });
  }

  void deliver(std::uint64_t number, std::string line) {
    const auto client =
        std::ranges::find_if(clients_, [&](const Client& one) { return one.number == number; });
    if (client == clients_.end() || client->state != State::waiting || !client->socket) return;
    answer(*client, std::move(line));
  }

  void answer(Client& client, std::string line) {
    client.state = State::answered;
    client.end = Deadline::in(limits_.patience);
    client.text = std::move(line) + "\n";
    send(client);
  }

  void send(Client& client) {
    const ssize_t count =
        ::send(client.socket.get(), client.text.data(), client.text.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) client.text.erase(0, static_cast<std::size_t>(count));
    if (count < 0 || client.text.empty()) client.socket = {};
  }

  void lose_patience(Client& client) {
    if (client.state == State::waiting) {
      return answer(client, error_line("the daemon is busy; its log says with what"));
    }
    client.socket = {};
  }

  const UniqueFd listener_;
  const std::shared_ptr<Outbox> outbox_;
  const Ownership owner_;
  ControlDesk& desk_;
  Log& log_;
  const Limits limits_;
  std::atomic<bool> stops_ = false;
  std::vector<Client> clients_;  // one without a socket is about to go
  std::uint64_t last_number_ = 0;
  Deadline listens_from_ = Deadline::in({});
};

ControlServer::ControlServer(SocketFile file, std::unique_ptr<Loop> loop)
    : file_(std::move(file)), loop_(std::move(loop)), thread_([this] { loop_->run(); }) {}

Status ControlServer::check(const ControlConfig& config) {
  return config.socket.empty() ? Status{} : SocketFile::check(place_of(config));
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(const ControlConfig& config,
                                                           ControlDesk& desk, Log& log,
                                                           Limits limits) {
  const SocketPlace place = place_of(config);
  ICM_TRY(const Ownership owner, ownership_of(place));
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!listener || !event) {
    return fail(Code::temporary, fmt::format("control.socket: no descriptor: {}", reason(errno)));
  }
  const auto bind = [&](const std::string& path) -> Status {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(listener.get(), backlog) == 0) {
      return {};
    }
    return fail(Code::config,
                fmt::format("control.socket: cannot listen at {}: {}", path, reason(errno)));
  };
  ICM_TRY(SocketFile file, SocketFile::put(place, bind));
  auto loop = std::make_unique<Loop>(
      std::move(listener), std::make_shared<Outbox>(std::move(event)), owner, desk, log, limits);
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(file), std::move(loop)));
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(const ControlConfig& config,
                                                           ControlDesk& desk, Log& log) {
  return open(config, desk, log, Limits());
}

ControlServer::~ControlServer() {
  file_.withdraw();
  loop_->stop();
  thread_.join();
}

}  // namespace icm
