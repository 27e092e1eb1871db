// SPDX-License-Identifier: Apache-2.0
//
// The domains that mail leaves in the name of: those asked for, those that streams declare, and
// those that the decision log has seen of late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "milter/ctl/doctor/context.h"

namespace icm::ctl::doctor {

// Of the log, the end that is read, and the domains of most mail there that are looked at.
inline constexpr std::uint64_t log_octets_read = 8u << 20;
inline constexpr std::size_t most_logged_domains = 20;

// Each once: A-labels, lower case. By `deadline`; a log that cannot be read names none.
std::vector<std::string> sending_domains(const Context& context, Deadline deadline);

}  // namespace icm::ctl::doctor
