// SPDX-License-Identifier: Apache-2.0
//
// The decision log as it grows: what tail -F does, for decisions.
//
// A log is rotated in one of two ways. It is renamed and a new one is made: both are read for a
// while, since the daemon goes on writing to the renamed one until it is told to reopen. Or it is
// copied and truncated: it is read again from its beginning.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "milter/ctl/log_reader.h"
#include "milter/line_cutter.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl {

// Memory does not grow with the log. Not synchronised.
class LogFollower {
 public:
  // Begins at the beginning of the file that is there now. A renamed file is read for another
  // `farewell`.
  [[nodiscard]] static Result<LogFollower> open(
      const std::string& path, std::chrono::milliseconds farewell = std::chrono::seconds(60));

  // Hands every line that has been completed since the last call to `reader`, oldest first. A half
  // line waits for its end.
  [[nodiscard]] Status poll(LogReader& reader);

 private:
  struct Followed {
    UniqueFd file;
    LineCutter lines;
    dev_t device = 0;
    ino_t inode = 0;
    off_t offset = 0;   // of the next octet to read
    Deadline leave_at;  // meaningful for all but the last of files_
  };

  LogFollower(std::string path, std::chrono::milliseconds farewell)
      : path_(std::move(path)), farewell_(farewell) {}
  [[nodiscard]] Status open_current();
  [[nodiscard]] Status read_more(Followed& followed, LogReader& reader);
  bool was_replaced() const;
  void leave_old_files(LogReader& reader);

  std::string path_;
  std::chrono::milliseconds farewell_;
  std::vector<Followed> files_;  // renamed ones, oldest first, then the current one
};

}  // namespace icm::ctl
