// SPDX-License-Identifier: Apache-2.0
//
// A private key from a file: who may read it, what it must hold, and what to do when it is not so.
#pragma once

#include <string>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/auth/secret_file.h"
#include "policy/base/result.h"

namespace icm {

struct KeyFile {
  PrivateKey key;
  std::vector<std::string> warnings;  // sentences, each beginning with the path
};

// RSA keys of fewer bits than these are refused, and warned of (RFC 8301 §3.2).
inline constexpr int least_rsa_bits = 1024;
inline constexpr int good_rsa_bits = 2048;

// One private key in PEM, which verifies its own signatures. Symbolic links are followed; what is
// looked at is what is read. The Error names path, finding, expectation, and the command that mends
// it where there is one.
[[nodiscard]] Result<KeyFile> read_key_file(const std::string& path, KeyGuard guard);

}  // namespace icm
