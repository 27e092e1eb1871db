// SPDX-License-Identifier: Apache-2.0
//
// The store as a file: making it, recognising it, refusing what is not ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "policy/store/sqlite.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Whose file is new, when root makes it: the owner of the directory is the one who runs the daemon,
// and root would lock it out. For others nothing is changed.
[[nodiscard]] Status give_to_owner_of_directory(int file, const std::string& path);

// Whether there is nothing at `path`; what cannot be looked at may be there.
bool is_absent(const std::string& path);

// Whether there is no store at `path`, and nothing that stays beside one either.
bool is_never_made(const std::string& path);

// Opens the store at `path` for reading or for writing; both may be done by any number of processes
// at once. A new file belongs to the owner of its directory when root makes it, so that the daemon
// can read what an administrator began, and is readable by owner and group.
//
// A store of an older version is brought up to date first, whole or not at all, when
// back_up_store() has kept what was there; `notices` is told so.
//
// Refused with Code::config, saying what was found: another program's database, a store of a newer
// version, a file that is none, one this user may not use. Waits for locks until `deadline`.
[[nodiscard]] Result<Database> open_store(const std::string& path, Database::Access access,
                                          Missing missing, Deadline deadline,
                                          Notices* notices = nullptr);

// Puts the write-ahead log into the store and cuts it to nothing. Whoever reads in an older part of
// it may prevent that, and is waited for until `deadline`, as every other writer has to wait
// meanwhile; then a later writer does it.
void empty_log(Database& database, Deadline deadline);

// The version of the store at `path` when an earlier release left it, so that open_store() would
// bring it up to date; nullopt: there is nothing to do, or no store. Changes nothing.
[[nodiscard]] Result<std::optional<std::int64_t>> outdated_version(const std::string& path,
                                                                   Deadline deadline);
std::int64_t store_version();  // of this release

}  // namespace icm
