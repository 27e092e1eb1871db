// SPDX-License-Identifier: Apache-2.0
//
// Who may read a private key's file, and the command that mends it where others may.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace icm {

struct FileRights {
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint32_t mode = 0;  // permissions only
};

// The process that will use the key.
struct KeyReader {
  std::uint32_t user = 0;
  std::vector<std::uint32_t> groups;  // the effective one first
  static KeyReader self();
};

// Empty when nobody can read the key but root, the reader and the reader's own groups, and nobody
// change it but root and the reader. For root, who may not be the one that uses the key in the end,
// every owner and every reading group is good. Otherwise what was found, what is expected, and the
// command that mends it.
std::string rights_problem(const std::string& path, const FileRights& rights,
                           const KeyReader& reader);

// Why `reader`, to whom the system denied it, cannot open `path`: the file's rights, or the first
// directory on the way that it may not pass; with the command that mends it.
std::string denial_problem(const std::string& path, const KeyReader& reader);

}  // namespace icm
