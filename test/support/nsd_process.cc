// SPDX-License-Identifier: Apache-2.0
#include "test/support/nsd_process.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/base/deadline.h"
#include "test/support/daemon_process.h"
#include "test/support/scenario_text.h"

extern char** environ;

namespace icm {
namespace {

constexpr auto start_patience = std::chrono::seconds{60};
constexpr int answer_patience = 100;  // milliseconds
constexpr auto poll_interval = std::chrono::milliseconds{10};

std::string zone_text(const std::string& zone, const std::string& records) {
  if (records.starts_with("$ORIGIN")) return records;
  return fmt::format(
      "$ORIGIN {}.\n$TTL 60\n@ SOA ns.{}. root.{}. 1 3600 900 86400 30\n@ NS ns\nns A 127.0.0.1\n"
      "{}\n",
      zone, zone, zone, records);
}

std::string configuration(const TemporaryDirectory& directory, const Zones& zones, int port) {
  const std::string folder = directory.path().string();
  std::string text = fmt::format(
      "server:\n  ip-address: 127.0.0.1@{}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n"
      "  database: \"\"\n  zonesdir: \"{}\"\n  pidfile: \"{}/nsd.pid\"\n  xfrdfile: \"{}/xfrd\"\n"
      "  zonelistfile: \"{}/zones\"\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n",
      port, folder, folder, folder, folder);
  for (const auto& [zone, records] : zones) {
    const std::string file = fmt::format("{}.zone", zone);
    directory.write(file, zone_text(zone, records));
    text += fmt::format("zone:\n  name: \"{}.\"\n  zonefile: \"{}\"\n", zone, file);
  }
  return text;
}

// In a process group of its own, since nsd has children.
pid_t spawn(const std::string& config_file, const std::string& log_file) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string arguments[] = {"nsd", "-d", "-c", config_file};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, "/usr/sbin/nsd", &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw std::runtime_error(fmt::format("/usr/sbin/nsd: {}", std::strerror(error)));
  return pid;
}

// Whether it says anything to a question. It takes connections and datagrams long before it reads
// them where the machine is busy, and a resolver of the tests has seconds only.
bool answers(int port) {
  // RFC 1035 §4.1: one question, for the name servers of the root.
  static constexpr std::string_view question{"\x12\x34\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1", 17};
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  char octets[512];
  pollfd waited{.fd = probe, .events = POLLIN, .revents = 0};
  const bool answered =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(probe, question.data(), question.size(), MSG_NOSIGNAL) >= 0 &&
      ::poll(&waited, 1, answer_patience) == 1 && ::recv(probe, octets, sizeof octets, 0) > 0;
  ::close(probe);
  return answered;
}

}  // namespace

NsdProcess::NsdProcess(const Zones& zones, int port) : port_(port) {
  // Between looking for a free port and nsd's taking it, another program may.
  const int attempts = port == 0 ? 5 : 1;
  for (int i = 0; i < attempts; ++i) {
    if (port == 0) port_ = free_port();
    if (start(zones)) return;
  }
  throw std::runtime_error("nsd does not answer; it said:\n" +
                           read_text_file(directory_.path() / "nsd.log").value_or(""));
}

bool NsdProcess::start(const Zones& zones) {
  const auto config = directory_.write("nsd.conf", configuration(directory_, zones, port_));
  pid_ = spawn(config, directory_.path() / "nsd.log");
  const Deadline deadline = Deadline::in(start_patience);
  while (!answers(port_)) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    if (deadline.passed()) {
      stop();
      return false;
    }
    std::this_thread::sleep_for(poll_interval);
  }
  return true;
}

NsdProcess::~NsdProcess() { stop(); }

NameServer NsdProcess::address() const {
  return {.address = IpAddress::v4({127, 0, 0, 1}),
          .port = static_cast<std::uint16_t>(port_),
          .interface = {}};
}

void NsdProcess::freeze() { ::kill(-pid_, SIGSTOP); }

void NsdProcess::stop() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace icm
