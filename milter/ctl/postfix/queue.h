// SPDX-License-Identifier: Apache-2.0
//
// Mail that has passed the gate and waits: its queue file names icloud-out as the way it leaves by,
// also when there is no icloud-out any more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/postfix_programs.h"

namespace icm::ctl::postfix {

struct Requeued {
  std::size_t messages = 0;
  std::vector<std::string> held;  // queue ids that are held, and stay so
};

// Has Postfix take such mail into the queue anew, with a way out of the configuration as it is now.
// An Error says why not all was; mail that was not stays in the queue.
[[nodiscard]] Result<Requeued> requeue_what_passed(const PostfixPrograms& programs);

// For requeue_what_passed(): what "postqueue -j" and "postcat -e" print.
struct QueuedMessage {
  std::string id;
  std::string queue;  // "deferred"
};
std::vector<QueuedMessage> read_queue(std::string_view printed);
std::vector<std::string> ids_that_passed(std::string_view printed);

}  // namespace icm::ctl::postfix
