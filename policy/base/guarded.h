// SPDX-License-Identifier: Apache-2.0
//
// Guarded<T>: a value with its mutex, so that neither can be used without the other.
#pragma once

#include <mutex>
#include <utility>

namespace icm {

// Safe from any thread. Never wait for DNS, disk or the MTA inside `use`.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class Use>
  decltype(auto) with(Use use) {
    const std::scoped_lock lock(mutex_);
    return use(value_);
  }

  template <class Use>
  decltype(auto) with(Use use) const {
    const std::scoped_lock lock(mutex_);
    return use(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace icm
