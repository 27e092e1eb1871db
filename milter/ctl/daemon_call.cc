// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/daemon_call.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "policy/base/text.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> no_daemon(const std::string& path, std::string_view why) {
  return fail(Code::config, fmt::format("no daemon can be reached at {}: {}", path, why));
}

tl::unexpected<Error> not_connected(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return no_daemon(path,
                       "there is no such socket; start icloud-milter, or name the control.socket "
                       "of its configuration with --config FILE or --socket PATH");
    case ECONNREFUSED:
      return no_daemon(path, "nobody listens there any more; start icloud-milter");
    case EACCES:
      return no_daemon(path,
                       "this user may not open it; ask as root, as the daemon's user, or as a "
                       "member of the control.group of its configuration");
    case EAGAIN:
      return no_daemon(path, "too many ask at once; try again");
    default:
      return no_daemon(path, reason(error));
  }
}

tl::unexpected<Error> too_late(const std::string& path) {
  return fail(
      Code::temporary,
      fmt::format("the daemon at {} did not answer in time; its log says what it does", path));
}

// Waits for `events`. False when the deadline passed.
bool is_ready(int socket, short events, Deadline deadline) {
  pollfd wait{.fd = socket, .events = events, .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
    const int count = ::poll(&wait, 1, static_cast<int>(left.count()));
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

Result<std::string> receive_line(int socket, const std::string& path, Deadline deadline) {
  std::string text;
  std::array<char, 16384> octets;
  while (text.size() <= longest_control_answer) {
    if (!is_ready(socket, POLLIN, deadline)) return too_late(path);
    const ssize_t count = ::recv(socket, octets.data(), octets.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return fail(
          Code::temporary,
          fmt::format("the daemon at {} ended before it had answered; its log says why", path));
    }
    text.append(octets.data(), static_cast<std::size_t>(count));
    if (text.back() == '\n') {
      text.pop_back();
      return text;
    }
  }
  return fail(Code::temporary, fmt::format("what answers at {} is no icloud-milter", path));
}

// Where to ask. A configuration that is broken just now must not keep an administrator from asking
// the daemon what it makes of it.
Result<std::string> socket_of(const DaemonOption& option) {
  if (option.socket) return *option.socket;
  const auto config = load_configuration(option.config);
  if (!config) {
    const std::string path = ControlConfig().socket;
    fmt::print(stderr,
               "icloud-milterctl: the configuration cannot be read (icloud-milterctl config check "
               "says why); asking the daemon at {}\n",
               path);
    return path;
  }
  if (!config->control.socket.empty()) return config->control.socket;
  return fail(Code::config,
              "control.socket is empty, so the daemon cannot be asked; name a path there and "
              "restart the daemon");
}

}  // namespace

void DaemonOption::add_to(CLI::App& command) {
  command
      .add_option("--socket", socket,
                  "The daemon's control socket. Default: control.socket of the configuration.")
      ->option_text("PATH");
  command.add_option("--config", config, std::string(config_option_help))->option_text("FILE");
  command.add_flag("--json", json, "The daemon's answer as it is: one JSON object on one line.");
}

Result<std::string> exchange_lines(const std::string& path, const std::string& line,
                                   Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return no_daemon(path, "the path is longer than that of a unix socket may be");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return not_connected(path, errno);
  }
  // A line is shorter than any socket's buffer. A daemon that refuses this user answers unasked,
  // and may have closed already: what it said is there to be read.
  const std::string sent = line + "\n";
  static_cast<void>(::send(socket.get(), sent.data(), sent.size(), MSG_NOSIGNAL));
  ICM_TRY(std::string answer, receive_line(socket.get(), path, deadline));
  if (!answer.starts_with(control_error)) return answer;
  return fail(Code::permanent, fmt::format("the daemon says: {}",
                                           std::string_view(answer).substr(control_error.size())));
}

tl::expected<DaemonAnswer, Exit> ask_daemon(const DaemonOption& option,
                                            const ControlRequest& request,
                                            std::chrono::seconds patience) {
  if (option.socket && option.socket->empty()) {
    return tl::make_unexpected(complain("--socket: expected a path, got \"\"", Exit::usage));
  }
  const auto path = socket_of(option);
  if (!path) return tl::make_unexpected(complain(path.error().text, Exit::no_daemon));
  auto line = exchange_lines(*path, to_line(request), Deadline::in(patience));
  if (!line) {
    const bool is_refused = line.error().code == Code::permanent;
    return tl::make_unexpected(
        complain(line.error().text, is_refused ? Exit::refused : Exit::no_daemon));
  }
  DaemonAnswer answer{.line = *std::move(line), .json = {}};
  answer.json = nlohmann::ordered_json::parse(answer.line, nullptr, false);
  if (!answer.json.is_object()) {
    return tl::make_unexpected(
        complain(fmt::format("what answers at {} is no icloud-milter", *path), Exit::no_daemon));
  }
  return answer;
}

}  // namespace icm::ctl
