// SPDX-License-Identifier: Apache-2.0
//
// RecordSorter: any number of records, brought into the order of their octets in bounded memory.
// What has no room is kept in a file without a name, which is gone with the process.
#pragma once

#include <cstdint>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/handle.h"
#include "policy/base/result.h"

namespace icm {

// Used by one thread; it sorts and writes beside it in another.
class RecordSorter {
 public:
  static constexpr std::size_t usual_room = 32u << 20;

  // Takes about three times `room` octets of memory.
  explicit RecordSorter(std::size_t room = usual_room) : room_(room) {}
  RecordSorter(RecordSorter&&) = default;
  RecordSorter& operator=(RecordSorter&&) =
      delete;  // it would give up a file that is being written

  // Code::temporary: no room in the file.
  [[nodiscard]] Status add(std::string_view record);
  std::uint64_t size() const { return size_; }

  // After the last of them, once.
  [[nodiscard]] Status sort();

  // The next in order, valid until the call after; nothing at the end.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

 private:
  static void close(std::FILE* file) noexcept { std::fclose(file); }
  using File = Handle<std::FILE, close>;

  // Records behind each other in `octets`, and where each of them is.
  struct Chunk {
    struct Place {
      std::uint64_t begin;  // its first octets, as a number that compares alike
      std::uint32_t offset;
      std::uint32_t size;
    };
    std::string octets;
    std::vector<Place> places;

    std::string_view at(const Place& place) const {
      return std::string_view(octets).substr(place.offset, place.size);
    }
    void sort();
    [[nodiscard]] Status write(std::FILE* file) const;
  };

  // Sorted records in the file, each behind its length.
  struct Run {
    std::uint64_t next = 0;  // in the file
    std::uint64_t end = 0;
    std::string buffer{};
    std::size_t at = 0;         // in the buffer
    std::string_view record{};  // the one that comes next
  };

  [[nodiscard]] Status spill();
  [[nodiscard]] Status finish_spilling();
  [[nodiscard]] Result<bool> advance(Run& run);
  [[nodiscard]] Status fill(Run& run, std::size_t least);
  bool is_behind(std::size_t one, std::size_t other) const;
  [[nodiscard]] Status put_back(std::size_t run);

  std::size_t room_;
  std::uint64_t size_ = 0;
  Chunk chunk_;
  std::size_t place_ = 0;  // in chunk_, once it is sorted and nothing was spilled
  File file_;
  std::uint64_t written_ = 0;
  std::vector<Run> runs_;
  std::vector<std::size_t> heads_;    // a heap of runs, that with the first record on top
  std::optional<std::size_t> taken_;  // the run whose record is in use
  std::unique_ptr<Chunk> spilling_;
  std::future<Status> spilled_;  // ends before what it uses
};

}  // namespace icm
