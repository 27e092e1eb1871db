// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress hash: a store that had addresses has hashes of them.
#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/terminal.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

Status hash(const SuppressOptions& options) {
  ICM_TRY(const Config config, load_configuration(options.config));
  const StoreConfig& store = config.store;
  ICM_TRY(const auto hashing, open_hashing(store, credentials_directory()));
  if (hashing == nullptr) {
    return fail(
        Code::config,
        "store.hash_key_file: expected a file with the key to hash under (openssl rand -hex "
        "32), found none");
  }
  ICM_TRY(const std::uint64_t unhashed, hashing->unhashed(lock_deadline()));
  if (unhashed > 0 && store.kind == StoreKind::redis && !options.without_backup) {
    return fail(Code::syntax,
                "expected --without-backup: of Redis no backup is made here, and what is hashed "
                "cannot be turned back; see to a backup of the server first");
  }
  if (unhashed == 0) {
    ICM_CHECK(hashing->keep_key(lock_deadline()));
    fmt::print("{}: has no address that is not hashed\n", clean(store_place(store)));
    return {};
  }
  Progress progress("hashing", unhashed);
  ICM_TRY(const HashingReport report,
          hashing->hash(deed_of(Deed::Kind::hash, now_in_seconds()), lock_deadline(),
                        [&](std::uint64_t done) { progress.at(done); }));
  fmt::print("{}: {} {} hashed\n", clean(store_place(store)), grouped(report.hashed),
             report.hashed == 1 ? "entry" : "entries");
  if (!report.backup.empty()) {
    fmt::print("{}: the store as it was, with its addresses; delete it when all is well\n",
               clean(report.backup));
  }
  return {};
}

}  // namespace

Exit suppress_hash(const SuppressOptions& options) {
  const Status done = hash(options);
  return done ? Exit::done : complain_about(done.error());
}

}  // namespace icm::ctl
