// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress import: a file of any size into the list, all of it or nothing.
#include <cstdio>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/record_import.h"
#include "milter/ctl/suppress_file.h"
#include "milter/ctl/suppress_options.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {
namespace {

// Why an address is on the list is said once: by the list, or on the command line.
Status check_reason(const EntryFile& file, const std::string& name,
                    const SuppressOptions& options) {
  switch (file.reasons()) {
    case EntryFile::Reasons::always:
      if (options.reason.empty()) return {};
      return fail(
          Code::syntax,
          fmt::format("{}: expected no --reason, since each line of this list says its own", name));
    case EntryFile::Reasons::never:
      if (!options.reason.empty()) return {};
      return fail(
          Code::syntax,
          fmt::format("{}: expected --reason, since these columns do not say why an "
                      "address is there: lists of unsubscribed addresses (--reason "
                      "unsubscribe) and of spam reports (--reason complaint) have the same, "
                      "at SendGrid and at Mailgun",
                      name));
    case EntryFile::Reasons::as_it_may_be:
      return {};
  }
  return {};
}

Result<ImportCount> merge(ImportJob& job, WallTime now, const std::string& what) {
  Progress progress("merging", job.staged());
  return job.commit(deed_of(Deed::Kind::import, now, what), lock_deadline(),
                    [&](std::uint64_t done) { progress.at(done); });
}

Status import_from(std::FILE* stream, const std::string& name, const SuppressOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const Suppression defaults, read_entry(options, now, "import:" + name_in_source(name)));
  ICM_TRY(const FileFormat format, read_file_format(options.format));
  ICM_TRY(const std::optional<AddressHash> hashed, read_hashed(options));
  EntryFile file(stream, name, format, defaults, hashed);
  ICM_CHECK(file.begin());
  ICM_CHECK(check_reason(file, name, options));
  // Where no line can say otherwise, a mistake on the command line is one mistake, not a million.
  if (file.has_only_addresses()) ICM_CHECK(check_given(defaults));
  ICM_TRY(const OpenBook opened, open_book_of(options, Missing::refuse));
  ICM_CHECK(opened.site.check_scope(defaults.scope));
  ICM_TRY(const auto job, opened.book->begin_import());
  RecordImport import(
      name, options.skip_bad ? RecordImport::BadLines::leave_out : RecordImport::BadLines::refuse);
  const auto stage = [&](const Suppression& entry) -> Status {
    ICM_CHECK(opened.site.check_scope(entry.scope));
    return job->stage(entry);
  };
  const auto check = [&](const Suppression& entry) -> Status {
    ICM_CHECK(opened.site.check_scope(entry.scope));
    return check_entry(entry);
  };
  ICM_CHECK(import.read(file, stage, check));
  ICM_TRY(const ImportCount count, merge(*job, now, name_in_source(name)));
  fmt::print("{}{}\n", import.report("entry", "entries", count),
             count.import == 0 ? "" : fmt::format("; import {}", count.import));
  return {};
}

}  // namespace

Exit suppress_import(const SuppressOptions& options) {
  const Status done = import_file(options.file, [&](std::FILE* stream, const std::string& name) {
    return import_from(stream, name, options);
  });
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
