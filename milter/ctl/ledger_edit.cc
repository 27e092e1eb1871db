// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl ledger add, remove, show, export.
#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/ledger_options.h"
#include "milter/ctl/ledger_print.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

// What holds now, for the person to see.
Result<std::string> what_holds(LedgerBook& book, const Subscription& given) {
  ICM_TRY(const std::vector<Subscription> known, book.of(given.address));
  for (const Subscription& one : known) {
    if (one.scope == given.scope) return one_line(one);
  }
  return std::string("nothing is kept about who asked to be forgotten");
}

Status add_all(const LedgerOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(Subscription subscription, read_subscription(options, now));
  ICM_CHECK(check_subscription(subscription, now));
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenLedger opened, open_ledger_of(options, Missing::refuse));
  ICM_CHECK(opened.site.check_scope(subscription.scope));
  const auto& book = opened.book;
  for (const Mailbox& mailbox : mailboxes) {
    subscription.address = mailbox.key();
    ICM_TRY(const icm::Outcome outcome, book->add(subscription));
    ICM_TRY(const std::string holds, what_holds(*book, subscription));
    fmt::print("{}: {}: {}\n", clean(subscription.address), words_of(outcome), holds);
  }
  return {};
}

// Whether each address had something to remove.
Result<bool> remove_all(const LedgerOptions& options) {
  std::optional<std::string> scope;
  if (!options.scope.empty()) {
    ICM_TRY(scope, suppression_scope(options.scope));
  }
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenLedger opened, open_ledger_of(options, Missing::refuse));
  const auto& book = opened.book;
  bool found_all = true;
  for (const Mailbox& mailbox : mailboxes) {
    ICM_TRY(const std::uint64_t removed, book->remove(mailbox.key(), scope));
    if (removed == 0) {
      found_all = false;
      complain(fmt::format("{}: nothing is recorded", mailbox.key()));
    } else {
      fmt::print("{}: removed, in {} {}\n", clean(mailbox.key()), grouped(removed),
                 removed == 1 ? "scope" : "scopes");
    }
  }
  return found_all;
}

Status show_all(const LedgerOptions& options) {
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenLedger opened, open_ledger_of(options, Missing::refuse));
  const auto& book = opened.book;
  Printer printer;
  for (const Mailbox& mailbox : mailboxes) {
    ICM_TRY(const std::vector<Subscription> known, book->of(mailbox.key()));
    for (const Subscription& one : known) {
      printer.add(options.json ? json_line(one)
                               : fmt::format("{}: {}\n", clean(one.address), one_line(one)));
    }
    if (known.empty() && !options.json) {
      printer.add(fmt::format("{}: nothing is recorded\n", clean(mailbox.key())));
    }
  }
  return printer.finish();
}

Status export_all(const LedgerOptions& options) {
  const bool is_json = options.format == "json";
  if (!is_json && !options.format.empty() && options.format != "csv") {
    return fail(Code::syntax,
                fmt::format("format: expected csv or json, found \"{}\"", for_log(options.format)));
  }
  ICM_TRY(const LedgerFilter filter, read_ledger_filter(options, now_in_seconds()));
  ICM_TRY(const OpenLedger opened, open_ledger_of(options, Missing::refuse));
  const auto& book = opened.book;
  Printer printer;
  if (!is_json) printer.add(ledger_csv_header());
  ICM_CHECK(book->each(filter, [&](const Subscription& one) {
    printer.add(is_json ? json_line(one) : csv_line(one));
  }));
  return printer.finish();
}

}  // namespace

Exit ledger_add(const LedgerOptions& options) {
  const Status done = add_all(options);
  return done ? Exit::done : complain_about(done.error());
}

Exit ledger_remove(const LedgerOptions& options) {
  const Result<bool> done = remove_all(options);
  if (!done) return complain_about(done.error());
  return *done ? Exit::done : Exit::refused;
}

Exit ledger_show(const LedgerOptions& options) {
  const Status done = show_all(options);
  return done ? Exit::done : complain_about(done.error());
}

Exit ledger_export(const LedgerOptions& options) {
  const Status done = export_all(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
