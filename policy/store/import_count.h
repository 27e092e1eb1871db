// SPDX-License-Identifier: Apache-2.0
//
// What became of each record of an import, added up.
#pragma once

#include <functional>
#include <string_view>

#include "policy/store/record_sorter.h"
#include "policy/store/suppression_book.h"

namespace icm {

void count(Outcome outcome, ImportCount& counts);

// Hands each record to `merge`, in order, and counts what became of it. `progress` is told now and
// then how many are done. `records` must have been sorted.
[[nodiscard]] Result<ImportCount> merge_sorted(
    RecordSorter& records, const std::function<Result<Outcome>(std::string_view)>& merge,
    const std::function<void(std::uint64_t)>& progress);

}  // namespace icm
