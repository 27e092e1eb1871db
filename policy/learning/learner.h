// SPDX-License-Identifier: Apache-2.0
//
// Learner: does what Apple's answers ask for. An address suffers for what is its own and nothing
// else; a form of mail, a From domain and a way out are held back for what is theirs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/config/config.h"
#include "policy/delivery/delivery_event.h"
#include "policy/learning/alert_outlet.h"
#include "policy/learning/learner_figures.h"
#include "policy/learning/reply_book.h"
#include "policy/replies/reply_table.h"
#include "policy/store/address_forms.h"
#include "policy/store/backoff.h"
#include "policy/store/suppression_book.h"

namespace icm {

// What a Learner works with; all must outlive it.
struct LearnerMeans {
  ReplyBook& book;
  SuppressionBook& suppressions;
  BackoffBook& backoffs;
  AlertOutlet& alerts;
  const ReplyTable& table;
  const Clock& clock;
  std::function<void(const std::string&)> say;  // a line for the log, printable
  AddressForms forms{};                         // as the suppression list keeps addresses
};

struct SourcePosition {
  std::string_view source;
  std::string_view position;
  bool has_more = false;  // there is more to read: what is known ends with the latest answer
};

// Used by one thread at a time. What is learnt is kept, and done, by settle(); until then it is
// only remembered. After an Error nothing that was learnt since the last settle() is kept: read on
// from ReplyBook::position().
class Learner {
 public:
  // `config` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Learner>> make(const Config& config,
                                                             LearnerMeans means);
  virtual ~Learner() = default;

  // An answer of Apple's, or what our own mail server said of a delivery to Apple; one that is not
  // surely Apple's counts for or against its recipient's address alone. `entry` is what
  // the table says of `reply`. One whose key was learnt already counts for nothing, nor does one
  // that is older than replies_known_for, nor the bounce of a delivery that the log has told of.
  [[nodiscard]] virtual Status learn(const DeliveryEvent& event, const Handover& handover,
                                     const ReplyEntry& entry, const ReceivedReply& reply) = 0;

  // Decides what is due by now, does it, and keeps what was learnt together with how far a source
  // was read. To be called after a batch, and every few seconds while nothing comes: pauses end,
  // limits recover, the breaker closes and alerts are raised by it.
  [[nodiscard]] virtual Status settle(std::optional<SourcePosition> position = {}) = 0;

  // As of the last settle(), or of what the book had at the start.
  [[nodiscard]] virtual Result<LearnerFigures> figures() = 0;
};

}  // namespace icm
