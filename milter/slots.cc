// SPDX-License-Identifier: Apache-2.0
#include "milter/slots.h"

namespace icm {

Slots::Lease Slots::take(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_until(lock, deadline.end(), [this] { return free_ > 0; })) return {};
  --free_;
  return Lease(*this);
}

void Slots::resize(int total) {
  {
    const std::scoped_lock lock(mutex_);
    free_ += total - total_;  // may go below zero until enough leases have come back
    total_ = total;
  }
  freed_.notify_all();
}

int Slots::in_use() const {
  const std::scoped_lock lock(mutex_);
  return total_ - free_;
}

void Slots::give_back() {
  {
    const std::scoped_lock lock(mutex_);
    ++free_;
  }
  freed_.notify_one();
}

}  // namespace icm
