// SPDX-License-Identifier: Apache-2.0
//
// The name servers that this host uses, as resolv.conf(5) names them. Its search list and options
// are for people who type short names, not for mail.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/name_server.h"
#include "policy/base/result.h"

namespace icm {

// The servers of its "nameserver" lines in their order; the one on this host when there is none, as
// resolv.conf(5) has it. Lines that name no address are passed over, as the C library does.
std::vector<NameServer> parse_resolv_conf(std::string_view text);

// The same of a file; a missing one is an empty one. The Error names what keeps it from being read.
[[nodiscard]] Result<std::vector<NameServer>> read_resolv_conf(const std::string& path);

}  // namespace icm
