// SPDX-License-Identifier: Apache-2.0
//
// FILTER in the tables of restrictions and of header and body checks: it chooses the way of a
// message before transport_maps are asked (access(5), header_checks(5)).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/configuration.h"
#include "milter/ctl/postfix/postfix_programs.h"
#include "policy/base/deadline.h"
#include "policy/config/config.h"

namespace icm::ctl::postfix {

struct FilterLine {
  std::string place;  // "header_checks"
  std::string table;  // "static:{FILTER smtp:}"
  std::string way;    // "smtp:"
  bool operator==(const FilterLine&) const = default;
};

struct FilterLines {
  std::vector<FilterLine> past;     // those that lead to other hosts: past the gate
  std::vector<std::string> unread;  // "smtpd_client_restrictions: mysql:/x: why it cannot be read"
};

// Of everything that mail comes in by, the gate (by its name) apart: what is chosen there has been
// judged.
FilterLines filter_lines(const PostfixPrograms& programs, const Configuration& configuration,
                         const RolesConfig& roles, std::chrono::seconds patience,
                         Deadline deadline);

// The right-hand sides of a table of patterns: regexp_table(5), pcre_table(5), or with `is_cidr`
// cidr_table(5).
std::vector<std::string> actions_of(std::string_view text, bool is_cidr);

}  // namespace icm::ctl::postfix
