// SPDX-License-Identifier: Apache-2.0
#include "milter/signals.h"

#include <cerrno>
#include <system_error>

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace icm {
namespace {

constexpr int caught[] = {SIGHUP, SIGTERM, SIGINT};

// A signal handler gets no argument of ours, so the end it writes to is the process's own.
int write_end = -1;

extern "C" void write_signal(int signal_number) {
  const int kept = errno;
  const auto octet = static_cast<unsigned char>(signal_number);
  // A full pipe holds signals enough; one more or less of the same kind makes no difference.
  [[maybe_unused]] const ssize_t ignored = ::write(write_end, &octet, 1);
  errno = kept;
}

// Whether libmilter's call of sigwait() ends up at ours, as the dynamic linker sees it.
bool is_ours(decltype(&::sigwait) function) {
  return ::dlsym(RTLD_DEFAULT, "sigwait") == reinterpret_cast<void*>(function);
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace
}  // namespace icm

// Takes the place of the C library's for the whole program; see Signals.
extern "C" int sigwait(const sigset_t*, int*) {
  for (;;) ::poll(nullptr, 0, -1);
}

namespace icm {

Result<Signals> Signals::open() {
  if (!is_ours(&::sigwait)) {
    return fail(Code::internal,
                "libmilter would take this program's signals: sigwait() is not the program's own; "
                "link it so that it exports the symbol");
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return fail(Code::temporary, fmt::format("cannot make a pipe: {}", reason(errno)));
  }
  write_end = ends[1];
  Signals signals{UniqueFd(ends[0])};
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  struct sigaction action {};
  action.sa_handler = write_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal_number : caught) {
    if (::sigaction(signal_number, &action, nullptr) != 0) {
      return fail(Code::internal,
                  fmt::format("cannot catch signal {}: {}", signal_number, reason(errno)));
    }
  }
  return signals;
}

std::optional<int> Signals::next(std::chrono::milliseconds span) {
  pollfd wait{.fd = read_end_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, static_cast<int>(span.count())) <= 0) return std::nullopt;
  unsigned char octet = 0;
  if (::read(read_end_.get(), &octet, 1) != 1) return std::nullopt;
  return octet;
}

int Signals::next() {
  constexpr std::chrono::milliseconds without_end{-1};
  for (;;) {
    if (const auto signal_number = next(without_end)) return *signal_number;
  }
}

void Signals::wake() { write_signal(0); }

SignalsBlocked::SignalsBlocked() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal_number : caught) sigaddset(&set, signal_number);
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

SignalsBlocked::~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace icm
