// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress add, remove, show: single addresses.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

// The entry that stands now where `given` was added, for the person to see what holds.
Result<std::string> what_holds(SuppressionBook& book, const Suppression& given) {
  ICM_TRY(const std::vector<Recorded> standing, book.standing({given.address}));
  for (const Recorded& record : standing) {
    const bool is_it = record.entry.scope == given.scope && record.entry.reason == given.reason;
    if (is_it || record.entry.reason == SuppressionReason::erasure) return one_line(record.entry);
  }
  return fail(Code::temporary, fmt::format("{}: removed again meanwhile", given.address));
}

Status add_all(const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(Suppression entry, read_entry(options, now, "cli"));
  ICM_CHECK(check_given(entry));
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  ICM_CHECK(opened.site.check_scope(entry.scope));
  const auto& book = opened.book;
  for (const Mailbox& mailbox : mailboxes) {
    entry.address = mailbox.key();
    ICM_TRY(const icm::Outcome outcome, book->add(entry, deed_of(Deed::Kind::add, now)));
    ICM_TRY(const std::string holds, what_holds(*book, entry));
    fmt::print("{}: {}: {}\n", clean(entry.address), words_of(outcome), holds);
  }
  return {};
}

// What lets an address come back: an act of the recipient that is later than the entry, or else the
// administrator's word. Both may be said.
Result<Deed> deed_of_removal(const SuppressOptions& options, WallTime now) {
  Deed deed = deed_of(Deed::Kind::remove, now, options.because);
  if (options.act_of_recipient.empty()) return deed;
  const Result<WallTime> act = parse_moment(options.act_of_recipient, now);
  if (!act) return fail_at("act-of-recipient", act.error());
  if (*act > now) {
    return fail(
        Code::syntax,
        fmt::format("act-of-recipient: expected a time that has come, found {}", to_rfc3339(*act)));
  }
  deed.act_of_recipient = *act;
  deed.why = fmt::format("act of the recipient on {}{}{}", show_time(*act),
                         options.because.empty() ? "" : ": ", options.because);
  return deed;
}

// What an act of the recipient leaves standing, so that nobody takes the address for free.
Status tell_what_stands(SuppressionBook& book, const std::string& address) {
  ICM_TRY(const std::vector<Recorded> standing, book.standing({address}));
  for (const Recorded& record : standing) {
    if (is_opened_by_recipient(record.entry.reason)) continue;
    complain(fmt::format("{}: still stands, since only the administrator ends it (--because): {}",
                         clean(address), one_line(record.entry)));
  }
  return {};
}

// Whether each address had something to remove.
Result<bool> remove_all(const SuppressOptions& options) {
  std::optional<std::string> scope;
  std::optional<SuppressionReason> reason;
  if (!options.scope.empty()) {
    ICM_TRY(scope, suppression_scope(options.scope));
  }
  if (!options.reason.empty()) {
    ICM_TRY(reason, read_reason(options.reason));
  }
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  const auto& book = opened.book;
  ICM_TRY(const Deed deed, deed_of_removal(options, now_in_seconds()));
  bool found_all = true;
  for (const Mailbox& mailbox : mailboxes) {
    const auto removed = book->remove({mailbox.key(), scope, reason}, deed);
    if (!removed && removed.error().code == Code::permanent && deed.why.empty()) {
      return fail(Code::permanent, removed.error().text +
                                       "; say --because TEXT, it is kept in the history, or "
                                       "--act-of-recipient TIME");
    }
    if (!removed) return tl::make_unexpected(removed.error());
    for (const Suppression& entry : *removed) {
      fmt::print("{}: removed: {}\n", clean(entry.address), one_line(entry));
    }
    if (deed.act_of_recipient) ICM_CHECK(tell_what_stands(*book, mailbox.key()));
    if (!removed->empty()) continue;
    found_all = false;
    complain(fmt::format("{}: there is no such entry", mailbox.key()));
  }
  return found_all;
}

Result<AddressReport> report_of(SuppressionBook& book, const Mailbox& mailbox, bool siblings) {
  AddressReport report{.address = mailbox.key(), .standing = {}, .siblings = {}, .past = {}};
  ICM_TRY(report.standing, book.standing({report.address}));
  if (siblings) {
    ICM_TRY(report.siblings, book.standing(sibling_keys(mailbox)));
  }
  std::erase_if(report.siblings,
                [](const Recorded& record) { return !widens_to_siblings(record.entry.reason); });
  ICM_TRY(report.past, book.past({report.address}));
  return report;
}

Status show_all(const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const std::vector<Mailbox> mailboxes, read_addresses(options.addresses));
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  const auto& book = opened.book;
  Printer printer;
  for (const Mailbox& mailbox : mailboxes) {
    ICM_TRY(const AddressReport report, report_of(*book, mailbox, opened.site.siblings));
    if (!options.json && &mailbox != &mailboxes.front()) printer.add("\n");
    printer.add(options.json ? report_json(report, now) : report_text(report, now));
  }
  return printer.finish();
}

}  // namespace

Exit suppress_add(const SuppressOptions& options) {
  const Status done = add_all(options);
  return done ? Exit::done : complain_about(done.error());
}

Exit suppress_remove(const SuppressOptions& options) {
  const Result<bool> done = remove_all(options);
  if (!done) return complain_about(done.error());
  return *done ? Exit::done : Exit::refused;
}

Exit suppress_show(const SuppressOptions& options) {
  const Status done = show_all(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
