// SPDX-License-Identifier: Apache-2.0
#include "policy/store/import_count.h"

namespace icm {
namespace {

constexpr std::uint64_t report_every = 10000;

}  // namespace

void count(Outcome outcome, ImportCount& counts) {
  switch (outcome) {
    case Outcome::added:
      ++counts.added;
      return;
    case Outcome::changed:
      ++counts.changed;
      return;
    case Outcome::unchanged:
      ++counts.unchanged;
      return;
  }
}

Result<ImportCount> merge_sorted(RecordSorter& records,
                                 const std::function<Result<Outcome>(std::string_view)>& merge,
                                 const std::function<void(std::uint64_t)>& progress) {
  ImportCount counts;
  for (std::uint64_t done = 0;; ++done) {
    if (done % report_every == 0) progress(done);
    ICM_TRY(const std::optional<std::string_view> record, records.next());
    if (!record) return counts;
    ICM_TRY(const Outcome outcome, merge(*record));
    count(outcome, counts);
  }
}

}  // namespace icm
