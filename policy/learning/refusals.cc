// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/refusals.h"

#include "policy/base/keyed_hash.h"

namespace icm {

Result<bool> note_refusal(ReplyBook& book, BackoffKind kind, std::string_view subject,
                          std::string_view recipient, WallTime time, int enough) {
  // Whoever chooses recipients that meet in one value is counted once, and gains nothing.
  static const KeyedHash hash({0x69636d2d72656675, 0x73616c2d30303031});
  {
    ICM_TRY(Query query, book.query("INSERT OR REPLACE INTO refusal VALUES (?1, ?2, ?3, ?4)"));
    query.bind(1, to_string(kind)).bind(2, subject);
    query.bind(3, static_cast<std::int64_t>(hash(recipient)));
    ICM_CHECK(query.bind(4, stored(time)).run());
  }
  {
    ICM_TRY(Query query, book.query("SELECT count(*) FROM refusal WHERE kind = ?1 AND subject = ?2"
                                    " AND at > ?3"));
    query.bind(1, to_string(kind)).bind(2, subject);
    query.bind(3, stored(time - std::chrono::hours{24}));
    ICM_CHECK(query.step());
    if (query.number(0) < enough) return false;
  }
  ICM_TRY(Query query, book.query("DELETE FROM refusal WHERE kind = ?1 AND subject = ?2"));
  ICM_CHECK(query.bind(1, to_string(kind)).bind(2, subject).run());
  return true;
}

}  // namespace icm
