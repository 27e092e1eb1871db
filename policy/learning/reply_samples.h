// SPDX-License-Identifier: Apache-2.0
//
// Answers that no entry of the table explains, kept so that somebody can write one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/learning/reply_book.h"
#include "policy/replies/received_reply.h"

namespace icm {

struct ReplySample {
  std::string reply;  // the latest
  std::string entry;
  std::string queue_id;
  WallTime first{};
  WallTime last{};
  std::int64_t count = 0;
};

// A reply as it is shown: its codes and words, printable.
std::string reply_line(const ReceivedReply& reply);

// One sample for all answers that differ in addresses, numbers and identifiers alone. `line` is
// what is kept of the reply.
[[nodiscard]] Status note_sample(ReplyBook& book, std::string_view entry,
                                 const ReceivedReply& reply, std::string_view line,
                                 std::string_view queue_id, WallTime time);

// The latest first.
[[nodiscard]] Result<std::vector<ReplySample>> reply_samples(ReplyBook& book, int most);

}  // namespace icm
