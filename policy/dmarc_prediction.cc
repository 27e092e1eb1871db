// SPDX-License-Identifier: Apache-2.0
#include "policy/dmarc_prediction.h"

#include <fmt/format.h>

namespace icm {

std::string dmarc_prediction(const DmarcVerdict& verdict, std::string_view author) {
  if (verdict.status != DmarcStatus::fail || !verdict.policy) return {};
  // RFC 9989 §4.7 "t": the receiver acts one level lower.
  const bool one_lower = verdict.testing;
  switch (*verdict.policy) {
    case DmarcPolicy::none:
      return {};
    case DmarcPolicy::quarantine:
      if (one_lower) return {};
      return fmt::format("junk folder (p=quarantine of {})", verdict.record_domain);
    case DmarcPolicy::reject:
      if (one_lower) return fmt::format("junk folder (p=reject, t=y of {})", verdict.record_domain);
      return fmt::format("554 5.7.1 Your message was rejected due to {}'s DMARC policy", author);
  }
  return {};
}

}  // namespace icm
