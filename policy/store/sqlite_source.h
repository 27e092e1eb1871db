// SPDX-License-Identifier: Apache-2.0
//
// SqliteSource: the SQLite store as what a snapshot is filled from and kept current with.
#pragma once

#include <memory>
#include <string>

#include "policy/store/generation.h"
#include "policy/store/sqlite.h"
#include "policy/store/suppression_source.h"

namespace icm {

// Opens the store when it is first asked, and anew when another file has taken its place.
class SqliteSource final : public SuppressionSource {
 public:
  // Opens no store yet; Code::config when the file of the generation cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionSource>> open(const std::string& path);

  std::uint64_t generation() const override { return generation_->value(); }
  [[nodiscard]] Result<std::string> each(const Visit& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> changes(const std::string& cursor,
                                                           std::size_t most, const Begin& begin,
                                                           const Visit& visit,
                                                           Deadline deadline) override;
  [[nodiscard]] Result<Seen> look(Deadline deadline) override;

 private:
  SqliteSource(std::string path, std::unique_ptr<FollowedGeneration> generation)
      : path_(std::move(path)), generation_(std::move(generation)) {}
  [[nodiscard]] Result<Database*> database(Deadline deadline);
  [[nodiscard]] Result<std::string> read_all(const Visit& visit);
  [[nodiscard]] Result<std::optional<std::string>> read_changes(const std::string& cursor,
                                                                std::size_t most,
                                                                const Begin& begin,
                                                                const Visit& visit,
                                                                Deadline deadline);

  const std::string path_;
  const std::unique_ptr<FollowedGeneration> generation_;
  std::optional<Database> database_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;        // of the file that database_ holds
  std::int64_t data_version_ = 0;  // as it was at the last look
};

}  // namespace icm
