// SPDX-License-Identifier: Apache-2.0
#include "test/support/child_process.h"

#include <array>
#include <csignal>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace icm {
namespace {

struct Pipe {
  int from = -1;
  int to = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
  return {ends[0], ends[1]};
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t size = read(from, chunk.data(), chunk.size());
    if (size <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

std::string in_child(const std::function<std::string()>& body) {
  const Pipe pipe = make_pipe();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    const std::string text = body();
    const ssize_t written = write(pipe.to, text.data(), text.size());
    _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(pipe.to);
  std::string text = read_all(pipe.from);
  close(pipe.from);
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0)
    throw std::runtime_error("the child ended with status " + std::to_string(status));
  return text;
}

ChildProcess::ChildProcess(const std::function<void(const Ready&)>& body) {
  const Pipe pipe = make_pipe();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    body([&pipe] {
      if (write(pipe.to, "r", 1) == 1) pause();
      _exit(1);
    });
    _exit(1);
  }
  close(pipe.to);
  char octet = 0;
  const ssize_t size = read(pipe.from, &octet, 1);
  close(pipe.from);
  if (size == 1) return;
  kill();
  throw std::runtime_error("the child ended before its moment");
}

ChildProcess::~ChildProcess() { kill(); }

void ChildProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace icm
