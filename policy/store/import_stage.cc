// SPDX-License-Identifier: Apache-2.0
#include "policy/store/import_stage.h"

#include <fmt/format.h>

#include "policy/store/import_count.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr std::uint64_t report_every = 10000;

// The staged rows need not survive anything, so they are written without journal and without sync.
// The cache bounds the memory of the sort, which spills to files beyond it; two threads sort the
// runs (measured with 5 million entries: 26 % sooner, since the merge never waits for them).
constexpr std::string_view prepare_sort =
    "PRAGMA cache_size = -65536;"
    "PRAGMA threads = 2;"
    "PRAGMA temp.journal_mode = OFF;"
    "PRAGMA temp_store = FILE;";

// The first row of the sorted ones is there: what comes now goes through the store from one end to
// the other and needs no memory for it.
constexpr std::string_view after_sort = "PRAGMA cache_size = -8192";

}  // namespace

Result<ImportStage> ImportStage::open(const std::string& path, Form form, Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, Missing::refuse, deadline));
  ICM_CHECK(database.execute(
      fmt::format("{}CREATE TEMP TABLE staged ({});BEGIN", prepare_sort, form.columns)));
  ICM_TRY(Statement insert, database.prepare(fmt::format("INSERT INTO temp.staged ({}) VALUES ({})",
                                                         form.columns, form.parameters)));
  ICM_TRY(Statement sorted, database.prepare(fmt::format("SELECT {} FROM temp.staged ORDER BY {}",
                                                         form.columns, form.order)));
  return ImportStage(std::move(database), std::move(insert), std::move(sorted));
}

Status ImportStage::put(const std::function<void(Query&)>& bind) {
  Query query = insert_.query();
  bind(query);
  ICM_CHECK(query.run());
  ++rows_;
  return {};
}

Result<Database*> ImportStage::finish(Deadline lock) {
  ICM_CHECK(database_.execute("COMMIT"));
  database_.wait_until(lock);
  return &database_;
}

Result<ImportCount> ImportStage::merge(const std::function<Result<Outcome>(const Query&)>& merge,
                                       const std::function<void(std::uint64_t)>& progress) {
  ImportCount counts;
  Query rows = sorted_.query();
  for (std::uint64_t done = 0;; ++done) {
    if (done % report_every == 0) progress(done);
    ICM_TRY(const bool is_row, rows.step());
    if (done == 0) ICM_CHECK(database_.execute(after_sort));
    if (!is_row) return counts;
    ICM_TRY(const Outcome outcome, merge(rows));
    count(outcome, counts);
  }
}

// Nobody is waited for: every other writer would be kept waiting meanwhile, too.
void ImportStage::tidy() {
  database_.wait_until(Deadline::in(std::chrono::seconds(0)));
  static_cast<void>(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

}  // namespace icm
