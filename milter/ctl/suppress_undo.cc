// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress imports, undo: whole batches, and how they are taken back.
#include <charconv>

#include <fmt/format.h>

#include "milter/ctl/log_filter.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

std::string import_row(const ImportRecord& record) {
  const std::string entries = record.entries ? grouped(static_cast<std::uint64_t>(*record.entries))
                                             : std::string("unknown");
  return fmt::format("{:>6}  {:<20}  {:<12}  {:>11}  {}\n", record.import,
                     show_time(record.deed.at), clean(record.deed.who), entries,
                     clean(record.deed.why));
}

Status print_imports(const SuppressOptions& options) {
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  const auto& book = opened.book;
  ICM_TRY(const std::vector<ImportRecord> records, book->imports());
  Printer printer;
  const Terminal terminal = Terminal::of(stdout);
  if (!options.json && terminal.width() > 0) {
    printer.add(terminal.paint(Style::dim, fmt::format("{:>6}  {:<20}  {:<12}  {:>11}  {}",
                                                       "IMPORT", "WHEN", "BY", "ENTRIES", "WHAT")) +
                "\n");
  }
  for (const ImportRecord& record : records) {
    printer.add(options.json ? json_line(record) + "\n" : import_row(record));
  }
  return printer.finish();
}

Result<WallTime> moment(std::string_view option, const std::string& text, WallTime now) {
  const Result<WallTime> time = parse_moment(text, now);
  if (!time) return fail_at(option, time.error());
  return *time;
}

// What was misspelt perhaps, and where to look it up.
std::string why_nothing(const Batch& batch) {
  if (batch.import) return "it was undone before, or all of it was removed since";
  return fmt::format(
      "no entry stands that replies of pattern {} from {} on and before {} led to; "
      "icloud-milterctl "
      "suppress list --json shows the patterns of entries and when their replies came",
      clean(batch.pattern), show_time(batch.since), show_time(batch.until));
}

}  // namespace

Result<Batch> read_batch(const SuppressOptions& options, WallTime now) {
  Batch batch{.import = {}, .pattern = options.pattern};
  if (options.import.empty() == options.pattern.empty()) {
    return fail(Code::syntax, "undo: expected either --import ID or --pattern PATTERN");
  }
  if (!options.import.empty()) {
    std::int64_t id = 0;
    const char* const end = options.import.data() + options.import.size();
    const auto read = std::from_chars(options.import.data(), end, id);
    if (read.ec != std::errc() || read.ptr != end || id < 1) {
      return fail(Code::syntax,
                  fmt::format("import: expected a number as icloud-milterctl suppress "
                              "imports shows it, found \"{}\"",
                              for_log(options.import)));
    }
    batch.import = id;
    return batch;
  }
  if (options.since.empty()) {
    return fail(Code::syntax, "undo: expected --since TIME with --pattern: when the outage began");
  }
  ICM_TRY(batch.since, moment("since", options.since, now));
  // What came in this very second belongs to the batch, too.
  batch.until = now + std::chrono::seconds(1);
  if (!options.until.empty()) {
    ICM_TRY(batch.until, moment("until", options.until, now));
  }
  if (batch.until > batch.since) return batch;
  return fail(Code::syntax, fmt::format("until: expected a time after {}, found {}",
                                        to_rfc3339(batch.since), to_rfc3339(batch.until)));
}

Result<UndoCount> undo_batch(const SuppressOptions& options, const Batch& batch, WallTime now) {
  const Deed deed = deed_of(Deed::Kind::undo, now, options.because);
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  const auto& book = opened.book;
  const auto undoing = options.dry_run ? Undoing::on_trial : Undoing::for_good;
  ICM_TRY(const UndoCount count, book->undo(batch, deed, undoing));
  fmt::print(
      "{}{} removed, {} standing again as before, {} left alone since somebody else has "
      "changed or removed them\n",
      options.dry_run ? "nothing was changed; it would be: " : "", grouped(count.removed),
      grouped(count.restored), grouped(count.left));
  return count;
}

void say_what_follows(const SuppressOptions& options, const Batch& batch, const UndoCount& count) {
  if (count.removed + count.restored > 0) {
    fmt::print("{}\n",
               options.dry_run
                   ? "the same without --dry-run does it"
                   : "mail to them goes again from the next message on; the history of "
                     "each keeps what stood there (icloud-milterctl suppress show ADDRESS)");
  } else if (count.left == 0) {
    fmt::print("nothing is left to take back: {}\n", why_nothing(batch));
  }
}

Exit suppress_imports(const SuppressOptions& options) {
  const Status done = print_imports(options);
  return done ? Exit::done : complain_about(done.error());
}

Exit suppress_undo(const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  const auto batch = read_batch(options, now);
  if (!batch) return complain_about(batch.error());
  const Result<UndoCount> count = undo_batch(options, *batch, now);
  if (!count) return complain_about(count.error());
  say_what_follows(options, *batch, *count);
  return Exit::done;
}

}  // namespace icm::ctl
