// SPDX-License-Identifier: Apache-2.0
//
// UniqueFd: owns a file descriptor, as Handle owns a pointer.
#pragma once

#include <utility>

#include <unistd.h>

namespace icm {

// Movable, not copyable, closed exactly once; the errno of whoever let go of it is kept.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace icm
