// SPDX-License-Identifier: Apache-2.0
//
// DMARC: does what was authenticated belong to who the message says it is from? Judged as RFC 9989
// says, and as RFC 7489 with the public suffix list did, since receivers do either.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim.h"
#include "policy/auth/dmarc_record.h"
#include "policy/auth/organizational_domain.h"
#include "policy/auth/spf.h"
#include "policy/message/structured.h"

namespace icm {

// RFC 7489 §11.2, the words of Authentication-Results.
enum class DmarcStatus { none, pass, fail, temp_error, perm_error };
std::string_view to_string(DmarcStatus status);

enum class DmarcStandard { rfc9989, rfc7489 };
std::string_view to_string(DmarcStandard standard);

struct DmarcVerdict {
  DmarcStatus status = DmarcStatus::none;
  std::optional<DmarcPolicy> policy;  // published and applicable (p, sp or np), before t= and pct=
  bool testing = false;               // t=y: the receiver acts one level lower
  std::string record_domain;          // where the record was found
  std::string organizational_domain;  // of the author domain
  bool spf_aligned = false;           // an SPF pass that is aligned
  bool dkim_aligned = false;          // a DKIM pass that is aligned
  std::string reason;                 // why not pass, in words
  bool operator==(const DmarcVerdict&) const = default;
};

struct DmarcResult {
  std::string author_domain;  // A-labels, lower case; empty when there is none to judge
  DmarcVerdict rfc9989;
  DmarcVerdict rfc7489;

  const DmarcVerdict& by(DmarcStandard standard) const {
    return standard == DmarcStandard::rfc9989 ? rfc9989 : rfc7489;
  }
  // Receivers may come to different ends.
  bool standards_differ() const {
    return rfc9989.status != rfc7489.status || rfc9989.policy != rfc7489.policy;
  }
};

// The one domain of the From field (RFC 9989 §4.2): several addresses are fine as long as they
// agree. The Error says why there is none.
[[nodiscard]] Result<std::string> author_domain(const Result<std::vector<Address>>& authors);

// What DMARC looks at.
struct DmarcInput {
  const Result<std::vector<Address>>& authors;
  const SpfResult& spf;
  const std::vector<DkimResult>& dkim;
};

// By `deadline`; a lookup that failed is temp_error, never pass or fail by accident: an aligned
// pass is not held back by it when the policy itself is known.
DmarcResult check_dmarc(const DmarcInput& input, DmarcDirectory& directory,
                        const PublicSuffixList& suffixes, Deadline deadline);

}  // namespace icm
