// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_list.h"

namespace icm {

Result<std::unique_ptr<SuppressionList>> RedisSuppressionList::open(const RedisOptions& options,
                                                                    Missing missing,
                                                                    Deadline deadline) {
  RedisShelf shelf(options);
  ICM_CHECK(shelf.open(missing, deadline));
  return std::unique_ptr<SuppressionList>(new RedisSuppressionList(std::move(shelf)));
}

Result<std::vector<Suppression>> RedisSuppressionList::find(const Mailbox& mailbox,
                                                            const std::vector<std::string>& scopes,
                                                            bool siblings, WallTime now,
                                                            Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary,
                fmt::format("{}: no time left to ask the suppression list", shelf_.text()));
  }
  std::vector<std::string> addresses{mailbox.key()};
  if (siblings) {
    for (std::string& sibling : sibling_keys(mailbox)) addresses.push_back(std::move(sibling));
  }
  ICM_TRY(std::vector<std::vector<RedisEntry>> found, shelf_.standing(addresses, deadline));
  std::vector<Suppression> candidates;
  for (std::vector<RedisEntry>& entries : found) {
    for (RedisEntry& entry : entries) candidates.push_back(std::move(entry.entry));
  }
  return entries_in_force(std::move(candidates), mailbox, scopes, siblings, now);
}

}  // namespace icm
