// SPDX-License-Identifier: Apache-2.0
//
// RedisStage: what an import shall write, sorted before any of it is written: so that nothing is
// before all of the input is good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/store/record_sorter.h"

namespace icm {

// First all are put, then they are taken. Not synchronised.
class RedisStage {
 public:
  static constexpr std::size_t batch_size = 1000;

  [[nodiscard]] Status put(std::string_view record) { return records_.add(record); }
  std::uint64_t size() const { return records_.size(); }

  // Ends the putting.
  [[nodiscard]] Status sort() { return records_.sort(); }
  // In the order of their octets, up to batch_size at a time; none: that was all.
  [[nodiscard]] Result<std::vector<std::string>> take();
  std::uint64_t taken() const { return taken_; }

  // What broke off in the midst of the writing, for who shall do it again.
  [[nodiscard]] tl::unexpected<Error> broken_off(const Error& error, std::uint64_t done) const;

 private:
  RecordSorter records_;
  std::uint64_t taken_ = 0;
};

}  // namespace icm
