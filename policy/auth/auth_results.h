// SPDX-License-Identifier: Apache-2.0
//
// AuthenticationResults: one Authentication-Results field (RFC 8601) as a value, read and written.
// The reader takes what is found in the wild and says where it left the grammar; the writer makes
// nothing but the grammar. Whether a field may be believed is decided elsewhere (policy/origin).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm {

inline constexpr std::string_view auth_results_field = "Authentication-Results";

// "smtp.mailfrom=a@b.example". `ptype` and `property` are in lower case.
struct ResultProperty {
  std::string ptype;  // empty for the "action=none" that some write; RFC 8601 has no such thing
  std::string property;
  std::string value;  // quotes removed, but for those of a local part: "\"a b\"@c.example"
  bool operator==(const ResultProperty&) const = default;
};

// RFC 8601 §2.2 resinfo: one method, its result and what it rests on. Keywords in lower case.
struct MethodResult {
  std::string method;         // "spf"
  std::uint64_t version = 1;  // of the method
  std::string result;         // "pass"; any keyword, known or not
  std::string reason;
  std::vector<ResultProperty> properties;

  // The value of the first such property; empty when there is none.
  std::string_view property(std::string_view ptype, std::string_view name) const;
  bool operator==(const MethodResult&) const = default;
};

struct AuthenticationResults {
  std::string authserv_id;    // as written; empty when the field has none, as some of Microsoft's
  std::uint64_t version = 1;  // of the field; consumers know version 1 only
  std::vector<MethodResult> results;  // in their order; empty for "none"
  std::string oddity;  // the first place that RFC 8601 §2.2 does not allow, in words; empty if none

  // Reads a field body, folds and comments included. What cannot be understood is skipped up to the
  // next semicolon. An Error only when the field is beyond bounds (64 KiB, 100 results, 500
  // properties) or empty. Work is linear in the octets.
  [[nodiscard]] static Result<AuthenticationResults> parse(std::string_view value);

  // The results of one method, in their order.
  std::vector<const MethodResult*> of(std::string_view method) const;
  bool operator==(const AuthenticationResults&) const = default;
};

// The field body, without leading blank: ASCII, no comments, lines of at most 78 octets where there
// is a place to fold (RFC 5322 §2.1.1), folds as CRLF + blank. What no such field can say is left
// out: methods, results and properties that are no Keyword (RFC 5321 §4.1.2), and words that no
// line can hold, since half a value would be another one. Octets outside printable ASCII become
// "?". Without any result the field says "none".
std::string to_field_value(const AuthenticationResults& results);

}  // namespace icm
