// SPDX-License-Identifier: Apache-2.0
//
// The one place that answers "same organization?": by the tree walk of RFC 9989 §4.10, and by the
// public suffix list as RFC 7489 §3.2 did.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/auth/dmarc_record.h"
#include "policy/base/result.h"

namespace icm {

// What one tree walk found, from the longest name to the shortest.
struct TreeWalk {
  struct Step {
    std::string domain;
    std::shared_ptr<const DmarcAnswer> answer;  // found only
  };
  std::vector<Step> records;
  std::string organizational_domain;
  bool temporary = false;  // a lookup failed: nothing here can be relied on
  std::string problem;
};

// RFC 9989 §4.10: at most eight queries. By `deadline`.
TreeWalk walk_tree(const std::string& start, DmarcDirectory& directory, Deadline deadline);

// Begins its lookups: each name is known beforehand. Does not wait.
void prefetch_walk(const std::string& start, DmarcDirectory& directory);

// The public suffix list, private domains included as receivers have it. Immutable, safe from any
// thread.
class PublicSuffixList {
 public:
  // Debian's list (package publicsuffix), or the one libpsl was built with when that is missing.
  static PublicSuffixList system();

  // The registrable domain at or above `domain`; `domain` itself when it is a public suffix.
  std::string organizational_domain(const std::string& domain) const;

 private:
  struct List;
  explicit PublicSuffixList(std::shared_ptr<const List> list) : list_(std::move(list)) {}
  std::shared_ptr<const List> list_;
};

}  // namespace icm
