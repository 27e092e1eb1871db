// SPDX-License-Identifier: Apache-2.0
//
// ChildProcess: a part of a test in a process of its own, to be killed, limited or stripped of its
// rights without harm to the test.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

namespace icm {

// Runs `body` in a forked child and answers with what it returned. Throws when the child died of
// something else.
std::string in_child(const std::function<std::string()>& body);

// A child that runs until its moment: `body` calls the function it is given, which never returns,
// and the constructor of ChildProcess does. Killed at the latest when this is destroyed.
class ChildProcess {
 public:
  using Ready = std::function<void()>;
  explicit ChildProcess(const std::function<void(const Ready&)>& body);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // kill -9, and waits until it is gone.
  void kill();

 private:
  pid_t pid_ = -1;
};

}  // namespace icm
