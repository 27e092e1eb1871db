// SPDX-License-Identifier: Apache-2.0
//
// Mail that has passed the gate and waits: its queue file names icloud-out as the way it leaves by,
// also when there is no icloud-out any more.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/postfix_programs.h"

namespace icm::ctl::postfix {

struct Requeued {
  std::size_t messages = 0;
  std::vector<std::string> held;  // queue ids that are held, and stay so
};

// Has Postfix take such mail of the queue below `queue_directory` into it anew, with a way out of
// the configuration as it is now. An Error says why not all was; mail that was not stays in the
// queue, and a second call goes on with it. `tell` gets a sentence when this takes a while.
[[nodiscard]] Result<Requeued> requeue_what_passed(
    const PostfixPrograms& programs, const std::string& queue_directory,
    const std::function<void(const std::string&)>& tell);

struct QueuedMessage {
  std::string id;
  std::string queue;  // "deferred"
  bool operator==(const QueuedMessage&) const = default;
};

// The messages that wait, by the names of their files: showq(8) opens each of them, which takes
// minutes where many wait, and says more of a message than is to be known here. What is in none of
// incoming, active, deferred and hold is left out. An Error names the folder that cannot be read.
[[nodiscard]] Result<std::vector<QueuedMessage>> list_queue(const std::string& queue_directory);

// For requeue_what_passed(): what "postcat -e" printed, which ends at the first message that has
// left meanwhile.
struct Envelopes {
  std::vector<std::string> looked_at;  // queue ids
  std::vector<std::string> passed;     // of them
};
Envelopes read_envelopes(std::string_view printed);

}  // namespace icm::ctl::postfix
