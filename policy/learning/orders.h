// SPDX-License-Identifier: Apache-2.0
//
// Orders: what was decided, carried out: written into the suppression list and the book of
// backoffs, or only said where the configuration says so. Each may be given again without harm.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/config/replies_config.h"
#include "policy/learning/address_hits.h"
#include "policy/learning/learner_figures.h"
#include "policy/store/backoff.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Who our entries and backoffs are by.
inline constexpr std::string_view learner_name = "icloud-milter-replies";

// Whether the configuration wants this done, not only said.
bool is_carried_out(const RepliesConfig& config, ReplyEffect effect);

struct BackoffOrder {
  ReplyEffect effect = ReplyEffect::pause;
  Backoff backoff;
  bool is_end = false;  // of what was ordered before: only kind and subject count
};

// Used by one thread at a time; all that is handed in must outlive it.
class Orders {
 public:
  // Hears one line for each thing that was done, or would have been.
  using Say = std::function<void(const std::string&)>;

  Orders(const RepliesConfig& config, SuppressionBook& suppressions, BackoffBook& backoffs, Say say)
      : config_(config), suppressions_(suppressions), backoffs_(backoffs), say_(std::move(say)) {}

  // The most lines about addresses, or about backoffs, at once; a last one counts the rest.
  static constexpr std::size_t most_said = 20;

  [[nodiscard]] Status carry_out(const std::vector<AddressDecision>& decisions, WallTime now);

  // What somebody else has ordered for longer is left as it is. No two of a kind and subject.
  [[nodiscard]] Status carry_out(const std::vector<BackoffOrder>& orders, WallTime now);

  // Ends what was ordered by a clock that was ahead, but for ways, whose orders are given anew.
  [[nodiscard]] Status end_future(WallTime now);

  // The kinds and subjects of all that we ordered and nobody has ended.
  [[nodiscard]] Result<std::vector<Backoff>> standing(WallTime now);

  // Adds what was done, or would have been, since this was made.
  void count_into(LearnerFigures& figures) const {
    figures.begun = begun_;
    figures.ended = ended_;
  }

 private:
  bool count(LearnerFigures::Deeds& deeds, ReplyEffect effect) const;

  const RepliesConfig& config_;
  SuppressionBook& suppressions_;
  BackoffBook& backoffs_;
  Say say_;
  std::map<ReplyEffect, LearnerFigures::Deeds> begun_;
  LearnerFigures::Deeds ended_;
};

}  // namespace icm
