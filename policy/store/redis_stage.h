// SPDX-License-Identifier: Apache-2.0
//
// RedisStage: the members that an import shall write, in a file without a name, which never
// outlives the process: so that nothing is written before all of the input is good.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/handle.h"
#include "policy/base/result.h"

namespace icm {

// First all are put, then they are taken. Not synchronised.
class RedisStage {
 public:
  static constexpr std::size_t batch_size = 1000;

  [[nodiscard]] static Result<RedisStage> make();

  [[nodiscard]] Status put(std::string_view member);
  std::uint64_t size() const { return size_; }

  // Ends the putting.
  [[nodiscard]] Status rewind();
  // In the order in which they were put, up to batch_size at a time; none: that was all.
  [[nodiscard]] Result<std::vector<std::string>> take();
  std::uint64_t taken() const { return taken_; }

  // What broke off in the midst of the writing, for who shall do it again.
  [[nodiscard]] tl::unexpected<Error> broken_off(const Error& error, std::uint64_t done) const;

 private:
  static void close_file(std::FILE* file) { static_cast<void>(std::fclose(file)); }
  using File = Handle<std::FILE, close_file>;
  explicit RedisStage(File file) : file_(std::move(file)) {}

  File file_;
  std::uint64_t size_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace icm
