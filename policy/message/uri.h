// SPDX-License-Identifier: Apache-2.0
//
// Uri: an absolute URI as RFC 3986 writes it, and what the schemes https and mailto ask beyond
// that. For judging what a message offers; nothing here is ever fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/mailbox.h"
#include "policy/base/result.h"

namespace icm {

// The parts as they were written, percent-encoding and all; scheme and host in lower case.
struct Uri {
  std::string scheme;
  bool has_authority = false;  // "//" follows the scheme
  std::optional<std::string> userinfo;
  std::string host;  // "[2001:db8::1]" with its brackets
  std::string port;  // digits; empty when there is none
  std::string path;
  std::optional<std::string> query;
  std::optional<std::string> fragment;
  bool operator==(const Uri&) const = default;

  // RFC 3986 §3, strictly: no blanks, no octets outside its characters, every "%" before two
  // hexadecimal digits. A relative reference is an error. The Error quotes what cannot stand there.
  [[nodiscard]] static Result<Uri> parse(std::string_view text);
};

// The scheme that `text` begins with, in lower case, also when the rest is no URI; empty when there
// is none (RFC 3986 §3.1).
std::string scheme_of(std::string_view text);

// RFC 9110 §4.2.2 and §4.2.4: an authority with a host, which is a domain or an IP literal; a port
// up to 65535; no userinfo.
[[nodiscard]] Status check_https(const Uri& uri);

// The mailboxes of a mailto URI (RFC 6068 §2), from its path and its "to" fields; at least one.
[[nodiscard]] Result<std::vector<Mailbox>> parse_mailto(const Uri& uri);

// Octets in place of each "%" and its two digits; a "%" without them stays.
std::string percent_decoded(std::string_view text);

}  // namespace icm
