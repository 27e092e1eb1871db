// SPDX-License-Identifier: Apache-2.0
//
// SqliteSource: the SQLite store as what a snapshot is filled from and kept current with.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "policy/store/generation.h"
#include "policy/store/sqlite.h"
#include "policy/store/suppression_source.h"

namespace icm {

// Opens the store when it is first asked, and anew when another file has taken its place.
class SqliteSource final : public SuppressionSource {
 public:
  // The store must exist; Code::config when the file of the generation cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<SuppressionSource>> open(const std::string& path);

  std::uint64_t generation() const override;
  [[nodiscard]] Result<std::string> each(const Visit& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> changes(const std::string& cursor,
                                                           std::size_t most, const Begin& begin,
                                                           const Visit& visit,
                                                           Deadline deadline) override;
  [[nodiscard]] Result<Seen> look(Deadline deadline) override;

 private:
  SqliteSource(std::string path, std::unique_ptr<Generation> generation);
  [[nodiscard]] Result<Database*> database(Deadline deadline);
  [[nodiscard]] Result<std::string> read_all(const Visit& visit);
  [[nodiscard]] Result<std::optional<std::string>> read_changes(const std::string& cursor,
                                                                std::size_t most,
                                                                const Begin& begin,
                                                                const Visit& visit,
                                                                Deadline deadline);
  [[nodiscard]] Status follow_generation();

  const std::string path_;
  std::vector<std::unique_ptr<Generation>> generations_;  // threads may still read the older ones
  std::atomic<const Generation*> current_;
  std::optional<Database> database_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;        // of the file that database_ holds
  std::int64_t data_version_ = 0;  // as it was at the last look
};

}  // namespace icm
