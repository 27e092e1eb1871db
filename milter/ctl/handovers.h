// SPDX-License-Identifier: Apache-2.0
//
// Handovers: what was decided about the mail that left, by the queue id under which it left: the
// decision log, kept in mind as far as memory goes.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "milter/ctl/followed_file.h"
#include "milter/decision_reader.h"
#include "policy/delivery/delivery_event.h"

namespace icm::ctl {

// What is needed of a decision. The egress is the configuration's affair, by the stream.
Handover handover_of(const DecisionRecord& decision);

// Not synchronised.
class Handovers {
 public:
  static constexpr std::size_t most = 200'000;  // messages; the oldest are forgotten
  static constexpr std::uint64_t most_of_the_past = 256u << 20;  // octets of the log read at first

  // `path` is the decision log's; without one nothing is known of any queue id.
  [[nodiscard]] static Result<Handovers> open(const std::string& path);

  // Reads what the daemon has written since the last call.
  [[nodiscard]] Status poll();

  // Nullptr when it is not known. Valid until poll().
  const Handover* find(const std::string& queue_id) const;

 private:
  Handovers() = default;
  void remember(const DecisionRecord& decision);

  std::optional<FollowedFile> log_;
  DecisionReader reader_;
  DecisionRecord decision_;
  std::unordered_map<std::string, Handover> known_;
  std::deque<std::string> order_;  // of the keys of known_, oldest first
};

}  // namespace icm::ctl
