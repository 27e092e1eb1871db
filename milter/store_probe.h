// SPDX-License-Identifier: Apache-2.0
//
// StoreProbe: does the store answer? Asked by who wants to know now, and must not wait for a disk.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "milter/world.h"
#include "policy/base/clock.h"

namespace icm {

// One thread at a time.
class StoreProbe {
 public:
  explicit StoreProbe(std::chrono::milliseconds patience = std::chrono::milliseconds{500});

  // Empty when the store of `world` answers a question about nobody. Returns after twice `patience`
  // at the latest, also when the disk stalls; as long as it does, no further question is put to it.
  std::string problem(std::shared_ptr<const World> world, WallTime now);

 private:
  struct Question;
  std::chrono::milliseconds patience_;
  std::shared_ptr<Question> question_;  // the last one
};

}  // namespace icm
