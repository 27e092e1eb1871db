// SPDX-License-Identifier: Apache-2.0
//
// "The same organization?" as policies ask it where no DMARC record has a say, and the names of an
// organization that a fix is spelled with.
#pragma once

#include <string>
#include <string_view>

#include "policy/auth/authenticator.h"

namespace icm {

// Lower case and A-labels; empty when the text is no domain name.
std::string domain_name(std::string_view text);

// The registrable domain at or above `domain`, by the public suffix list (RFC 7489 §3.2).
std::string organization_of(const std::string& domain, const AuthSources& sources);

// Whether both names belong to one organization: relaxed alignment (RFC 7489 §3.1). False for
// what is no domain name.
bool is_same_organization(std::string_view a, std::string_view b, const AuthSources& sources);

// A TXT record as a zone file has it: NAME. TXT "text", in strings of 255 octets (RFC 1035 §3.3).
std::string txt_record(std::string_view name, std::string_view text);

}  // namespace icm
