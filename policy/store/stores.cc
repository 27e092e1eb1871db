// SPDX-License-Identifier: Apache-2.0
#include "policy/store/stores.h"

#include <filesystem>
#include <system_error>

#include "policy/auth/sealing_keys.h"
#include "policy/auth/secret_file.h"
#include "policy/base/text.h"
#include "policy/store/form_book.h"
#include "policy/store/form_ledger_book.h"
#include "policy/store/generation.h"
#include "policy/store/hash_key_mark.h"
#include "policy/store/keyed_source.h"
#include "policy/store/late_ledger.h"
#include "policy/store/redis_backoff.h"
#include "policy/store/redis_book.h"
#include "policy/store/redis_hashing.h"
#include "policy/store/redis_ledger.h"
#include "policy/store/redis_ledger_book.h"
#include "policy/store/redis_list.h"
#include "policy/store/redis_rate_limiter.h"
#include "policy/store/redis_source.h"
#include "policy/store/sqlite_backoff.h"
#include "policy/store/sqlite_book.h"
#include "policy/store/sqlite_hashing.h"
#include "policy/store/sqlite_ledger.h"
#include "policy/store/sqlite_ledger_book.h"
#include "policy/store/sqlite_source.h"
#include "policy/store/sqlite_store.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

constexpr SecretKind login_kind{.content = "a user name or password on one line",
                                .most_octets = 1024,
                                .how_to_make = "write it there, and nothing else"};

// The only line of the file.
Result<std::string> secret_line(const std::string& file, const std::string& credentials_directory) {
  if (file.empty()) return std::string();
  ICM_TRY(const std::string path, key_path(file, credentials_directory));
  const bool is_credential = file.starts_with("credential:");
  ICM_TRY(const SecretText secret,
          read_secret(path, is_credential ? KeyGuard::credential : KeyGuard::mode, login_kind));
  std::string_view line = secret.text;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (!line.empty() && line.find('\n') == std::string_view::npos) return std::string(line);
  return fail(Code::config, fmt::format("{}: expected {}, found {}", path, login_kind.content,
                                        line.empty() ? "nothing" : "several lines"));
}

RedisOptions::Mode mode_of(RedisMode mode) {
  switch (mode) {
    case RedisMode::single:
      break;
    case RedisMode::sentinel:
      return RedisOptions::Mode::sentinel;
    case RedisMode::cluster:
      return RedisOptions::Mode::cluster;
  }
  return RedisOptions::Mode::single;
}

// The servers, and which key the list is hashed under.
Result<RedisOptions> options_of_list(const StoreConfig& config,
                                     const std::string& credentials_directory,
                                     const AddressForms& forms) {
  ICM_TRY(RedisOptions options, redis_options(config.redis, credentials_directory));
  options.hash_key_check = forms.check_value();
  return options;
}

Status check_key_of_store(const StoreConfig& config, Deadline deadline, const AddressForms& forms) {
  ICM_TRY(Database database,
          open_store(config.path, Database::Access::read, Missing::refuse, deadline));
  return check_hash_key(database, forms);
}

Result<std::unique_ptr<SuppressionSource>> make_source(const StoreConfig& config,
                                                       const std::string& credentials_directory,
                                                       const AddressForms& forms) {
  std::unique_ptr<SuppressionSource> source;
  if (config.kind == StoreKind::redis) {
    ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
    ICM_TRY(source, RedisSource::make(options, config.path));
  } else {
    ICM_TRY(source, SqliteSource::open(config.path));
  }
  if (!forms.is_keyed()) return source;
  return std::make_unique<KeyedSource>(std::move(source), forms);
}

// So that the daemon of this host sees at once what is written here; without it, with its next look
// at the server.
std::shared_ptr<Generation> generation_of(const StoreConfig& config) {
  auto generation = Generation::open(config.path);
  return generation ? std::make_shared<Generation>(*std::move(generation)) : nullptr;
}

Result<std::unique_ptr<AddressHashing>> hashing_of(const StoreConfig& config,
                                                   const std::string& credentials_directory,
                                                   const AddressForms& forms) {
  std::unique_ptr<AddressHashing> hashing;
  if (!forms.is_keyed()) return hashing;
  if (config.kind == StoreKind::redis) {
    ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
    hashing = std::make_unique<RedisHashing>(options, forms, generation_of(config));
  } else {
    hashing = std::make_unique<SqliteHashing>(config.path, forms);
  }
  return hashing;
}

std::string snapshot_file(const StoreConfig& config) {
  return config.snapshot.empty() ? config.path + "-snapshot" : config.snapshot;
}

// An empty file is no store yet.
bool is_file_with_store(const StoreConfig& config) {
  if (config.kind != StoreKind::sqlite) return false;
  std::error_code unknown;
  const auto status = std::filesystem::status(config.path, unknown);
  return std::filesystem::is_regular_file(status) &&
         std::filesystem::file_size(config.path, unknown) > 0 && !unknown;
}

class EmptySuppressionList final : public SuppressionList {
 public:
  Result<std::vector<Suppression>> find(const Mailbox&, const std::vector<std::string>&, bool,
                                        WallTime, Deadline) const override {
    return std::vector<Suppression>{};
  }
};

}  // namespace

Result<Notices> review_store(const StoreConfig& config, Deadline deadline) {
  Notices notices;
  if (!is_file_with_store(config)) return notices;
  ICM_TRY(const auto version, outdated_version(config.path, deadline));
  if (version) {
    notices.push_back(
        fmt::format("{}: the store is of version {}; the daemon brings it to version "
                    "{} when it is started, and keeps it as it was beside it",
                    config.path, *version, store_version()));
  }
  return notices;
}

Result<Notices> prepare_store(const StoreConfig& config, Deadline deadline) {
  Notices notices;
  if (!is_file_with_store(config)) return notices;
  ICM_CHECK(open_store(config.path, Database::Access::read, Missing::refuse, deadline, &notices));
  return notices;
}

Result<RedisOptions> redis_options(const RedisConfig& config,
                                   const std::string& credentials_directory) {
  if (config.servers.empty()) {
    return fail(Code::config, "store.redis.servers: expected at least one server, found none");
  }
  RedisOptions options;
  options.mode = mode_of(config.mode);
  options.servers = config.servers;
  options.master_name = config.master_name;
  ICM_TRY(options.login.user, secret_line(config.user_file, credentials_directory));
  ICM_TRY(options.login.password, secret_line(config.password_file, credentials_directory));
  options.prefix = config.prefix;
  options.timeout = config.timeout;
  return options;
}

Result<RedisLogin> store_login(const StoreConfig& config,
                               const std::string& credentials_directory) {
  if (config.kind != StoreKind::redis) return RedisLogin{};
  ICM_TRY(RedisOptions options, redis_options(config.redis, credentials_directory));
  return std::move(options.login);
}

bool is_first_start(const StoreConfig& config) {
  if (config.kind != StoreKind::sqlite) return false;
  return is_never_made(config.path) && is_absent(snapshot_file(config));
}

Result<MadeStore> make_store(const StoreConfig& config, Deadline deadline,
                             const std::string& credentials_directory) {
  const auto is_there = [](const auto& opened) -> Result<bool> {
    // Whether there is one, what did not answer does not tell.
    if (!opened && opened.error().code != Code::config) return tl::make_unexpected(opened.error());
    return opened.has_value();
  };
  ICM_TRY(const bool has_list,
          is_there(open_book(config, Missing::refuse, deadline, credentials_directory)));
  if (!has_list) ICM_CHECK(open_book(config, Missing::make, deadline, credentials_directory));
  // In a file both are one.
  ICM_TRY(const bool has_ledger,
          is_there(open_ledger_book(config, Missing::refuse, deadline, credentials_directory)));
  if (!has_ledger) {
    ICM_CHECK(open_ledger_book(config, Missing::make, deadline, credentials_directory));
  }
  return MadeStore{.list = !has_list, .ledger = !has_ledger};
}

Result<std::unique_ptr<SuppressionList>> open_list(const StoreConfig& config, Missing missing,
                                                   Deadline deadline,
                                                   const std::string& credentials_directory) {
  ICM_TRY(AddressForms forms, address_forms(config, credentials_directory));
  if (config.kind == StoreKind::redis) {
    ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
    return RedisSuppressionList::open(options, missing, deadline, std::move(forms));
  }
  ICM_TRY(auto list, SqliteSuppressionList::open(config.path, missing, deadline, std::move(forms)));
  return list;
}

std::unique_ptr<SuppressionList> empty_list() { return std::make_unique<EmptySuppressionList>(); }

Result<std::shared_ptr<SnapshotSuppressionList>> open_snapshot_list(
    const StoreConfig& config, Deadline deadline, const std::string& credentials_directory,
    StandIn stand_in) {
  const auto open = [=](Deadline until) {
    return open_list(config, Missing::refuse, until, credentials_directory);
  };
  const bool last_known = config.while_away == WhileAway::snapshot;
  auto list = open(deadline);
  const bool is_away = !list && !is_other_hash_key(list.error());
  const bool stands_in = is_away && stand_in == StandIn::allowed && last_known;
  if (!list && !stands_in) return tl::make_unexpected(list.error());
  ICM_TRY(const AddressForms forms, address_forms(config, credentials_directory));
  ICM_TRY(auto source, make_source(config, credentials_directory, forms));
  auto opened = std::make_shared<SnapshotSuppressionList>(
      SnapshotKeeper::Means{.source = std::move(source),
                            .list = list ? *std::move(list) : nullptr,
                            .open_list = open,
                            .file = snapshot_file(config),
                            .meanwhile = {},
                            .forms = forms},
      last_known ? SnapshotSuppressionList::WhileAway::last_known
                 : SnapshotSuppressionList::WhileAway::error);
  if (stands_in) ICM_CHECK(opened->stand_in(list.error()));
  return opened;
}

Result<std::unique_ptr<SuppressionBook>> open_book(const StoreConfig& config, Missing missing,
                                                   Deadline deadline,
                                                   const std::string& credentials_directory) {
  ICM_TRY(const AddressForms forms, address_forms(config, credentials_directory));
  std::unique_ptr<SuppressionBook> book;
  if (config.kind == StoreKind::redis) {
    ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
    ICM_TRY(book, RedisSuppressionBook::open(options, missing, deadline, generation_of(config)));
  } else {
    ICM_TRY(book, SqliteSuppressionBook::open(config.path, missing, deadline));
    ICM_CHECK(check_key_of_store(config, deadline, forms));
  }
  ICM_TRY(auto hashing, hashing_of(config, credentials_directory, forms));
  return std::make_unique<FormBook>(std::move(book), forms, std::move(hashing), deadline);
}

Result<AddressForms> address_forms(const StoreConfig& config,
                                   const std::string& credentials_directory) {
  constexpr std::string_view option = "store.hash_key_file";
  const std::string& file = config.hash_key_file;
  if (file.empty()) return AddressForms();
  const bool is_credential = file.starts_with("credential:");
  const auto path = key_path(file, credentials_directory);
  if (!path) return fail_at(option, path.error());
  const auto keys = read_secret_keys(*path, is_credential ? KeyGuard::credential : KeyGuard::mode);
  if (!keys) return fail_at(option, keys.error());
  if (keys->size() == 1) return AddressForms(keys->front());
  return fail(Code::config,
              fmt::format("{}: {}: expected one key, found {}: what is hashed under one cannot be "
                          "brought under another",
                          option, *path, keys->size()));
}

Result<std::unique_ptr<AddressHashing>> open_hashing(const StoreConfig& config,
                                                     const std::string& credentials_directory) {
  ICM_TRY(const AddressForms forms, address_forms(config, credentials_directory));
  return hashing_of(config, credentials_directory, forms);
}

Result<std::unique_ptr<BackoffBook>> open_backoffs(const StoreConfig& config,
                                                   const std::string& credentials_directory) {
  if (config.kind == StoreKind::sqlite) return std::make_unique<SqliteBackoffBook>(config.path);
  ICM_TRY(const RedisOptions options, redis_options(config.redis, credentials_directory));
  return std::make_unique<RedisBackoffBook>(std::make_shared<RedisClient>(options), options.prefix);
}

Result<std::unique_ptr<RateLimiter>> open_shared_limiter(const StoreConfig& config,
                                                         const std::string& credentials_directory) {
  if (config.kind == StoreKind::sqlite) return nullptr;
  ICM_TRY(const RedisOptions options, redis_options(config.redis, credentials_directory));
  return std::make_unique<RedisRateLimiter>(std::make_shared<RedisClient>(options), options.prefix);
}

std::string store_place(const StoreConfig& config) {
  if (config.kind == StoreKind::sqlite) return config.path;
  std::string servers;
  for (const RedisAddress& server : config.redis.servers) {
    servers += fmt::format("{}{}", servers.empty() ? "" : ", ", server.text());
  }
  switch (config.redis.mode) {
    case RedisMode::single:
      break;
    case RedisMode::sentinel:
      return fmt::format("redis, {} by Sentinels {}", config.redis.master_name, servers);
    case RedisMode::cluster:
      return fmt::format("redis, cluster of {}", servers);
  }
  return fmt::format("redis, {}", servers);
}

bool asks_ledger(const Config& config) {
  return config.consent.mode != Mode::off || config.inactive.mode != Mode::off;
}

Result<std::unique_ptr<Ledger>> open_ledger(const StoreConfig& config, Deadline deadline,
                                            const std::string& credentials_directory,
                                            StandIn stand_in) {
  const auto open = [=](Deadline until) -> Result<std::unique_ptr<Ledger>> {
    ICM_TRY(AddressForms forms, address_forms(config, credentials_directory));
    if (config.kind == StoreKind::redis) {
      ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
      return RedisLedger::open(options, until, std::move(forms));
    }
    ICM_TRY(auto ledger, SqliteLedger::open(config.path, until, std::move(forms)));
    return ledger;
  };
  auto opened = open(deadline);
  if (opened || stand_in == StandIn::none) return opened;
  return std::make_unique<LateLedger>(open);
}

Result<std::unique_ptr<LedgerBook>> open_ledger_book(const StoreConfig& config, Missing missing,
                                                     Deadline deadline,
                                                     const std::string& credentials_directory) {
  ICM_TRY(const AddressForms forms, address_forms(config, credentials_directory));
  std::unique_ptr<LedgerBook> book;
  if (config.kind == StoreKind::redis) {
    ICM_TRY(const RedisOptions options, options_of_list(config, credentials_directory, forms));
    ICM_TRY(book, RedisLedgerBook::open(options, missing, deadline));
  } else {
    ICM_TRY(book, SqliteLedgerBook::open(config.path, missing, deadline));
    ICM_CHECK(check_key_of_store(config, deadline, forms));
  }
  if (!forms.is_keyed()) return book;
  ICM_TRY(auto hashing, hashing_of(config, credentials_directory, forms));
  return std::make_unique<FormLedgerBook>(std::move(book), forms, std::move(hashing), deadline);
}

}  // namespace icm
