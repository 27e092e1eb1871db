// SPDX-License-Identifier: Apache-2.0
//
// Suppression lists as mail services export them: recognised by the header line of their CSV, and
// read into entries of ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/suppression_book.h"

namespace icm::ctl {

enum class ForeignList {
  ses,                   // Amazon SES: EmailAddress, Reason, LastUpdateTime
  sendgrid_bounces,      // SendGrid: status, reason, email, created
  mailgun_bounces,       // Mailgun: address, code, error, created_at
  mailgun_unsubscribes,  // Mailgun: address, tags, created_at
  postmark,              // Postmark: EmailAddress, SuppressionReason, Origin, CreatedAt
};

// Which list has these columns: all that are named above, in any order and case. Further columns
// are allowed and are not read.
std::optional<ForeignList> foreign_list(const std::vector<std::string>& columns);

// One row; as many fields as columns. Code::syntax names the column, what was expected there and
// what was found.
[[nodiscard]] Status read_foreign(ForeignList list, const std::vector<std::string>& columns,
                                  const std::vector<std::string>& fields, Suppression& entry);

// A time as these services write it: what parse_time reads, seconds since 1970, "2026-11-21
// 08:15:30" with or without " UTC", or "Sat, 21 Nov 2026 08:15:30 UTC" (RFC 5322 §3.3).
[[nodiscard]] Result<WallTime> read_foreign_time(std::string_view text);

}  // namespace icm::ctl
