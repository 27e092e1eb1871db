// SPDX-License-Identifier: Apache-2.0
//
// Generation: a number in a small file beside the store, in memory that all processes share. Every
// writer raises it after its commit and before it tells anybody; whoever keeps something of the
// store in memory learns by one load whether that is still all there is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

  // Opens the file beside the store, or makes it: of the store's owner, and for those who may write
  // the store; where that is none, or on another host, as the directory says.
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

// A Generation through which others are followed: another file may take the place of the one that
// was opened. value() is safe from any thread, follow() is one thread's.
class FollowedGeneration {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FollowedGeneration>> open(const std::string& store);

  std::uint64_t value() const { return current_.load(std::memory_order_acquire)->value(); }

  // Looks whether the file is still in its place.
  [[nodiscard]] Status follow();

 private:
  FollowedGeneration(std::string store, std::unique_ptr<Generation> first);

  const std::string store_;
  std::vector<std::unique_ptr<Generation>> all_;  // threads may still read the older ones
  std::atomic<const Generation*> current_;
};

}  // namespace icm
