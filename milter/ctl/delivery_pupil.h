// SPDX-License-Identifier: Apache-2.0
//
// What is done with deliveries once they were read: learnt from, or only shown.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "milter/ctl/handovers.h"
#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "policy/config/config.h"
#include "policy/delivery/delivery_event.h"
#include "policy/learning/learner_figures.h"

namespace icm::ctl {

// Not synchronised.
class DeliveryPupil {
 public:
  virtual ~DeliveryPupil() = default;

  // Where reading of `source` ended when it was settled last; nullopt when it never was.
  [[nodiscard]] virtual Result<std::optional<std::string>> position(const std::string& source) = 0;

  [[nodiscard]] virtual Status take(const DeliveryEvent& event, const Handover& handover) = 0;

  // Keeps what was taken, together with how far `source` was read (an empty position says nothing
  // new) and whether there is more to read, and does what is due. After an Error reading has to go
  // on at position().
  [[nodiscard]] virtual Status settle(const std::string& source, const std::string& position,
                                      bool has_more) = 0;

  // What was learnt, as of the last settle(); zeros where nothing is learnt.
  [[nodiscard]] virtual Result<LearnerFigures> figures() = 0;
};

// Learns, as `config.replies` says. `config` and `clock` must outlive it.
[[nodiscard]] Result<std::unique_ptr<DeliveryPupil>> learning_pupil(const Config& config,
                                                                    const Clock& clock);

// Prints one JSON object for each delivery, with what the reply table says of it, and keeps
// nothing.
[[nodiscard]] Result<std::unique_ptr<DeliveryPupil>> printing_pupil(const Config& config);

}  // namespace icm::ctl
