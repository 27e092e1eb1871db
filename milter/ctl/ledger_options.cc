// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/ledger_options.h"

#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

Result<std::optional<WallTime>> read_time(std::string_view name, const std::string& text,
                                          WallTime now) {
  if (text.empty()) return std::nullopt;
  const Result<WallTime> time = parse_moment(text, now);
  if (!time) return fail_at(name, time.error());
  return *time;
}

}  // namespace

Result<WallTime> parse_withdrawal(std::string_view text) {
  ICM_TRY(const WallTime time, parse_time(text));
  const bool is_date = text.size() == 10 && text[4] == '-';
  return is_date ? time + std::chrono::hours{24} - std::chrono::milliseconds{1} : time;
}

Result<OpenLedger> open_ledger_of(const LedgerOptions& options, Missing missing) {
  OpenLedger opened;
  ICM_TRY(opened.site, open_site(options));
  ICM_TRY(opened.book,
          open_ledger_book(opened.site.store, missing, lock_deadline(), credentials_directory()));
  return opened;
}

Result<Subscription> read_subscription(const LedgerOptions& options, WallTime now) {
  Subscription subscription{.address = {},
                            .scope = "global",
                            .consented = {},
                            .source = options.source,
                            .withdrawn = {},
                            .engaged = {}};
  if (!options.scope.empty()) {
    ICM_TRY(subscription.scope, suppression_scope(options.scope));
  }
  ICM_TRY(subscription.consented, read_time("consented", options.consented, now));
  ICM_TRY(subscription.engaged, read_time("engaged", options.engaged, now));
  if (const auto day = parse_withdrawal(options.withdrawn)) {
    subscription.withdrawn = *day;
  } else {
    ICM_TRY(subscription.withdrawn, read_time("withdrawn", options.withdrawn, now));
  }
  return subscription;
}

Result<LedgerFilter> read_ledger_filter(const LedgerOptions& options, WallTime now) {
  LedgerFilter filter;
  if (!options.scope.empty()) {
    ICM_TRY(filter.scope, suppression_scope(options.scope));
  }
  if (!options.domain.empty()) {
    ICM_TRY(filter.domain, Domain::parse(options.domain));
  }
  ICM_TRY(filter.inactive, read_time("inactive", options.inactive, now));
  return filter;
}

}  // namespace icm::ctl
