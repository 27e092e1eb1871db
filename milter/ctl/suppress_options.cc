// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_options.h"

#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

std::string reason_names() {
  std::string names;
  for (const SuppressionReason reason : all_suppression_reasons) {
    if (!names.empty()) names += ", ";
    names += to_string(reason);
  }
  return names;
}

}  // namespace

Result<OpenBook> open_book_of(const SuppressOptions& options, Missing missing) {
  OpenBook opened;
  ICM_TRY(opened.site, open_site(options));
  const StoreConfig& store = opened.site.store;
  ICM_TRY(opened.forms, address_forms(store, credentials_directory()));
  ICM_TRY(opened.book, open_book(store, missing, lock_deadline(), credentials_directory()));
  return opened;
}

Result<std::optional<AddressHash>> read_hashed(const SuppressOptions& options) {
  if (options.hashed.empty()) return std::optional<AddressHash>();
  const std::optional<AddressHash> hash = address_hash(options.hashed);
  if (hash) return hash;
  return fail(Code::syntax,
              fmt::format("hashed: expected sha256 or md5, found \"{}\"", for_log(options.hashed)));
}

Result<SuppressionReason> read_reason(std::string_view text) {
  const std::optional<SuppressionReason> reason = suppression_reason(text);
  if (reason) return *reason;
  return fail(Code::syntax, fmt::format("reason: expected one of {}; found \"{}\"", reason_names(),
                                        for_log(text)));
}

Result<WallTime> read_expiry(std::string_view text, WallTime now) {
  Result<WallTime> time = parse_time(text);
  if (!time) {
    if (const auto span = parse_span(text)) time = now + *span;
  }
  if (!time) {
    return fail(
        Code::syntax,
        fmt::format("expires: expected a time such as 2026-12-31 or 2026-12-31T08:00:00Z, or "
                    "a span from now such as 30d; found \"{}\"",
                    for_log(text)));
  }
  return *time;
}

Result<Suppression> read_entry(const SuppressOptions& options, WallTime now,
                               std::string_view default_source) {
  Suppression entry;
  entry.scope = "global";
  entry.source = options.source.empty() ? std::string(default_source) : options.source;
  entry.note = options.note;
  entry.created = now;
  if (!options.reason.empty()) {
    ICM_TRY(entry.reason, read_reason(options.reason));
  }
  if (!options.scope.empty()) {
    ICM_TRY(entry.scope, suppression_scope(options.scope));
  }
  if (!options.expires.empty()) {
    ICM_TRY(entry.expires, read_expiry(options.expires, now));
    if (*entry.expires <= now) {
      return fail(Code::syntax, fmt::format("expires: expected a time to come, found {}",
                                            to_rfc3339(*entry.expires)));
    }
  }
  return entry;
}

Status check_given(const Suppression& entry) {
  const Status checked = check_entry(entry);
  if (checked || entry.reason != SuppressionReason::suspended || entry.expires) return checked;
  return fail(checked.error().code, checked.error().text + "; write --expires 30d");
}

Result<RecordFilter> read_filter(const SuppressOptions& options, WallTime now) {
  RecordFilter filter;
  if (options.expired) filter.expiry = RecordFilter::Expiry::expired;
  if (!options.reason.empty()) {
    ICM_TRY(filter.reason, read_reason(options.reason));
  }
  if (!options.scope.empty()) {
    ICM_TRY(filter.scope, suppression_scope(options.scope));
  }
  if (!options.domain.empty()) {
    ICM_TRY(filter.domain, Domain::parse(options.domain));
  }
  if (!options.since.empty()) {
    const Result<WallTime> since = parse_moment(options.since, now);
    if (!since) return fail_at("since", since.error());
    filter.since = *since;
  }
  return filter;
}

}  // namespace icm::ctl
