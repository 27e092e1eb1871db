// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_stage.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace icm {
namespace {

tl::unexpected<Error> file_problem(std::string_view what) {
  return fail(Code::temporary, fmt::format("the import's temporary file: cannot {}: {}", what,
                                           std::strerror(errno)));
}

}  // namespace

Result<RedisStage> RedisStage::make() {
  File file(std::tmpfile());
  if (file == nullptr) return file_problem("be made");
  return RedisStage(std::move(file));
}

// Behind its length.
Status RedisStage::put(std::string_view member) {
  const auto length = static_cast<std::uint32_t>(member.size());
  const bool is_written = std::fwrite(&length, sizeof length, 1, file_.get()) == 1 &&
                          std::fwrite(member.data(), member.size(), 1, file_.get()) == 1;
  if (!is_written) return file_problem("be written");
  ++size_;
  return {};
}

Status RedisStage::rewind() {
  if (std::fflush(file_.get()) != 0) return file_problem("be written");
  std::rewind(file_.get());
  return {};
}

Result<std::vector<std::string>> RedisStage::take() {
  std::vector<std::string> batch;
  while (batch.size() < batch_size && taken_ < size_) {
    std::uint32_t length = 0;
    if (std::fread(&length, sizeof length, 1, file_.get()) != 1) return file_problem("be read");
    std::string& member = batch.emplace_back(length, '\0');
    if (std::fread(member.data(), length, 1, file_.get()) != 1) return file_problem("be read");
    ++taken_;
  }
  return batch;
}

tl::unexpected<Error> RedisStage::broken_off(const Error& error, std::uint64_t done) const {
  return fail(error.code, fmt::format("{} (after {} of {} entries; an import of the same input "
                                      "completes it)",
                                      error.text, done, size_));
}

}  // namespace icm
