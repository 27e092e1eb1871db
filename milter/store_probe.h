// SPDX-License-Identifier: Apache-2.0
//
// StoreProbe: does the store answer? Asked by who wants to know now, and must not wait for a disk.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "milter/world.h"
#include "policy/base/clock.h"

namespace icm {

struct StoreHealth {
  std::string problem;             // empty: it answers
  std::vector<std::string> risks;  // what its servers are told that can lose entries
};

// One thread at a time.
class StoreProbe {
 public:
  // `credentials_directory` is systemd's CREDENTIALS_DIRECTORY, empty when there is none.
  explicit StoreProbe(std::string credentials_directory = {},
                      std::chrono::milliseconds patience = std::chrono::milliseconds{500})
      : credentials_directory_(std::move(credentials_directory)), patience_(patience) {}

  // Waits for a question that is under way, as long as health() would.
  ~StoreProbe();
  StoreProbe(const StoreProbe&) = delete;
  StoreProbe& operator=(const StoreProbe&) = delete;

  // Whether list and ledger of `world` answer a question about nobody, and the list is followed.
  // Returns after twice the patience at the latest, also when the disk stalls; as long as it does,
  // no further question is put to it.
  StoreHealth health(std::shared_ptr<const World> world, WallTime now);

 private:
  struct Question;
  [[nodiscard]] bool is_answered() const;

  std::string credentials_directory_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<Question> question_;  // the last one
};

}  // namespace icm
