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
  // More are not removed but refused with the message. Our own fields go each time a message comes
  // by, so an honest one has a few at most; and a removal costs the mail server a walk through the
  // whole header.
  static constexpr std::size_t most = 100;

  explicit ForgedResults(std::string_view authserv_id) : ids_{authserv_id} {}

  // Before the first field: these names are ours, too. They must outlive this.
  void add_ids(const std::vector<std::string>& ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  }

  void header(std::string_view name, std::string_view value);

  // At most `most`, even where there are more.
  std::size_t count() const { return occurrences_.size(); }
  bool are_too_many() const { return are_too_many_; }
  std::vector<HeaderEdit> removals() const;

 private:
  std::vector<std::string_view> ids_;
  int seen_ = 0;
  std::vector<int> occurrences_;
  bool are_too_many_ = false;
};

}  // namespace icm
