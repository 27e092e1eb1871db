// SPDX-License-Identifier: Apache-2.0
//
// Which key the addresses of an SQLite store are hashed under, as the store itself says.
#pragma once

#include <string>

#include "policy/store/address_forms.h"
#include "policy/store/sqlite.h"

namespace icm {

inline constexpr std::string_view hash_key_mark_sql =
    "SELECT value FROM property WHERE name = 'hash-key'";

// Whether the store is hashed under no other key than that of `forms`; `mark` is a statement of
// hash_key_mark_sql. Code::config when it is.
[[nodiscard]] Status check_hash_key(Statement& mark, const std::string& path,
                                    const AddressForms& forms);
[[nodiscard]] Status check_hash_key(Database& database, const AddressForms& forms);

// Writes down which key that is from now on, inside a transaction of the caller; after it, nobody
// reads the store under another one.
[[nodiscard]] Status keep_hash_key(Database& database, const AddressForms& forms);

}  // namespace icm
