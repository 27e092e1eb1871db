// SPDX-License-Identifier: Apache-2.0
//
// What stands on the command line of icloud-milterctl ledger, and what it means.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/store_options.h"
#include "policy/store/ledger.h"

namespace icm::ctl {

// As the command line has it; empty is "not given".
struct LedgerOptions : StoreOptions {
  std::vector<std::string> addresses;
  std::string file;
  std::string format;
  std::string scope;
  std::string consented;
  std::string source;
  std::string withdrawn;
  std::string engaged;
  std::string domain;
  std::string inactive;
  bool skip_bad = false;
  bool json = false;
  bool dry_run = false;
};

// One function for each word behind `ledger`.
Exit ledger_add(const LedgerOptions& options);
Exit ledger_remove(const LedgerOptions& options);
Exit ledger_show(const LedgerOptions& options);
Exit ledger_import(const LedgerOptions& options);
Exit ledger_export(const LedgerOptions& options);
Exit ledger_reopen(const LedgerOptions& options);

// The ledger, and the site that it is of.
struct OpenLedger {
  std::unique_ptr<LedgerBook> book;
  StoreSite site{};
};
[[nodiscard]] Result<OpenLedger> open_ledger_of(const LedgerOptions& options, Missing missing);

// A subscription without an address, from --scope, --consented, --source, --withdrawn and
// --engaged; scope global unless given.
[[nodiscard]] Result<Subscription> read_subscription(const LedgerOptions& options, WallTime now);

[[nodiscard]] Result<LedgerFilter> read_ledger_filter(const LedgerOptions& options, WallTime now);

// A time as parse_time reads it, of which a bare date means the end of that day: whoever withdrew
// a consent on some day did so after all that was sent or said on it.
[[nodiscard]] Result<WallTime> parse_withdrawal(std::string_view text);

}  // namespace icm::ctl
