// SPDX-License-Identifier: Apache-2.0
#include "policy/base/program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"
#include "policy/base/unique_fd.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds look_again{5};
constexpr std::chrono::seconds grace{1};  // between being told to end and being ended

tl::unexpected<Error> cannot(std::string_view program, std::string_view what, int error) {
  return fail(Code::config,
              fmt::format("{}: cannot be {}: {}", for_log(program), what, std::strerror(error)));
}

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

Result<Pipe> make_pipe(std::string_view program) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot(program, "given a pipe", errno);
  return Pipe{.reading = UniqueFd(ends[0]), .writing = UniqueFd(ends[1])};
}

// The child's ends; no descriptor for an output is silence.
struct ChildEnds {
  int input = -1;
  int output = -1;
  int errors = -1;
};

void add_output(posix_spawn_file_actions_t& actions, int given, int as) {
  if (given < 0) {
    posix_spawn_file_actions_addopen(&actions, as, "/dev/null", O_WRONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, given, as);
  }
}

// The child's descriptors, its signals and its group.
Result<pid_t> start(const std::vector<std::string>& arguments, const ChildEnds& ends) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, ends.input, STDIN_FILENO);
  add_output(actions, ends.output, STDOUT_FILENO);
  add_output(actions, ends.errors, STDERR_FILENO);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  // Of our own environment only what every program expects: it may hold what is none of its affair.
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return cannot(arguments.front(), "run", error);
  return child;
}

// Its status, or nullopt when it has not ended by then.
std::optional<int> wait_for(pid_t child, Deadline deadline) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return 0;
    if (deadline.passed()) return std::nullopt;
    std::this_thread::sleep_for(look_again);
  }
}

// With all that it began, which may have outlived it.
void end(pid_t child) {
  ::kill(-child, SIGTERM);
  if (!wait_for(child, Deadline::in(grace))) {
    ::kill(-child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  ::kill(-child, SIGKILL);
}

// A write to a program that has ended must not end us.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() { sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// Our ends of a child's pipes. What it does not read is its own affair: it may end before.
class Conversation {
 public:
  Conversation(std::string_view input, std::size_t longest) : input_(input), longest_(longest) {}

  void give(UniqueFd input, UniqueFd output, UniqueFd errors) {
    ends_[0] = std::move(input);
    ends_[1] = std::move(output);
    ends_[2] = std::move(errors);
    for (const UniqueFd& one : ends_) {
      if (one) ::fcntl(one.get(), F_SETFL, O_NONBLOCK);
    }
    if (input_.empty()) ends_[0] = UniqueFd();
  }

  bool is_over() const { return !ends_[0] && !ends_[1] && !ends_[2]; }
  bool is_too_long() const {
    return end_.output.size() > longest_ || end_.errors.size() > longest_;
  }

  void go_on(std::chrono::milliseconds patience) {
    std::array<pollfd, 3> ready{};
    for (std::size_t i = 0; i < ready.size(); ++i) {
      ready[i] = {.fd = ends_[i] ? ends_[i].get() : -1,
                  .events = static_cast<short>(i == 0 ? POLLOUT : POLLIN),
                  .revents = 0};
    }
    if (::poll(ready.data(), ready.size(), static_cast<int>(patience.count())) <= 0) return;
    if (ready[0].revents != 0) write();
    if (ready[1].revents != 0) read(ends_[1], end_.output);
    if (ready[2].revents != 0) read(ends_[2], end_.errors);
  }

  ProgramEnd take(int status) {
    end_.status = status;
    return std::move(end_);
  }

 private:
  void write() {
    const ssize_t written = ::write(ends_[0].get(), input_.data(), input_.size());
    if (written > 0) input_.remove_prefix(static_cast<std::size_t>(written));
    const bool failed = written < 0 && errno != EAGAIN && errno != EINTR;
    if (failed || input_.empty()) ends_[0] = UniqueFd();
  }

  void read(UniqueFd& from, std::string& into) {
    std::array<char, 8192> piece;
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got > 0) into.append(piece.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) from = UniqueFd();
  }

  std::string_view input_;
  std::size_t longest_;
  std::array<UniqueFd, 3> ends_;
  ProgramEnd end_;
};

tl::unexpected<Error> not_in_time(std::string_view program, std::chrono::milliseconds timeout) {
  return fail(Code::temporary, fmt::format("{}: has not ended within {}ms, and was ended",
                                           for_log(program), timeout.count()));
}

// Speaks with the child until it has ended and said all, and gives back its wait status.
Result<int> hear_out(pid_t child, Conversation& conversation, std::string_view program,
                     std::chrono::milliseconds timeout) {
  const Deadline deadline = Deadline::in(timeout);
  std::optional<int> status;
  while (!conversation.is_over() && !conversation.is_too_long() && !deadline.passed()) {
    // What has ended says no more; what it began may keep its outputs open for ever.
    if (!status) status = wait_for(child, Deadline::in(std::chrono::seconds{0}));
    conversation.go_on(status ? std::chrono::milliseconds{0} : look_again);
    if (status) break;
  }
  if (status) {
    for (int piece = 0; piece < 64 && !conversation.is_over(); ++piece) conversation.go_on({});
  }
  if (conversation.is_too_long()) {
    if (!status) end(child);
    return fail(Code::permanent,
                fmt::format("{}: says more than can be listened to", for_log(program)));
  }
  if (!status) status = wait_for(child, deadline);
  if (status) return *status;
  end(child);
  return not_in_time(program, timeout);
}

Result<ProgramEnd> as_it_ended(std::string_view program, int status, Conversation& conversation) {
  if (WIFEXITED(status)) return conversation.take(WEXITSTATUS(status));
  return fail(Code::config,
              fmt::format("{}: ended by signal {}", for_log(program), WTERMSIG(status)));
}

}  // namespace

Result<ProgramEnd> ask_program(const std::vector<std::string>& arguments, std::string_view input,
                               std::chrono::milliseconds timeout, std::size_t longest) {
  if (arguments.empty()) return ProgramEnd{};
  const std::string& program = arguments.front();
  const NoPipeSignal guard;
  Conversation conversation(input, longest);
  ICM_TRY(Pipe in, make_pipe(program));
  ICM_TRY(Pipe out, make_pipe(program));
  ICM_TRY(Pipe err, make_pipe(program));
  ICM_TRY(const pid_t child, start(arguments, {.input = in.reading.get(),
                                               .output = out.writing.get(),
                                               .errors = err.writing.get()}));
  in.reading = UniqueFd();
  out.writing = UniqueFd();
  err.writing = UniqueFd();
  conversation.give(std::move(in.writing), std::move(out.reading), std::move(err.reading));
  ICM_TRY(const int status, hear_out(child, conversation, program, timeout));
  return as_it_ended(program, status, conversation);
}

Status run_program(const std::vector<std::string>& arguments, std::string_view input,
                   std::chrono::milliseconds timeout) {
  if (arguments.empty()) return {};
  const std::string& program = arguments.front();
  const NoPipeSignal guard;
  Conversation conversation(input, 0);
  ICM_TRY(Pipe in, make_pipe(program));
  ICM_TRY(const pid_t child,
          start(arguments, {.input = in.reading.get(), .output = -1, .errors = -1}));
  in.reading = UniqueFd();
  conversation.give(std::move(in.writing), UniqueFd(), UniqueFd());
  ICM_TRY(const int status, hear_out(child, conversation, program, timeout));
  ICM_TRY(const ProgramEnd end, as_it_ended(program, status, conversation));
  if (end.status == 0) return {};
  return fail(Code::config, fmt::format("{}: exit status {}", for_log(program), end.status));
}

}  // namespace icm
