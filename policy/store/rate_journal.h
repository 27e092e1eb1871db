// SPDX-License-Identifier: Apache-2.0
//
// RateJournal: the file in which a LocalRateLimiter writes what it counts, one line for each
// change, written anew when most of its lines are of the past.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"
#include "policy/store/rate_counter.h"
#include "policy/store/rate_limiter.h"

namespace icm {

// A change of one counter, or all that one slot of it holds.
struct RateEntry {
  std::string counter;
  RateSlots slots;
  Reckoning reckoning = Reckoning::sliding;
  bool is_pinned = false;
  RateTime at = 0;         // when its slot began, by the wall clock
  std::int64_t units = 0;  // taken; below 0: given back
  std::int64_t pace = 0;   // RateCounter::pace(), by the wall clock
  bool operator==(const RateEntry&) const = default;
};

// The entry as a line with its LF, and back; nullopt for what no journal of ours holds.
std::string to_line(const RateEntry& entry);
std::optional<RateEntry> rate_entry(std::string_view line);

// Not synchronised: whoever changes a counter writes it down before another does, so that the lines
// stand in the order of the changes.
class RateJournal {
 public:
  using Tell = std::function<void(const std::string&)>;

  RateJournal(std::string path, Tell tell) : path_(std::move(path)), tell_(std::move(tell)) {}

  // Makes the file this one's alone until it ends or its process does: two who count would each let
  // a whole limit go, and write over what the other wrote. Code::config when somebody else has it
  // until `deadline`. Where that cannot be made out, as in a directory that is gone, it is tried
  // again when something is to be written.
  [[nodiscard]] Status hold(Deadline deadline);

  // Every entry of the file, none when there is no file. Lines that are none are told of and left
  // out: a machine that stopped may leave half a line.
  [[nodiscard]] Result<std::vector<RateEntry>> read();

  // Adds the entries to the file, without waiting for the disk. Where that fails, it is told once,
  // and counting goes on in memory; the file is written whole as soon as it can be. `all` gives
  // what it shall hold then.
  void append(const std::vector<RateEntry>& entries,
              const std::function<std::vector<RateEntry>()>& all);

  // Has the file written whole with the next entries: what it says is no longer so.
  void spoil() { file_.is_spoilt = true; }

 private:
  struct File {
    UniqueFd fd;
    std::size_t lines = 0;         // in the file
    std::size_t lines_needed = 0;  // of them when it was written last
    bool is_torn = false;          // its last line may lack its end
    bool is_failing = false;
    bool is_spoilt = false;
  };
  bool write(const std::vector<RateEntry>& entries);
  bool write_anew(const std::vector<RateEntry>& entries);
  void failed(std::string_view deed);

  const std::string path_;
  const Tell tell_;
  UniqueFd held_;  // the file beside it that is locked: it itself gives way to another at times
  File file_;
};

}  // namespace icm
