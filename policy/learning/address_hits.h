// SPDX-License-Identifier: Apache-2.0
//
// AddressHits: what Apple answered about addresses, and what that comes to: an address that is gone
// is suppressed, one that is off or full is suspended, and suppressed when it stays so for weeks.
// Nothing is decided while the breaker is open, or before an outage would have shown.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "policy/config/replies_config.h"
#include "policy/learning/reply_book.h"
#include "policy/recipients.h"
#include "policy/replies/reply_table.h"
#include "policy/store/address_forms.h"
#include "policy/store/store.h"

namespace icm {

struct AddressHit {
  std::string address;  // as AddressForms::stored() has it
  ReplyClass cause = ReplyClass::unknown;
  Evidence evidence;        // its pattern is the latest entry
  bool is_doubted = false;  // came during an outage: believed when it comes again a day later
  bool is_owed = false;     // what follows is yet to be decided
  bool is_sure = false;     // one such answer suffices
  bool is_relay = false;    // an address of Private Email Relay
  int rests = 0;            // how often the address was suspended
  WallTime resting{};       // until when it is
};

// What follows from hits.
struct AddressDecision {
  ReplyEffect effect = ReplyEffect::suspend;
  Suppression entry;
};

// Whether an answer may be held against an address: the cause is the recipient's own, the words are
// the receiver's, and they answer RCPT or what comes after it. Whatever the table says.
bool may_count_against_address(const ReplyEntry& entry, const ReceivedReply& reply);

// Used by one thread at a time; all that is handed in must outlive it.
class AddressHits {
 public:
  // Where `forms` has a key, no address is written.
  AddressHits(ReplyBook& book, const RepliesConfig& config, const AppleDomains& apple,
              const AddressForms& forms)
      : book_(book), config_(config), apple_(apple), forms_(forms) {}

  [[nodiscard]] Status load();

  struct Answer {
    std::string address;  // Mailbox::key()
    std::string queue_id;
    WallTime time{};
  };
  // Where may_count_against_address(). `outage` is since when answers are not believed, if they
  // are not.
  [[nodiscard]] Status hit(const Answer& answer, const ReplyEntry& entry,
                           const ReceivedReply& reply, std::optional<WallTime> outage);

  // Whether the address has had this cause for a day or more, and took no mail since: that it has
  // it still is no sign of an outage.
  [[nodiscard]] Result<bool> is_known(const std::string& address, ReplyClass cause, WallTime time);

  // The address took mail: what was held against it before is over.
  [[nodiscard]] Status taken(const std::string& address, WallTime time);

  // An outage has shown: what came since then by this entry is not believed.
  [[nodiscard]] Status doubt(std::string_view entry, WallTime since);

  // What is due at `now`, while no breaker is open.
  [[nodiscard]] Result<std::vector<AddressDecision>> decide(WallTime now);

 private:
  std::optional<AddressDecision> decision(AddressHit& hit, WallTime now) const;
  Status write(const AddressHit& hit);
  Result<std::optional<AddressHit>> find(std::string_view stored, ReplyClass cause);

  ReplyBook& book_;
  const RepliesConfig& config_;
  const AppleDomains& apple_;
  const AddressForms& forms_;
  std::unordered_set<std::string> known_;  // every address with hits, and perhaps some without
};

// The hits of an address, in the form it is stored in, by cause.
[[nodiscard]] Result<std::vector<AddressHit>> hits_of(ReplyBook& book, std::string_view address);

// Forgets the hits whose latest came by this entry in [since, until); answers how many.
[[nodiscard]] Result<std::int64_t> forget_hits(ReplyBook& book, std::string_view entry,
                                               WallTime since, WallTime until);
[[nodiscard]] Result<std::int64_t> count_hits(ReplyBook& book, std::string_view entry,
                                              WallTime since, WallTime until);

// How many addresses wait to be decided.
[[nodiscard]] Result<std::int64_t> owed_hits(ReplyBook& book);

}  // namespace icm
