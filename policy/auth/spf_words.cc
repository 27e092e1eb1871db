// SPDX-License-Identifier: Apache-2.0
//
// SPF's results and identities in the words of Authentication-Results (RFC 8601 §2.7.2).
#include "policy/auth/spf.h"

namespace icm {

std::string_view to_string(SpfStatus status) {
  switch (status) {
    case SpfStatus::none:
      return "none";
    case SpfStatus::neutral:
      return "neutral";
    case SpfStatus::pass:
      return "pass";
    case SpfStatus::fail:
      return "fail";
    case SpfStatus::soft_fail:
      return "softfail";
    case SpfStatus::temp_error:
      return "temperror";
    case SpfStatus::perm_error:
      return "permerror";
  }
  return "invalid";
}

std::string_view to_string(SpfIdentity identity) {
  switch (identity) {
    case SpfIdentity::mail_from:
      return "mailfrom";
    case SpfIdentity::helo:
      return "helo";
  }
  return "invalid";
}

}  // namespace icm
