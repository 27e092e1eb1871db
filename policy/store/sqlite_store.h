// SPDX-License-Identifier: Apache-2.0
//
// SqliteSuppressionList: the suppression list in an SQLite file, for reading beside whoever writes.
#pragma once

#include <memory>
#include <string>

#include "policy/store/address_forms.h"
#include "policy/store/store.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Safe from any thread. Keeps a pool of read connections, one per lookup that is under way, and at
// most most_readers (reader_pool.h) of them; a further lookup waits for one within its deadline. A
// lookup costs a few microseconds and is never blocked by a writer (the file is in WAL mode). Sees
// what other processes commit at once. Holds the file that was there when it was opened: after
// `path` has been replaced by another file, open anew.
class SqliteSuppressionList final : public SuppressionList {
 public:
  // Refuses, with Code::config, what is not a suppression store of this version, cannot be used by
  // this user, or is hashed under another key; Code::temporary when another process holds it longer
  // than `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteSuppressionList>> open(const std::string& path,
                                                                           Missing missing,
                                                                           Deadline deadline,
                                                                           AddressForms forms = {});

  // A locked, damaged or vanished file, and one that was hashed under another key meanwhile, is an
  // Error, never an empty answer.
  [[nodiscard]] Result<std::vector<Suppression>> find(const Mailbox& mailbox,
                                                      const std::vector<std::string>& scopes,
                                                      bool siblings, WallTime now,
                                                      Deadline deadline) const override;

 private:
  class Pool;
  SqliteSuppressionList(std::shared_ptr<const Pool> pool, AddressForms forms);
  std::shared_ptr<const Pool>
      pool_;  // shared only because a unique_ptr would need the whole type here
  AddressForms forms_;
};

}  // namespace icm
