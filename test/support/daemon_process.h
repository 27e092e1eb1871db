// SPDX-License-Identifier: Apache-2.0
//
// DaemonProcess: the real icloud-milter as a child process, for tests that talk to it over its
// socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "policy/base/result.h"

namespace icm {

// Killed and reaped when destroyed. One thread at a time.
class DaemonProcess {
 public:
  // Runs `program --config FILE` and returns once the socket at `address` takes connections. Its
  // standard error goes to `log_file`. An Error holds what it said instead.
  [[nodiscard]] static Result<DaemonProcess> start(const std::string& program,
                                                   const std::string& config_file,
                                                   const std::string& address,
                                                   const std::string& log_file);

  DaemonProcess(DaemonProcess&& other) noexcept;
  DaemonProcess& operator=(DaemonProcess&&) = delete;
  ~DaemonProcess();

  pid_t pid() const { return pid_; }
  bool is_running();
  void signal(int number) const;

  // Sends TERM and waits. The exit status; 128 and the number of the signal that ended it; an Error
  // when it still runs after `patience`.
  [[nodiscard]] Result<int> stop(std::chrono::milliseconds patience = std::chrono::seconds{20});
  [[nodiscard]] Result<int> wait(std::chrono::milliseconds patience);

  // SIGKILL, and gone.
  void kill();

  // KiB of /proc/PID/status: "VmRSS", "VmHWM"; its number of "Threads".
  long status(std::string_view figure) const;

 private:
  DaemonProcess(pid_t pid, std::string log_file) : pid_(pid), log_file_(std::move(log_file)) {}
  pid_t pid_ = -1;
  std::string log_file_;
  int exit_status_ = -1;
};

// A port of 127.0.0.1 that nobody had a moment ago, neither by TCP nor by UDP.
int free_port();

}  // namespace icm
