// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_stage.h"

#include <fmt/format.h>

namespace icm {

Result<std::vector<std::string>> RedisStage::take() {
  std::vector<std::string> batch;
  while (batch.size() < batch_size) {
    ICM_TRY(const std::optional<std::string_view> record, records_.next());
    if (!record) return batch;
    batch.emplace_back(*record);
    ++taken_;
  }
  return batch;
}

tl::unexpected<Error> RedisStage::broken_off(const Error& error, std::uint64_t done) const {
  return fail(error.code, fmt::format("{} (after {} of {} entries; an import of the same input "
                                      "completes it)",
                                      error.text, done, size()));
}

}  // namespace icm
