// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl ledger import: a file of subscriptions into the ledger, all or nothing.
#include <cstdio>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/ledger_file.h"
#include "milter/ctl/ledger_options.h"
#include "milter/ctl/record_import.h"

namespace icm::ctl {
namespace {

Result<ImportCount> merge(LedgerImport& job) {
  Progress progress("merging", job.staged());
  return job.commit(lock_deadline(), [&](std::uint64_t done) { progress.at(done); });
}

Status import_from(std::FILE* stream, const std::string& name, const LedgerOptions& options) {
  const WallTime now = now_in_seconds();
  ICM_TRY(const LedgerFormat format, read_ledger_format(options.format));
  ICM_TRY(const Subscription defaults, read_subscription(options, now));
  LedgerFile file(stream, name, format, defaults, "import:" + name_in_source(name));
  ICM_CHECK(file.begin());
  ICM_TRY(const OpenLedger opened, open_ledger_of(options, Missing::refuse));
  ICM_CHECK(opened.site.check_scope(defaults.scope));
  ICM_TRY(const auto job, opened.book->begin_import());
  RecordImport import(
      name, options.skip_bad ? RecordImport::BadLines::leave_out : RecordImport::BadLines::refuse);
  const auto stage = [&](const Subscription& one) -> Status {
    ICM_CHECK(opened.site.check_scope(one.scope));
    return job->stage(one, now);
  };
  const auto check = [&](const Subscription& one) -> Status {
    ICM_CHECK(opened.site.check_scope(one.scope));
    return check_subscription(one, now);
  };
  ICM_CHECK(import.read(file, stage, check));
  ICM_TRY(const ImportCount count, merge(*job));
  fmt::print("{}\n", import.report("line", "lines", count));
  return {};
}

}  // namespace

Exit ledger_import(const LedgerOptions& options) {
  const Status done = import_file(options.file, [&](std::FILE* stream, const std::string& name) {
    return import_from(stream, name, options);
  });
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
