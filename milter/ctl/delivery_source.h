// SPDX-License-Identifier: Apache-2.0
//
// Where the mail server writes what became of its mail: a file, or the systemd journal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "policy/delivery/delivery_log.h"

namespace icm::ctl {

// Not synchronised.
class DeliverySource {
 public:
  virtual ~DeliverySource() = default;

  // Reads at most so many lines and adds what they tell of Apple. False when there was nothing more
  // to read.
  [[nodiscard]] virtual Result<bool> read(std::size_t lines, WallTime now,
                                          std::vector<DeliveryEvent>& events) = 0;

  // Behind the last line that was read; empty before the first.
  virtual std::string position() const = 0;

  // Octets still to be read; nullopt where that is not known.
  virtual std::optional<std::uint64_t> left() const { return std::nullopt; }

  // The lines so far.
  virtual LogFigures figures() const = 0;

  // What a person should know of since the last call.
  virtual std::vector<std::string> take_notices() { return {}; }
};

// What is read, and how a source is told from others in the book.
struct SourcePlace {
  std::string log;                // a file; empty: the journal
  std::string journal_directory;  // empty: this machine's

  std::string name() const;
};

// Goes on at `position` of an earlier one. A journal that was never read begins at `since`.
// `farewell` is how long a file that was renamed has to be still before the next one is read.
[[nodiscard]] Result<std::unique_ptr<DeliverySource>> open_source(
    const SourcePlace& place, std::optional<std::string_view> position, WallTime since,
    std::chrono::milliseconds farewell, DeliveryLog log);

// The zone of this machine.
WallTime from_local_time(std::chrono::local_seconds local);

}  // namespace icm::ctl
