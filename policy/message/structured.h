// SPDX-License-Identifier: Apache-2.0
//
// What is inside a field body: addresses, dates, message identifiers (RFC 5322 §3.2 to §3.6, and
// the obsolete forms of §4 where they must be read).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"

namespace icm {

// One mailbox of an address list. Values are decoded: folds, comments and quotes are gone.
struct Address {
  std::string display_name;  // as written (RFC 2047 words not decoded); empty when there was none
  std::string local;         // local part, quotes removed where they were not needed
  std::string domain;        // as written; "[192.0.2.1]" for a literal; empty when "@" was missing
  std::string group;         // display name of the group it stands in (RFC 5322 §3.4), abridged
  bool in_group = false;
  bool unquoted_dot = false;     // a bare "." in the display name (RFC 5322 §4.1 obs-phrase)
  bool obsolete_syntax = false;  // RFC 5322 §4.4: a route, blanks or comments between the tokens of
                                 // the addr-spec, control characters, empty elements in the list

  std::string text() const { return domain.empty() ? local : local + "@" + domain; }
  bool operator==(const Address&) const = default;
};

// RFC 5322 §3.4 address-list, with groups (RFC 6854 allows them in From) and §4.4 forms. An empty
// group gives no Address. The Error names the offset and what was expected. Time and memory are
// linear in the length of `value`, here and below.
[[nodiscard]] Result<std::vector<Address>> parse_address_list(std::string_view value);

struct DateTime {
  WallTime time;
  bool named_zone = false;       // RFC 5322 §4.3: "GMT", "UT", "EST" and the like
  bool obsolete_syntax = false;  // RFC 5322 §4.3: short year, military or unknown zone (both mean
                                 // UTC), comments or blanks inside
};

// RFC 5322 §3.3 and §4.3. Days that do not exist, a wrong day of the week and impossible times are
// errors.
[[nodiscard]] Result<DateTime> parse_date_time(std::string_view value);

// The same as a header field has it, in UTC: "Sat, 21 Nov 2026 08:15:30 +0000".
std::string to_date_time(WallTime time);

struct MessageId {
  std::string left;
  std::string right;
  bool obsolete_syntax = false;  // RFC 5322 §4.5.4: quoted or spaced parts
};

// RFC 5322 §3.6.4: exactly one msg-id with its angle brackets.
[[nodiscard]] Result<MessageId> parse_message_id(std::string_view value);

// RFC 2045 §5.1: "multipart/mixed; boundary=x". Parameters are kept as they stand: RFC 2231
// continuations (name*0) are neither joined nor decoded. Empty parameters are passed over.
struct MimeParameter {
  std::string name;   // lower case
  std::string value;  // quotes removed
};
struct ContentType {
  std::string type;     // lower case
  std::string subtype;  // lower case
  std::vector<MimeParameter> parameters;

  // The first parameter of that lower-case name; empty when absent.
  std::string parameter(std::string_view name) const;
};
[[nodiscard]] Result<ContentType> parse_content_type(std::string_view value);

}  // namespace icm
