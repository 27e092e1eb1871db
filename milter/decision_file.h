// SPDX-License-Identifier: Apache-2.0
//
// DecisionFile: appends whole lines to the decision log, however full the disk is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/base/unique_fd.h"

namespace icm {

// Used by one thread at a time.
class DecisionFile {
 public:
  // Creates the file with mode 0640 where it is missing, and its directory with mode 0750 where
  // only that is missing. An empty path is a file that takes everything and keeps nothing.
  [[nodiscard]] static Result<DecisionFile> open(std::string path);

  // Appends `lines`, each ended by LF. After an Error none of them is in the file: a line that was
  // written in part is taken back, or ended where the file cannot be shortened.
  [[nodiscard]] Status append(std::string_view lines);

  const std::string& path() const { return path_; }

 private:
  DecisionFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  void take_back(std::int64_t size_before);

  std::string path_;
  UniqueFd fd_;
  bool is_torn_ = false;  // the file ends in the middle of a line
};

}  // namespace icm
