// SPDX-License-Identifier: Apache-2.0
//
// Journal: what systemd's journal has of the mail system, entry by entry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/result.h"

namespace icm {

// Used by one thread at a time.
class Journal {
 public:
  struct Entry {
    WallTime time{};
    std::string program;  // SYSLOG_IDENTIFIER: what the writer says of itself
    std::string message;
    std::optional<std::uint32_t> user;  // _UID: who wrote it, as the kernel told the journal
  };

  // The journal of this machine, or the files in `directory` where that is not empty. Goes on
  // behind the entry of `cursor`; without one, at `since`. Where the entry is no longer there, at
  // the one that came next.
  [[nodiscard]] static Result<Journal> open(const std::string& directory,
                                            std::optional<std::string_view> cursor, WallTime since);
  Journal(Journal&&) noexcept;
  ~Journal();  // out of line, where Reader is complete

  // The next entry of a program of the mail system (syslog's facility "mail"); nullopt when there
  // is none now. An entry that cannot be read is passed over.
  [[nodiscard]] Result<std::optional<Entry>> next();

  // Of the entry that next() gave last, or of where reading began.
  std::string cursor() const;

 private:
  struct Reader;
  explicit Journal(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace icm
