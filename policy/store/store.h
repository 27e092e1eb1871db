// SPDX-License-Identifier: Apache-2.0
//
// What outlives a message, behind narrow interfaces: the judging side reads through these and
// knows no database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/mailbox.h"
#include "policy/base/result.h"

namespace icm {

enum class SuppressionReason {
  unsubscribe,  // the recipient asked; never expires, holds for sibling domains too
  complaint,    // the recipient reported spam; never expires, holds for sibling domains too
  hard_bounce,  // Apple said the address is gone; this address alone
  relay_off,    // a relay address was switched off; until it is switched on again
  suspended,    // inactive or full again and again; expires
  manual,       // the administrator's word
  erasure,      // the person asked to be forgotten; kept only to keep the promise
};

inline constexpr SuppressionReason all_suppression_reasons[] = {
    SuppressionReason::unsubscribe, SuppressionReason::complaint, SuppressionReason::hard_bounce,
    SuppressionReason::relay_off,   SuppressionReason::suspended, SuppressionReason::manual,
    SuppressionReason::erasure};

std::string_view to_string(SuppressionReason reason);                      // "hard-bounce"
std::optional<SuppressionReason> suppression_reason(std::string_view name);
bool is_permanent(SuppressionReason reason);       // re-activating needs a cause that is kept
bool widens_to_siblings(SuppressionReason reason);  // unsubscribe and complaint only

struct Suppression {
  std::string address;   // Mailbox::key(): how Apple compares
  std::string scope;     // "global", "stream:NAME" or "list:ID"
  SuppressionReason reason = SuppressionReason::manual;
  std::string source;    // who or what made the entry: "cli", "import:list.csv"
  std::string note;      // evidence in words
  WallTime created{};
  std::optional<WallTime> expires;  // absent: never
  bool operator==(const Suppression&) const = default;
};

// Reads the suppression list. Safe from any thread.
class SuppressionList {
 public:
  virtual ~SuppressionList() = default;

  // The entries in force at `now` for this address, in scope "global" and in `scopes`, the most
  // permanent reason first. With `siblings`, entries of icloud.com, me.com and mac.com with the
  // same local part are found too when their reason widens. Returns by `deadline`.
  [[nodiscard]] virtual Result<std::vector<Suppression>> find(
      const Mailbox& mailbox, const std::vector<std::string>& scopes, bool siblings, WallTime now,
      Deadline deadline) const = 0;
};

}  // namespace icm
