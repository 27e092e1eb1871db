// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/instance_service.h"

#include <csignal>

namespace icm::ctl::postfix {
namespace {

sigset_t enders() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) sigaddset(&set, signal);
  return set;
}

}  // namespace

bool is_running(const PostfixPrograms& programs) {
  const auto end = programs.ask("postfix", {"status"});
  return end && end->status == 0;
}

Status check_and_reload(const PostfixPrograms& programs) {
  ICM_CHECK(programs.run("postfix", {"check"}));
  if (!is_running(programs)) return {};
  ICM_CHECK(programs.run("postfix", {"reload"}));
  return {};
}

NoInterruption::NoInterruption() {
  const sigset_t set = enders();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

NoInterruption::~NoInterruption() {
  const sigset_t set = enders();
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace icm::ctl::postfix
