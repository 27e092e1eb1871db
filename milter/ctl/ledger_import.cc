// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl ledger import: a file of subscriptions into the ledger, all or nothing.
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/ledger_file.h"
#include "milter/ctl/ledger_options.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/terminal.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t name_in_source = 100;  // octets; a source has room for 200

void close_file(std::FILE* file) { std::fclose(file); }

// What has been read of a file so far.
struct Reading {
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  Progress progress;
};

// Takes in every line, and says which are bad. When a bad line already keeps the import from being
// done, the rest is only read, so that all bad lines are known after one run.
Status read_lines(LedgerFile& file, LedgerImport& job, bool skip_bad, WallTime now,
                  Reading& reading) {
  for (;;) {
    Result<std::optional<Subscription>> one = file.next();
    if (one && !*one) return {};
    Status staged;
    if (!one) {
      staged = tl::make_unexpected(one.error());
    } else {
      staged =
          reading.bad == 0 || skip_bad ? job.stage(**one, now) : check_subscription(**one, now);
    }
    if (staged) {
      ++reading.good;
    } else if (staged.error().code == Code::syntax) {
      ++reading.bad;
      reading.progress.stand_aside();
      complain(fmt::format("{}: {}", file.place(), staged.error().text));
    } else {
      return staged;
    }
    reading.progress.at(reading.good);
  }
}

Result<ImportCount> merge(LedgerImport& job) {
  Progress progress("merging", job.staged());
  return job.commit(lock_deadline(), [&](std::uint64_t done) { progress.at(done); });
}

std::string bad_lines(std::uint64_t count) {
  return fmt::format("{} bad {}", grouped(count), count == 1 ? "line" : "lines");
}

Status import_from(std::FILE* stream, const std::string& name, const LedgerOptions& options) {
  const WallTime now = now_in_seconds();
  const std::string base = std::filesystem::path(name).filename().string();
  ICM_TRY(const LedgerFormat format, read_ledger_format(options.format));
  ICM_TRY(Subscription defaults, read_subscription(options, now));
  if (defaults.source.empty()) defaults.source = "import:" + for_log(base, name_in_source);
  LedgerFile file(stream, name, format, defaults);
  ICM_CHECK(file.begin());
  ICM_TRY(const auto book, open_ledger_of(options, Missing::make));
  ICM_TRY(const auto job, book->begin_import());
  Reading reading{.good = 0, .bad = 0, .progress = Progress("reading " + base, 0)};
  ICM_CHECK(read_lines(file, *job, options.skip_bad, now, reading));
  reading.progress.stand_aside();
  if (reading.bad > 0 && !options.skip_bad) {
    return fail(Code::syntax, fmt::format("{}: {}, {} good; nothing was imported. Correct "
                                          "them, or leave them out with --skip-bad",
                                          name, bad_lines(reading.bad), grouped(reading.good)));
  }
  ICM_TRY(const ImportCount count, merge(*job));
  fmt::print("{}: {} {}: {} added, {} changed, {} unchanged{}\n", clean(name),
             grouped(reading.good), reading.good == 1 ? "line" : "lines", grouped(count.added),
             grouped(count.changed), grouped(count.unchanged),
             reading.bad == 0 ? "" : fmt::format("; {} left out", bad_lines(reading.bad)));
  return {};
}

Status import_file(const LedgerOptions& options) {
  if (options.file == "-") return import_from(stdin, "standard input", options);
  const Handle<std::FILE, close_file> file(std::fopen(options.file.c_str(), "rbe"));
  if (!file)
    return fail(Code::permanent, fmt::format("{}: {}", options.file, std::strerror(errno)));
  return import_from(file.get(), options.file, options);
}

}  // namespace

Exit ledger_import(const LedgerOptions& options) {
  const Status done = import_file(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
