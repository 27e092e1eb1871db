// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl ledger reopen: takes those off the suppression list who have consented since.
// Apart from import, so that no file that somebody brings re-activates anybody in passing.
#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/ledger_options.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

struct Opening {
  Suppression entry;
  Subscription consent;
};

// What the list and the ledger come to together.
struct Review {
  std::vector<Opening> openings;
  std::uint64_t staying = 0;
};

class Reviewer {
 public:
  Reviewer(SuppressionBook& list, LedgerBook& ledger) : list_(list), ledger_(ledger) {}

  Result<Review> of_all(WallTime now) {
    Progress progress("comparing", 0);
    Status looked;
    std::uint64_t seen = 0;
    ICM_CHECK(list_.each(RecordFilter(), now, [&](const Suppression& entry) {
      if (looked) looked = look_at(entry);
      progress.at(++seen);
    }));
    ICM_CHECK(looked);
    return std::move(review_);
  }

  Result<Review> of(const std::vector<Mailbox>& mailboxes) {
    for (const Mailbox& mailbox : mailboxes) {
      ICM_TRY(const std::vector<Recorded> standing, list_.standing({mailbox.key()}));
      for (const Recorded& record : standing) ICM_CHECK(look_at(record.entry));
    }
    return std::move(review_);
  }

 private:
  Status look_at(const Suppression& entry) {
    ICM_TRY(const std::vector<Subscription> known, ledger_.of(entry.address));
    if (const auto consent = opener_of(entry, known)) {
      review_.openings.push_back({entry, *consent});
    } else {
      ++review_.staying;
    }
    return {};
  }

  SuppressionBook& list_;
  LedgerBook& ledger_;
  Review review_;
};

// Whether it was taken off. It stays when somebody has told more of it since it was looked at:
// another complaint, a reply of Apple's that is younger than the consent.
Result<bool> take_off(SuppressionBook& list, const Opening& opening, WallTime now) {
  const Subscription& consent = opening.consent;
  Deed deed =
      deed_of(Deed::Kind::remove, now, fmt::format("consent of {}", show_time(*consent.consented)));
  if (!consent.source.empty()) deed.why += fmt::format(" ({})", consent.source);
  deed.act_of_recipient = consent.consented;
  const auto removed =
      list.remove({opening.entry.address, opening.entry.scope, opening.entry.reason}, deed);
  if (removed) return !removed->empty();
  if (removed.error().code == Code::permanent) return false;
  return tl::make_unexpected(removed.error());
}

Status reopen(const LedgerOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenLedger ledger, open_ledger_of(options, Missing::refuse));
  ICM_TRY(const auto list,
          open_book(ledger.site.store, Missing::refuse, lock_deadline(), credentials_directory()));
  Reviewer reviewer(*list, *ledger.book);
  ICM_TRY(const Review review, mailboxes.empty() ? reviewer.of_all(now) : reviewer.of(mailboxes));
  Printer printer;
  std::uint64_t taken = 0;
  for (const Opening& opening : review.openings) {
    if (!options.dry_run) {
      ICM_TRY(const bool is_off, take_off(*list, opening, now));
      if (!is_off) continue;
    }
    ++taken;
    printer.add(fmt::format("{}: {}: {}; consent of {}\n", clean(opening.entry.address),
                            options.dry_run ? "would be taken off" : "taken off",
                            one_line(opening.entry), show_time(*opening.consent.consented)));
  }
  printer.add(fmt::format("{} {}, {} stay\n", grouped(taken),
                          options.dry_run ? "would be taken off" : "taken off",
                          grouped(review.staying + review.openings.size() - taken)));
  return printer.finish();
}

}  // namespace

Exit ledger_reopen(const LedgerOptions& options) {
  const Status done = reopen(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
