// SPDX-License-Identifier: Apache-2.0
//
// MemoryBackoffBook: pauses and slowdowns that a test writes down.
#pragma once

#include <optional>

#include "policy/store/backoff.h"

namespace icm {

// What all MemoryBackoffBooks made with it hold; not for several threads.
struct BackoffPage {
  std::vector<Backoff> all;
  std::optional<Error> error;  // when set, the answer to every question
};

class MemoryBackoffBook final : public BackoffBook {
 public:
  explicit MemoryBackoffBook(BackoffPage& page) : page_(page) {}

  [[nodiscard]] Status put(const Backoff& backoff, Deadline deadline) override {
    const auto removed = remove(backoff.kind, backoff.subject, deadline);
    if (!removed) return tl::make_unexpected(removed.error());
    page_.all.push_back(backoff);
    return {};
  }
  [[nodiscard]] Result<bool> remove(BackoffKind kind, const std::string& subject,
                                    Deadline) override {
    if (page_.error) return tl::make_unexpected(*page_.error);
    return std::erase_if(page_.all, [&](const Backoff& one) {
             return one.kind == kind && one.subject == subject;
           }) > 0;
  }
  [[nodiscard]] Result<std::vector<Backoff>> all(Deadline) override {
    if (page_.error) return tl::make_unexpected(*page_.error);
    return page_.all;
  }

 private:
  BackoffPage& page_;
};

}  // namespace icm
