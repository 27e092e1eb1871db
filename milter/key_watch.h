// SPDX-License-Identifier: Apache-2.0
//
// KeyWatch: compares the keys that seal with what the DNS publishes, beside everything else. A seal
// that no receiver can verify does harm, and nobody would hear of it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "milter/log.h"
#include "milter/world.h"
#include "policy/auth/key_publication.h"
#include "policy/base/clock.h"

namespace icm {

// What is known of one key.
struct WatchedKey {
  std::string file;
  KeyPublication publication;
  WallTime checked{};
  bool operator==(const WatchedKey&) const = default;
};

// Safe from any thread; lives as long as the daemon, over every reload. Asks in a thread of its
// own. A match is logged as info unless it was known before, anything else as a warning at every
// start and reload, with the record to publish. What the DNS does not answer is asked again after
// `first_pause`, and then after ever longer ones.
class KeyWatch {
 public:
  // `log` and `clock` outlive this.
  KeyWatch(Log& log, const Clock& clock,
           std::chrono::milliseconds first_pause = std::chrono::seconds{60});
  ~KeyWatch();
  KeyWatch(const KeyWatch&) = delete;
  KeyWatch& operator=(const KeyWatch&) = delete;

  // Begins to compare the keys of `world`, and does not wait. What was under way for another one is
  // given up.
  void look_at(std::shared_ptr<const World> world);

  // The keys of the last World that were compared so far, one for each record, by its name.
  std::vector<WatchedKey> known() const;

 private:
  using Keys = std::map<std::string, WatchedKey>;  // by the name of the record

  // What the thread is asked to do.
  struct Order {
    std::shared_ptr<const World> world;
    std::uint64_t number = 0;
  };

  void run();
  bool compare(const Order& order, const Keys& before);
  void tell(const WatchedKey& found, const SealingKey& key, const Keys& before);

  Log& log_;
  const Clock& clock_;
  const std::chrono::milliseconds first_pause_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Order order_;
  std::uint64_t seen_ = 0;  // the number of the last order that was begun; known_ is of this one
  bool stops_ = false;
  Keys known_;
  std::thread thread_;
};

}  // namespace icm
