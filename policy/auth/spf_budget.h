// SPDX-License-Identifier: Apache-2.0
//
// The lookup budget of a whole SPF record tree: what the most unlucky client costs a receiver,
// whichever way its own evaluation ends (RFC 7208 §4.6.4). An evaluation stops at the first match;
// this walk does not.
#pragma once

#include <string>
#include <vector>

#include "policy/auth/spf.h"
#include "policy/auth/spf_publication.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"

namespace icm {

// One include= or redirect= of the tree, with everything below it.
struct SpfBranch {
  std::string domain;  // whose record it stands in
  std::string term;    // as written, redirect= with its macros expanded
  std::string target;  // whose record it leads to
  int depth = 0;       // 0 in the first record
  int lookups = 0;     // its own and those below
  int void_lookups = 0;
  std::string problem;  // why the walk did not go on there
};

struct SpfBudget {
  int lookups = 0;                  // terms that need the DNS, of the ten allowed
  int void_lookups = 0;             // terms whose queries come back void today, of the two
  std::vector<SpfBranch> branches;  // depth first, in the order of the records
  // Each record once, as it was first met; the sender's own first.
  struct Record {
    std::string domain;
    SpfPublication publication;
  };
  std::vector<Record> records;
  std::vector<std::string> problems;  // what keeps the numbers from being exact
};

// Walks the tree below the domain of `question`: depth first, cycles cut, at most a hundred terms.
// Macros have the values of the question, and of p= nothing is known. By `deadline`; a lookup that
// failed is a problem.
SpfBudget spf_budget(const SpfQuestion& question, Resolver& resolver, Deadline deadline);

}  // namespace icm
