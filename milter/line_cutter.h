// SPDX-License-Identifier: Apache-2.0
//
// LineCutter: cuts a stream of octets into lines, whatever the octets are, in memory that does not
// grow with the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace icm {

// Fed as the octets come: read into room(), say how many with filled(), take lines with next()
// until there is none. Not synchronised.
class LineCutter {
 public:
  // Lines of more than `longest` octets are dropped and reported as too long.
  explicit LineCutter(std::size_t longest);

  struct Line {
    std::string_view text;     // without its LF; valid until room() is called again
    std::uint64_t number = 0;  // from 1 at the beginning of the stream
    bool too_long = false;     // `text` is empty then
  };

  // Where the next octets go; never empty. Call it only after next() said that there is no line.
  std::span<char> room();
  void filled(std::size_t count);

  // The next line that is complete.
  std::optional<Line> next();

  // Octets that were filled in and belong to no line that was given yet, but for those of a line
  // that is being dropped.
  std::size_t left() const { return end_ - begin_; }

  // The unfinished line at the end of the stream; nothing when the stream ended with LF.
  std::optional<Line> rest();

  // The stream begins anew: an unfinished line is forgotten, numbers start at 1.
  void restart();

 private:
  std::size_t longest_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;    // of the octets not yet handed out
  std::size_t scanned_ = 0;  // up to here there is no LF
  std::size_t end_ = 0;
  std::uint64_t lines_ = 0;
  bool dropping_ = false;  // inside a line that is too long
};

}  // namespace icm
