// SPDX-License-Identifier: Apache-2.0
#include "policy/store/hash_key_mark.h"

namespace icm {

Status check_hash_key(Statement& mark, const std::string& path, const AddressForms& forms) {
  Query query = mark.query();
  ICM_TRY(const bool is_hashed, query.step());
  if (!is_hashed || query.text(0) == forms.check_value()) return {};
  return other_hash_key(path, forms.check_value());
}

Status check_hash_key(Database& database, const AddressForms& forms) {
  ICM_TRY(Statement mark, database.prepare(hash_key_mark_sql));
  return check_hash_key(mark, database.path(), forms);
}

Status keep_hash_key(Database& database, const AddressForms& forms) {
  ICM_CHECK(check_hash_key(database, forms));
  const std::string value = forms.check_value();
  ICM_TRY(Statement keep,
          database.prepare("REPLACE INTO property (name, value) VALUES ('hash-key', ?1)"));
  return keep.query().bind(1, value).run();
}

}  // namespace icm
