// SPDX-License-Identifier: Apache-2.0
//
// RedisImport: millions of entries into the list in Redis.
//
// They are staged in a file without a name, which never outlives the process, so that nothing is
// written before all of the input is good; and then written in batches.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/handle.h"
#include "policy/store/redis_shelf.h"
#include "policy/store/suppression_book.h"

namespace icm {

class RedisImport final : public ImportJob {
 public:
  static constexpr std::size_t batch_size = 1000;

  [[nodiscard]] static Result<std::unique_ptr<ImportJob>> begin(RedisShelf shelf);

  [[nodiscard]] Status stage(const Suppression& entry) override;
  std::uint64_t staged() const override { return staged_; }

  // When it breaks off, what has been written stays; an import of the same input completes it.
  [[nodiscard]] Result<ImportCount> commit(
      const Deed& deed, Deadline lock, const std::function<void(std::uint64_t)>& progress) override;

 private:
  static void close_file(std::FILE* file) { static_cast<void>(std::fclose(file)); }
  using File = Handle<std::FILE, close_file>;

  RedisImport(RedisShelf shelf, File file) : shelf_(std::move(shelf)), file_(std::move(file)) {}
  [[nodiscard]] Result<std::vector<Suppression>> next_batch();
  [[nodiscard]] Status write(const std::vector<Suppression>& batch, const Deed& deed,
                             ImportCount& count);

  RedisShelf shelf_;
  File file_;
  std::uint64_t staged_ = 0;
  std::uint64_t read_ = 0;
  std::optional<std::int64_t> deed_;  // once something is to be written
  bool is_written_ = false;
};

}  // namespace icm
