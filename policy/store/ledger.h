// SPDX-License-Identifier: Apache-2.0
//
// The ledger of consent and activity: who subscribed to what, when and how, and when that person
// last did something. Kept by those who have such records; a policy that needs them is off unless
// it is configured.
//
// Activity is what a person does: a click, a reply, a log-in, a purchase. Never an open: Apple's
// Mail Privacy Protection fetches the pictures of every message, read or not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/mailbox.h"
#include "policy/base/result.h"
#include "policy/store/store.h"
#include "policy/store/suppression_book.h"

namespace icm {

struct Subscription {
  std::string address;                // Mailbox::key()
  std::string scope;                  // "global" (all our mail), "stream:NAME" or "list:ID"
  std::optional<WallTime> consented;  // the latest time that the person asked for the mail
  std::string source;                 // how and where that was: "form on shop.example"
  std::optional<WallTime> withdrawn;  // the latest time that the person took it back
  std::optional<WallTime> engaged;    // the latest click, reply, log-in or purchase
  bool operator==(const Subscription&) const = default;
};

// Whether it may be stored at `now`. Code::syntax says what was expected:
// - at least one of the three times; a source only with a consent;
// - no time to come, but for a few minutes by which clocks differ, and a withdrawal for the rest of
//   its day: a consent of next year would outlast each withdrawal until then;
// - source has at most 200 octets, UTF-8 without control characters.
// `address` must be a Mailbox::key() and `scope` come from suppression_scope().
[[nodiscard]] Status check_subscription(const Subscription& subscription, WallTime now);

// Adding `given` where `known` is: of each time the later one holds, and the source is that of the
// later consent. Nothing becomes older, whatever is imported again, and in whatever order.
Subscription merged(const Subscription& known, const Subscription& given);

// All that is known of one person's say in one kind of mail.
struct Standing {
  std::optional<Subscription> latest_consent;  // the subscription with the latest `consented`
  std::optional<WallTime> withdrawn;           // the latest of all
  std::optional<WallTime> engaged;             // the latest of all
  // When the person last unsubscribed or complained and was then taken off the suppression list by
  // somebody, which is not the same as having asked for mail again.
  std::optional<WallTime> left;

  bool is_known() const { return latest_consent || withdrawn || engaged; }
  bool operator==(const Standing&) const = default;
};

// The Standing that subscriptions of the scopes asked for come to. A withdrawal of one scope takes
// back what was given for it, and a later consent for all mail gives it again.
Standing standing_of(const std::vector<Subscription>& subscriptions);

// Reads the ledger, for judging mail. Safe from any thread.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // What is known of this address in scope "global" and in `scopes`. Returns by `deadline`.
  [[nodiscard]] virtual Result<Standing> find(const Mailbox& mailbox,
                                              const std::vector<std::string>& scopes,
                                              Deadline deadline) const = 0;
};

// Many into the ledger, all of them or none. Not synchronised. Destroyed before commit(), it leaves
// no trace.
class LedgerImport {
 public:
  virtual ~LedgerImport() = default;

  // Code::syntax when check_subscription() refuses it, which is then not staged and the import may
  // go on; any other Error ends it.
  [[nodiscard]] virtual Status stage(const Subscription& subscription, WallTime now) = 0;
  virtual std::uint64_t staged() const = 0;

  // Merges what was staged; `progress` is told now and then how many are done. Waits until `lock`
  // for other writers. Once only.
  [[nodiscard]] virtual Result<ImportCount> commit(
      Deadline lock, const std::function<void(std::uint64_t)>& progress) = 0;
};

// What an export is about. All that are set must hold.
struct LedgerFilter {
  std::optional<std::string> scope;
  std::optional<Domain> domain;      // exactly, not those below it
  std::optional<WallTime> inactive;  // the last sign of life, consent included, is older
};

// Keeps the ledger. Not synchronised: one for each thread. Every call is all or nothing; what has
// been answered without an Error is kept, also by a power cut.
//
// Nothing is stored about a person who asked to be forgotten (suppression, reason erasure), and
// the erasure removes what was: each then counts as unchanged.
class LedgerBook {
 public:
  virtual ~LedgerBook() = default;

  // From now on each call returns by `deadline`, with Code::temporary when it had to wait for
  // others so long.
  virtual void wait_until(Deadline deadline) = 0;

  // `subscription` must have passed check_subscription().
  [[nodiscard]] virtual Result<Outcome> add(const Subscription& subscription) = 0;

  // Removes what stands for the address, in this scope or in all. Answers how much that was.
  [[nodiscard]] virtual Result<std::uint64_t> remove(const std::string& address,
                                                     const std::optional<std::string>& scope) = 0;

  // All that stands for the address, by scope.
  [[nodiscard]] virtual Result<std::vector<Subscription>> of(const std::string& address) = 0;

  // Hands everything that the filter lets through to `visit`, by address and scope, as of one
  // moment. Takes no memory that grows with the ledger.
  [[nodiscard]] virtual Status each(const LedgerFilter& filter,
                                    const std::function<void(const Subscription&)>& visit) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<LedgerImport>> begin_import() = 0;
};

// The consent that opens `suppression` again, of all that stands for its address; nothing when
// there is none. It opens an unsubscription or a complaint of the same scope, or of any when it is
// for all mail; and a hard bounce, whatever its scope, since somebody is there. It must not have
// been withdrawn since, and be later than every sign of the suppression. A relay address that is
// off is opened by Apple's word alone, a manual entry by the administrator's, a suspension by its
// day, and an erasure by nothing.
std::optional<Subscription> opener_of(const Suppression& suppression,
                                      const std::vector<Subscription>& subscriptions);

}  // namespace icm
