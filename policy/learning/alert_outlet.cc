// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/alert_outlet.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "policy/base/deadline.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_line = 900;  // RFC 5322 §2.1.1 has 998
constexpr std::chrono::milliseconds look_again{5};
constexpr std::chrono::seconds grace{1};  // between being told to end and being ended

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

tl::unexpected<Error> cannot(std::string_view program, std::string_view what, int error) {
  return fail(Code::config,
              fmt::format("{}: cannot be {}: {}", for_log(program), what, std::strerror(error)));
}

// The child's standard input, its silence, its signals and its group.
Result<pid_t> start(const std::vector<std::string>& arguments, int input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
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

// What a program does not read is its own affair: it may end before.
void feed(int pipe, std::string_view input, Deadline deadline) {
  while (!input.empty() && !deadline.passed()) {
    pollfd ready{.fd = pipe, .events = POLLOUT, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    if (::poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t written = ::write(pipe, input.data(), input.size());
    if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EAGAIN && errno != EINTR) return;
  }
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

}  // namespace

Status run_program(const std::vector<std::string>& arguments, std::string_view input,
                   std::chrono::milliseconds timeout) {
  if (arguments.empty()) return {};
  const std::string program = for_log(arguments.front());
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot(program, "given a pipe", errno);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  ::fcntl(writing.number(), F_SETFL, O_NONBLOCK);
  const NoPipeSignal guard;
  const Deadline deadline = Deadline::in(timeout);
  ICM_TRY(const pid_t child, start(arguments, reading.number()));
  reading.close();
  feed(writing.number(), input, deadline);
  writing.close();
  std::optional<int> status = wait_for(child, deadline);
  if (!status) {
    ::kill(-child, SIGTERM);
    if (!wait_for(child, Deadline::in(grace))) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    ::kill(-child, SIGKILL);  // what it began may have stayed
    return fail(Code::temporary, fmt::format("{}: has not ended within {}ms, and was ended",
                                             program, timeout.count()));
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
  if (WIFEXITED(*status)) {
    return fail(Code::config, fmt::format("{}: exit status {}", program, WEXITSTATUS(*status)));
  }
  return fail(Code::config, fmt::format("{}: ended by signal {}", program, WTERMSIG(*status)));
}

std::string alert_mail(const AlertText& alert, const AlertsConfig& config, std::string_view host) {
  const std::string from = config.mail_from.empty() ? config.mail_to.front() : config.mail_from;
  // RFC 3834 §5: no program shall answer it.
  std::string mail = fmt::format(
      "From: {}\nTo: {}\nSubject: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
      "Content-Type: text/plain; charset=us-ascii\n\n",
      from, fmt::join(config.mail_to, ",\n "), excerpt(alert.title, 200));
  for (std::string_view line : split(alert.body, '\n')) {
    while (line.size() > longest_line) {
      mail += fmt::format("{}\n", line.substr(0, longest_line));
      line.remove_prefix(longest_line);
    }
    // A lone dot ends the input of some programs.
    mail += fmt::format("{}{}\n", line == "." ? " " : "", line);
  }
  return mail + fmt::format("-- \nicloud-milterctl replies follow on {}\n", for_log(host));
}

Status ProgramAlertOutlet::send(const AlertText& alert) {
  Status done = run_program(config_.command, alert.title + "\n\n" + alert.body, config_.timeout);
  if (config_.mail_to.empty()) return done;
  const Status mailed = run_program({config_.sendmail, "-i", "-t"},
                                    alert_mail(alert, config_, host_), config_.timeout);
  if (mailed) return done;
  if (done) return mailed;
  return fail(Code::config, fmt::format("{}; {}", done.error().text, mailed.error().text));
}

}  // namespace icm
