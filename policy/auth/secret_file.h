// SPDX-License-Identifier: Apache-2.0
//
// What a file holds that only we may read: who may, what to do when others may, and the keys that
// are no more than random octets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

// Who watches over the file.
enum class KeyGuard {
  mode,        // its mode and owner: what they let others do is refused
  credential,  // systemd, by whatever means it has (an access list looks like a group's right)
  person,  // whoever typed its name: rights of others are a warning, a pipe is as good as a file
};

// What is expected in a file, for those who find something else there.
struct SecretKind {
  std::string_view content;      // "a private key in PEM"
  std::size_t most_octets = 0;   // more is not read
  std::string_view how_to_make;  // what to do when there is no such file
};

struct SecretText {
  std::string text;
  std::string danger;  // who else may read it, where a person guards it; mostly empty
};

// Symbolic links are followed; what is looked at is what is read. The Error names path, finding,
// expectation, and the command that mends it where there is one.
[[nodiscard]] Result<SecretText> read_secret(const std::string& path, KeyGuard guard,
                                             const SecretKind& kind);

// Secret keys as octets, from a file with one key a line in at least 64 hexadecimal digits; empty
// lines and what follows "#" are passed over. At least one and at most eight; the first is the
// newest.
[[nodiscard]] Result<std::vector<std::string>> read_secret_keys(const std::string& path,
                                                                KeyGuard guard);

}  // namespace icm
