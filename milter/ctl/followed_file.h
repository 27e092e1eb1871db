// SPDX-License-Identifier: Apache-2.0
//
// A log file read to its end and on as it grows, each line once, over rotations and over restarts
// of whoever reads it: where it stands can be written down, and found again.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "milter/line_cutter.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl {

// The files beside `path` that it was rotated into, not compressed: "mail.log.1",
// "mail.log-20261122", as logrotate and newsyslog name them. In no order.
std::vector<std::string> rotated_files(const std::string& path);

// A log is rotated in one of two ways. It is renamed and a new one is made: the renamed one is read
// until nothing was written to it for a while, then those that came after it, in their order. Or it
// is copied and truncated: what the copy has more is read from the copy, then the file from its
// beginning. Compressed files are not read. A half line waits for its end; in a file that nobody
// writes to any more it is left out.
//
// Not synchronised. Memory does not grow with the file.
class FollowedFile {
 public:
  struct Options {
    std::size_t longest_line;
    std::chrono::milliseconds farewell{5000};  // how long a renamed file has to be still
    std::uint64_t at_most = 0;  // without a position, begin so many octets before the end; 0: at
                                // the beginning
  };

  // Goes on at `position`, from position(). Where that cannot be found, also not in a rotated file
  // beside it, reading begins at the beginning, and notices() says so.
  [[nodiscard]] static Result<FollowedFile> open(const std::string& path,
                                                 std::optional<std::string_view> position,
                                                 Options options);

  // The next whole line; nothing when there is none now. Valid until next() is called again.
  [[nodiscard]] Result<std::optional<LineCutter::Line>> next();

  // Behind the last line that next() gave.
  std::string position() const;

  // Octets still to be read, as far as is known.
  std::uint64_t left() const;

  // What a person should know of since the last call.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  struct Opened {
    UniqueFd file;
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    std::uint64_t begin = 0;  // where reading begins
  };
  struct Position {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;  // behind a line
    std::uint64_t size = 0;    // of that line
    std::uint64_t digest = 0;  // of that line
  };

  FollowedFile(std::string path, Options options)
      : path_(std::move(path)), options_(options), lines_(options.longest_line) {}

  static std::optional<Position> read_position(std::string_view text);
  static std::optional<Opened> open_file(const std::string& path);
  static bool has_line(const Opened& opened, const Position& position);
  std::vector<Opened> files_after(const Opened& opened) const;
  std::optional<Opened> find(const Position& position) const;
  [[nodiscard]] Status begin(std::optional<std::string_view> position);
  void enter(Opened opened);
  [[nodiscard]] Result<std::size_t> read_more();
  [[nodiscard]] Result<bool> turn_page();
  bool was_truncated() const;
  void after_truncation();
  bool was_replaced() const;
  Position here() const;

  std::string path_;
  Options options_;
  LineCutter lines_;
  Opened current_;
  std::deque<Opened> waiting_;        // read after the current one, in this order
  std::uint64_t read_ = 0;            // offset of the next octet to read
  std::uint64_t taken_ = 0;           // offset behind the last line given
  std::string last_line_;             // that line
  bool was_still_ = false;            // nothing was left to read when we looked last
  std::optional<Deadline> leave_at_;  // of a file that was renamed
  std::vector<std::string> notices_;
};

}  // namespace icm::ctl
