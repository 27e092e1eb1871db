// SPDX-License-Identifier: Apache-2.0
//
// The value of smtpd_milters, non_smtpd_milters or of a -o smtpd_milters, taken apart as Postfix
// does (MILTER_README, "Per-Milter").
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config/socket_address.h"

namespace icm::ctl::postfix {

struct MilterEntry {
  std::string endpoint;                                       // "inet:127.0.0.1:8891"
  std::vector<std::pair<std::string, std::string>> settings;  // of its own: {"default_action", …}
  bool operator==(const MilterEntry&) const = default;
};

// Entries are separated by commas and blanks; one with settings stands in braces. Takes anything: a
// brace that is not closed reaches to the end.
std::vector<MilterEntry> parse_milter_list(std::string_view expanded);

// The pieces of such a list, or of one of look-up tables, as they are written.
std::vector<std::string_view> split_list(std::string_view value);

// Whether that is where our daemon listens. A path in Postfix's notation begins at the queue
// directory, a daemon's at the root.
bool leads_to(const MilterEntry& entry, const SocketAddress& daemon,
              std::string_view queue_directory);

}  // namespace icm::ctl::postfix
