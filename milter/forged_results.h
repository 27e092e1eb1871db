// SPDX-License-Identifier: Apache-2.0
//
// ForgedResults: which Authentication-Results fields of an entering message pretend to be ours and
// must go (RFC 8601 §5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/verdict.h"

namespace icm {

// Fed with every field of one message, in order. Keeps places only, so that no number of fields
// before a forged one hides it. `authserv_id` must outlive it.
class ForgedResults {
 public:
  explicit ForgedResults(std::string_view authserv_id) : authserv_id_(authserv_id) {}

  void header(std::string_view name, std::string_view value);

  std::size_t count() const { return occurrences_.size(); }
  std::vector<HeaderEdit> removals() const;

 private:
  std::string_view authserv_id_;
  int seen_ = 0;
  std::vector<int> occurrences_;
};

}  // namespace icm
