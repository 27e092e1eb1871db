// SPDX-License-Identifier: Apache-2.0
//
// Signals: HUP, TERM and INT of this process as something the main thread can wait for.
#pragma once

#include <chrono>
#include <optional>

#include <signal.h>

#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm {

// libmilter starts a thread that waits for the same three signals with sigwait() and ends its
// service on any of them, HUP too. While it waits the kernel may give it a signal even though the
// main thread would take it (seen: one HUP in some hundreds). There is no way to ask libmilter not
// to, so this program has a sigwait() of its own, which never returns; nothing else here calls it.
// The signals are caught by handlers in the main thread, the only one that does not block them.
//
// One per process, made and used by the main thread.
class Signals {
 public:
  // Catches the three signals from now on; ignores SIGPIPE. Code::internal when libmilter would
  // still get them.
  [[nodiscard]] static Result<Signals> open();

  // The next signal, or nothing within `span`. Signals that came in between are not lost.
  std::optional<int> next(std::chrono::milliseconds span);

  // Waits without end; 0 means that another thread called wake().
  int next();

  // From any thread: lets next() return 0.
  static void wake();

 private:
  explicit Signals(UniqueFd read_end) : read_end_(std::move(read_end)) {}
  UniqueFd read_end_;
};

// Threads started while one of these lives get none of the three signals. The main thread must not
// keep one for long.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace icm
