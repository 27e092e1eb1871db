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

std::string_view to_string(SuppressionReason reason);  // "hard-bounce"
std::optional<SuppressionReason> suppression_reason(std::string_view name);

// Whether re-activating an address needs a cause that is kept. Only an administrator's own word
// (manual) and a suspension may be taken back without one.
bool is_permanent(SuppressionReason reason);

// Unsubscribe and complaint only. Whoever had mac.com or me.com has icloud.com too, but not the
// other way round: widening a wish costs one mail at most, widening a bounce silences a stranger.
bool widens_to_siblings(SuppressionReason reason);

// A scope in the form it is stored: "global", "stream:NAME", or "list:ID" with the list-id in lower
// case, since list-ids are compared without case (RFC 2919 §6). At most 255 octets, printable
// ASCII without blanks. Code::syntax says what was expected.
[[nodiscard]] Result<std::string> suppression_scope(std::string_view text);

// What Apple's replies told of an address.
struct Evidence {
  std::string pattern;     // id of the reply pattern
  std::string reply;       // the latest of them, as Apple gave it
  std::string queue_id;    // of the message that was answered so
  WallTime first_seen{};   // when the first of them came,
  WallTime last_seen{};    // and the latest
  std::int64_t count = 1;  // of them, from the first to the latest
  bool operator==(const Evidence&) const = default;
};

struct Suppression {
  std::string address;  // Mailbox::key(): how Apple compares
  std::string scope;    // "global", "stream:NAME" or "list:ID"
  SuppressionReason reason = SuppressionReason::manual;
  std::string source;  // who or what made the entry: "cli", "import:list.csv"
  std::string note;    // evidence in words
  WallTime created{};
  std::optional<WallTime> expires;     // absent: never
  std::optional<Evidence> evidence{};  // absent: no reply led to it
  // When it was last said again, such as by somebody who unsubscribed once more; later than
  // `created`, or absent.
  std::optional<WallTime> confirmed{};
  bool operator==(const Suppression&) const = default;
};

// The latest that is known against the address: what mail may begin again by must be later.
WallTime last_word(const Suppression& entry);

// The other keys that may stand for the same person as `mailbox`: the same local part at the other
// two of icloud.com, me.com and mac.com; empty for any other domain.
std::vector<std::string> sibling_keys(const Mailbox& mailbox);

// What `find` below answers when `candidates` is all that a store holds on the mailbox and its
// siblings. Every SuppressionList decides by this function, so that all of them agree.
std::vector<Suppression> entries_in_force(std::vector<Suppression> candidates,
                                          const Mailbox& mailbox,
                                          const std::vector<std::string>& scopes, bool siblings,
                                          WallTime now);

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
