// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_list.h"

namespace icm {

Result<std::unique_ptr<SuppressionList>> RedisSuppressionList::open(const RedisOptions& options,
                                                                    Missing missing,
                                                                    Deadline deadline,
                                                                    AddressForms forms) {
  RedisShelf shelf(options);
  ICM_CHECK(shelf.open(missing, deadline));
  return std::unique_ptr<SuppressionList>(
      new RedisSuppressionList(std::move(shelf), std::move(forms)));
}

Result<std::vector<Suppression>> RedisSuppressionList::find(const Mailbox& mailbox,
                                                            const std::vector<std::string>& scopes,
                                                            bool siblings, WallTime now,
                                                            Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary,
                fmt::format("{}: no time left to ask the suppression list", shelf_.text()));
  }
  const AddressQuestion question(forms_, mailbox, siblings);
  ICM_TRY(std::vector<std::vector<RedisEntry>> found, shelf_.standing(question.stored(), deadline));
  std::vector<Suppression> candidates;
  for (std::vector<RedisEntry>& entries : found) {
    for (RedisEntry& entry : entries) candidates.push_back(std::move(entry.entry));
  }
  return entries_in_force(question.named(std::move(candidates)), mailbox, scopes, siblings, now);
}

}  // namespace icm
