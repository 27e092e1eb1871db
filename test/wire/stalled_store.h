// SPDX-License-Identifier: Apache-2.0
//
// StalledStore: a store that answers nobody for a while, as when another process recovers its
// write-ahead log.
#pragma once

#include <string>

#include <sys/types.h>

namespace icm {

// From construction to destruction every reader of another process waits until its own deadline:
// the index of the write-ahead log is marked unfinished and its locks are held here. Somebody must
// have the store open. Throws std::runtime_error when that cannot be done.
class StalledStore {
 public:
  explicit StalledStore(const std::string& path);
  ~StalledStore();
  StalledStore(const StalledStore&) = delete;
  StalledStore& operator=(const StalledStore&) = delete;

 private:
  bool lock(short type, off_t begin, off_t octets) const;
  void flip_header() const;
  int index_ = -1;
};

}  // namespace icm
