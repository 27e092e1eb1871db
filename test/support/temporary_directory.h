// SPDX-License-Identifier: Apache-2.0
//
// TemporaryDirectory: a directory of its own for one test, gone with all its contents afterwards.
#pragma once

#include <filesystem>
#include <string_view>

namespace icm {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file below the directory and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace icm
