// SPDX-License-Identifier: Apache-2.0
//
// RedisImport: millions of entries into the list in Redis.
//
// They are sorted first, and then written in batches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/store/redis_shelf.h"
#include "policy/store/redis_stage.h"
#include "policy/store/suppression_book.h"

namespace icm {

class RedisImport final : public ImportJob {
 public:
  explicit RedisImport(RedisShelf shelf) : shelf_(std::move(shelf)) {}

  [[nodiscard]] Status stage(const Suppression& entry) override;
  std::uint64_t staged() const override { return stage_.size(); }

  // When it breaks off, what has been written stays; an import of the same input completes it.
  [[nodiscard]] Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  [[nodiscard]] Result<std::vector<Suppression>> next_batch();
  [[nodiscard]] Status write(const std::vector<Suppression>& batch, const Deed& deed,
                             ImportCount& count);

  RedisShelf shelf_;
  RedisStage stage_;
  std::optional<std::int64_t> deed_;  // once something is to be written
  bool is_written_ = false;
};

}  // namespace icm
