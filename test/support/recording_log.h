// SPDX-License-Identifier: Apache-2.0
//
// RecordingLog: keeps what is logged, for a test to read.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "milter/log.h"

namespace icm {

// Safe from any thread while only written; to be read when all writers are done.
class RecordingLog final : public Log {
 public:
  void decision(Decision decision) override {
    const std::scoped_lock lock(mutex_);
    decisions.push_back(std::move(decision));
  }
  void say(LogLevel level, std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    sentences.push_back(fmt::format("{}: {}", to_string(level), text));
  }

  std::vector<Decision> decisions;
  std::vector<std::string> sentences;  // "error: words"

 private:
  std::mutex mutex_;
};

}  // namespace icm
