// SPDX-License-Identifier: Apache-2.0
//
// Handle<T, release>: owns what a C library gave us, from the line that made it.
#pragma once

#include <memory>

namespace icm {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    release(handle);
  }
};

// Movable, not copyable, released exactly once. `release` takes the pointer and nothing else.
template <class T, auto release>
using Handle = std::unique_ptr<T, Releaser<release>>;

}  // namespace icm
