// SPDX-License-Identifier: Apache-2.0
//
// How subscriptions are printed: for people, for programs, and for another import.
#pragma once

#include <string>
#include <string_view>

#include "policy/store/ledger.h"

namespace icm::ctl {

// "stream:news, consented 2026-11-21T08:00:00Z (form), engaged …"
std::string one_line(const Subscription& subscription);

// RFC 4180, in the columns that an import reads, each line with its CRLF.
std::string_view ledger_csv_header();
std::string csv_line(const Subscription& subscription);

// One JSON object with its line break, as an import reads it.
std::string json_line(const Subscription& subscription);

}  // namespace icm::ctl
