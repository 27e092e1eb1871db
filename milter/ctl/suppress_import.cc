// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress import: a file of any size into the list, all of it or nothing.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/suppress_file.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/terminal.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {
namespace {

constexpr std::size_t name_in_source = 100;  // octets; the source of an entry has room for 200

void close_file(std::FILE* file) { std::fclose(file); }

// What has been read of a file so far.
struct Reading {
  std::uint64_t entries = 0;
  std::uint64_t bad = 0;
  Progress progress;
};

// Takes in every entry, and says which lines are bad. When a bad line already keeps the import from
// being done, the rest is only read, so that all bad lines are known after one run.
Status read_entries(EntryFile& file, ImportJob& job, bool skip_bad, Reading& reading) {
  for (;;) {
    Result<std::optional<Suppression>> entry = file.next();
    if (entry && !*entry) return {};
    Status staged;
    if (!entry) {
      staged = tl::make_unexpected(entry.error());
    } else {
      staged = reading.bad == 0 || skip_bad ? job.stage(**entry) : check_entry(**entry);
    }
    if (staged) {
      ++reading.entries;
    } else if (staged.error().code == Code::syntax) {
      ++reading.bad;
      reading.progress.stand_aside();
      complain(fmt::format("{}: {}", file.place(), staged.error().text));
    } else {
      return staged;
    }
    reading.progress.at(reading.entries);
  }
}

Result<ImportCount> merge(ImportJob& job, WallTime now, const std::string& what) {
  Progress progress("merging", job.staged());
  return job.commit(deed_of(Deed::Kind::import, now, what), lock_deadline(),
                    [&](std::uint64_t done) { progress.at(done); });
}

std::string bad_lines(std::uint64_t count) {
  return fmt::format("{} bad {}", grouped(count), count == 1 ? "line" : "lines");
}

Status import_from(std::FILE* stream, const std::string& name, const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  const std::string base = std::filesystem::path(name).filename().string();
  ICM_TRY(const Suppression defaults,
          read_entry(options, now, "import:" + for_log(base, name_in_source)));
  ICM_TRY(const FileFormat format, read_file_format(options.format));
  EntryFile file(stream, name, format, defaults);
  ICM_CHECK(file.begin());
  // Where no line can say otherwise, a mistake on the command line is one mistake, not a million.
  if (file.has_only_addresses()) ICM_CHECK(check_entry(defaults));
  ICM_TRY(const auto book, open_book_of(options, Missing::make));
  ICM_TRY(const auto job, book->begin_import());
  Reading reading{.entries = 0, .bad = 0, .progress = Progress("reading " + base, 0)};
  ICM_CHECK(read_entries(file, *job, options.skip_bad, reading));
  reading.progress.stand_aside();
  if (reading.bad > 0 && !options.skip_bad) {
    return fail(Code::syntax, fmt::format("{}: {}, {} good; nothing was imported. Correct "
                                          "them, or leave them out with --skip-bad",
                                          name, bad_lines(reading.bad), grouped(reading.entries)));
  }
  ICM_TRY(const ImportCount count, merge(*job, now, for_log(base, name_in_source)));
  fmt::print("{}: {} entries: {} added, {} changed, {} unchanged{}{}\n", clean(name),
             grouped(reading.entries), grouped(count.added), grouped(count.changed),
             grouped(count.unchanged),
             reading.bad == 0 ? "" : fmt::format("; {} left out", bad_lines(reading.bad)),
             count.import == 0 ? "" : fmt::format("; import {}", count.import));
  return {};
}

Status import_file(const SuppressOptions& options) {
  if (options.file == "-") return import_from(stdin, "standard input", options);
  const Handle<std::FILE, close_file> file(std::fopen(options.file.c_str(), "rbe"));
  if (!file)
    return fail(Code::permanent, fmt::format("{}: {}", options.file, std::strerror(errno)));
  return import_from(file.get(), options.file, options);
}

}  // namespace

Exit suppress_import(const SuppressOptions& options) {
  const Status done = import_file(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
