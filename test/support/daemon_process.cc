// SPDX-License-Identifier: Apache-2.0
#include "test/support/daemon_process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/base/deadline.h"
#include "policy/base/unique_fd.h"
#include "test/support/milter_client_socket.h"
#include "test/support/scenario_text.h"

extern char** environ;

namespace icm {
namespace {

constexpr auto start_patience = std::chrono::seconds{90};  // a sanitizer's build on a busy machine
constexpr auto poll_interval = std::chrono::milliseconds{5};

Result<pid_t> spawn(const std::string& program, const std::string& config_file,
                    const std::string& log_file) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::string arguments[] = {program, "--config", config_file};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return fail(Code::permanent, fmt::format("{}: {}", program, std::strerror(error)));
  return pid;
}

bool is_free(int port, int type) {
  const UniqueFd probe(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<DaemonProcess> DaemonProcess::start(const std::string& program,
                                           const std::string& config_file,
                                           const std::string& address,
                                           const std::string& log_file) {
  ICM_TRY(const pid_t pid, spawn(program, config_file, log_file));
  DaemonProcess daemon(pid, log_file);
  const Deadline deadline = Deadline::in(start_patience);
  while (!deadline.passed()) {
    // A connection that says nothing: libmilter takes it and sees it end.
    if (MilterSocket::connect(address, start_patience)) return daemon;
    if (!daemon.is_running()) break;
    std::this_thread::sleep_for(poll_interval);
  }
  const auto said = read_text_file(log_file);
  return fail(
      Code::permanent,
      fmt::format("{} does not answer at {}{}; it said:\n{}", program, address,
                  daemon.is_running() ? "" : fmt::format(" and ended with {}", daemon.exit_status_),
                  said.value_or("")));
}

DaemonProcess::DaemonProcess(DaemonProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      log_file_(std::move(other.log_file_)),
      exit_status_(other.exit_status_) {}

DaemonProcess::~DaemonProcess() { kill(); }

bool DaemonProcess::is_running() { return pid_ > 0 && !wait(std::chrono::milliseconds{0}); }

void DaemonProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

Result<int> DaemonProcess::stop(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  return wait(patience);
}

Result<int> DaemonProcess::wait(std::chrono::milliseconds patience) {
  const Deadline deadline = Deadline::in(patience);
  while (pid_ > 0) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      pid_ = -1;
      break;
    }
    if (deadline.passed())
      return fail(Code::temporary, fmt::format("still running after {} ms", patience.count()));
    std::this_thread::sleep_for(poll_interval);
  }
  return exit_status_;
}

void DaemonProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_status_ = 128 + SIGKILL;
  pid_ = -1;
}

long DaemonProcess::status(std::string_view figure) const {
  std::ifstream stream(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(figure) && line.size() > figure.size() && line[figure.size()] == ':') {
      return std::strtol(line.c_str() + figure.size() + 1, nullptr, 10);
    }
  }
  return 0;
}

int free_port() {
  // Below those that the kernel gives to connections and to whoever names none.
  std::random_device device;
  std::uniform_int_distribution<int> any(12000, 31999);
  for (int i = 0; i < 100; ++i) {
    const int port = any(device);
    if (is_free(port, SOCK_STREAM) && is_free(port, SOCK_DGRAM)) return port;
  }
  throw std::runtime_error("of a hundred ports none is free");
}

}  // namespace icm
