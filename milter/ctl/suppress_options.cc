// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_options.h"

#include <array>
#include <fstream>

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

// An import of ten million entries by somebody else is over by then.
constexpr std::chrono::minutes patience{2};

// The user who logged in, also behind sudo and su: the kernel's audit login id, else the user id.
uid_t login_id() {
  constexpr uid_t unset = static_cast<uid_t>(-1);
  uid_t id = unset;
  std::ifstream file("/proc/self/loginuid");
  return file >> id && id != unset ? id : getuid();
}

std::string login_name() {
  const uid_t id = login_id();
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(id, &entry, space.data(), space.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return fmt::format("uid {}", id);
}

std::string reason_names() {
  std::string names;
  for (const SuppressionReason reason : all_suppression_reasons) {
    if (!names.empty()) names += ", ";
    names += to_string(reason);
  }
  return names;
}

}  // namespace

WallTime now_in_seconds() { return std::chrono::floor<std::chrono::seconds>(SystemClock().now()); }

Deadline lock_deadline() { return Deadline::in(patience); }

void add_place(CLI::App& command, SuppressOptions& options) {
  auto* store = command.add_option("--store", options.store,
                                   "The store. Default: store.path of the configuration.");
  store->option_text("FILE");
  command.add_option("--config", options.config, std::string(config_option_help))
      ->option_text("FILE")
      ->excludes(store);
}

Result<StoreConfig> store_of(const SuppressOptions& options) {
  StoreConfig store;
  if (!options.store.empty()) {
    store.path = options.store;
    return store;
  }
  ICM_TRY(Config config, load_configuration(options.config));
  return std::move(config.store);
}

Result<OpenBook> open_book_of(const SuppressOptions& options, Missing missing) {
  StoreConfig store;
  OpenBook opened;
  if (options.store.empty()) {
    ICM_TRY(const Config config, load_configuration(options.config));
    store = config.store;
    opened.siblings = config.suppression.siblings;
    opened.streams.emplace();
    for (const StreamConfig& stream : config.streams) opened.streams->push_back(stream.name);
  } else {
    store.path = options.store;
  }
  ICM_TRY(const Notices notices, prepare_store(store, lock_deadline()));
  for (const std::string& notice : notices) complain(notice);
  ICM_TRY(opened.forms, address_forms(store, credentials_directory()));
  ICM_TRY(opened.book, open_book(store, missing, lock_deadline(), credentials_directory()));
  return opened;
}

Status check_stream(const OpenBook& opened, std::string_view scope) {
  constexpr std::string_view prefix = "stream:";
  if (!opened.streams || !scope.starts_with(prefix)) return {};
  std::string names;
  for (const std::string& name : *opened.streams) {
    if (name == scope.substr(prefix.size())) return {};
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(Code::syntax,
              fmt::format("scope: expected a stream of the configuration ({}), found \"{}\"",
                          names.empty() ? "it has none" : names, for_log(scope)));
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

Result<std::vector<Mailbox>> read_addresses(const std::vector<std::string>& texts) {
  std::vector<Mailbox> mailboxes;
  for (const std::string& text : texts) {
    ICM_TRY(Mailbox mailbox, Mailbox::parse(text));
    mailboxes.push_back(std::move(mailbox));
  }
  return mailboxes;
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

Deed deed_of(Deed::Kind kind, WallTime now, std::string why) {
  return {.kind = kind, .who = login_name(), .at = now, .why = std::move(why)};
}

Exit complain_about(const Error& error) {
  return complain(error.text, error.code == Code::syntax ? Exit::usage : Exit::refused);
}

}  // namespace icm::ctl
