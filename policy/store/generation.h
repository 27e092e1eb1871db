// SPDX-License-Identifier: Apache-2.0
//
// Generation: a number in a small file beside the store, in memory that all processes share. Every
// writer raises it after its commit and before it tells anybody; whoever keeps something of the
// store in memory learns by one load whether that is still all there is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "policy/base/result.h"

namespace icm {

// Safe from any thread.
//
// The file is read through its memory, as SQLite does with its own -shm file: neither may be cut
// short while programs use it. A file that was removed or is not ours is made anew, with a number
// that nobody has seen.
class Generation {
 public:
  // "store.db-generation" for "store.db".
  static std::string path_beside(const std::string& store);

  // Opens the file beside the store, which must exist, or makes it with the store's owner and mode.
  [[nodiscard]] static Result<Generation> open(const std::string& store);

  std::uint64_t value() const;
  void raise();

  // Whether the file is still the one that others find beside the store.
  bool is_in_place() const;

 private:
  static void unmap(void* memory) noexcept;
  struct Unmap {
    void operator()(void* memory) const noexcept { unmap(memory); }
  };
  Generation(std::string path, void* memory, std::uint64_t device, std::uint64_t inode)
      : path_(std::move(path)), memory_(memory), device_(device), inode_(inode) {}

  [[nodiscard]] static Result<Generation> map(const std::string& path);

  std::string path_;
  std::unique_ptr<void, Unmap> memory_;
  std::uint64_t device_;
  std::uint64_t inode_;
};

}  // namespace icm
