// SPDX-License-Identifier: Apache-2.0
//
// Slots: how many messages are judged at the same time. libmilter's worker pool has no upper
// bound, so we have one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "policy/base/deadline.h"

namespace icm {

// Safe from any thread.
class Slots {
 public:
  explicit Slots(int total) : free_(total), total_(total) {}

  // Holds one place until destroyed; empty when none was to be had.
  class Lease {
   public:
    Lease() = default;
    explicit Lease(Slots& slots) : slots_(&slots) {}
    Lease(Lease&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(slots_, other.slots_);
      return *this;
    }
    ~Lease() {
      if (slots_ != nullptr) slots_->give_back();
    }
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    Slots* slots_ = nullptr;
  };

  Lease take(Deadline deadline);

  // A new bound from a new configuration; leases that are out stay out.
  void resize(int total);
  int in_use() const;

 private:
  void give_back();
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  int free_;
  int total_;
};

}  // namespace icm
