// SPDX-License-Identifier: Apache-2.0
//
// The stores that the configuration names. Nobody else chooses by their kind.
#pragma once

#include <memory>

#include "policy/config/config.h"
#include "policy/store/address_forms.h"
#include "policy/store/address_hashing.h"
#include "policy/store/backoff.h"
#include "policy/store/ledger.h"
#include "policy/store/rate_limiter.h"
#include "policy/store/redis_topology.h"
#include "policy/store/snapshot_list.h"
#include "policy/store/store.h"
#include "policy/store/suppression_book.h"

namespace icm {

// Brings a store that an earlier release made up to date, where there is one, and tells what an
// operator should know of it: nothing in most cases. The calls below would do it, too, but tell
// nobody.
[[nodiscard]] Result<Notices> prepare_store(const StoreConfig& config, Deadline deadline);

// What the call above would change, a sentence; changes nothing. Until that is done, opening the
// store in any other way does it, too.
[[nodiscard]] Result<Notices> review_store(const StoreConfig& config, Deadline deadline);

// Whether a store of kind sqlite is not there, and nothing that stays beside one either: then a
// host has none yet. A list in Redis is never made but by make_store(): a server that was emptied
// is no first start, whichever host asks.
bool is_first_start(const StoreConfig& config);

// What was made; false: all of it was there.
struct MadeStore {
  bool list = false;
  bool ledger = false;  // alone where the list is of a release that had none
  operator bool() const { return list || ledger; }
};

// Makes an empty store where there is none. For a first start, and for who was told to: with an
// empty list, mail to everybody goes out.
[[nodiscard]] Result<MadeStore> make_store(const StoreConfig& config, Deadline deadline,
                                           const std::string& credentials_directory = {});

// For judging mail. Code::config says what an administrator must change, which a list that is
// hashed under another key than store.hash_key_file is (also below), Code::temporary that the store
// was not to be had until `deadline`. `credentials_directory` is systemd's CREDENTIALS_DIRECTORY,
// empty when there is none.
[[nodiscard]] Result<std::unique_ptr<SuppressionList>> open_list(
    const StoreConfig& config, Missing missing, Deadline deadline,
    const std::string& credentials_directory = {});

// Without entries: what a store that is yet to be made would answer.
std::unique_ptr<SuppressionList> empty_list();

// What to do when the store cannot be opened.
enum class StandIn {
  none,     // an Error
  allowed,  // go on with the snapshot in the file until it can, where store.while_away says so
};

// The list with a snapshot in memory, for whoever judges one message after the other; to be begun.
// The store must be there.
[[nodiscard]] Result<std::shared_ptr<SnapshotSuppressionList>> open_snapshot_list(
    const StoreConfig& config, Deadline deadline, const std::string& credentials_directory = {},
    StandIn stand_in = StandIn::none);

// For keeping the list. Each call of the book returns by `deadline` until it is told another one.
[[nodiscard]] Result<std::unique_ptr<SuppressionBook>> open_book(
    const StoreConfig& config, Missing missing, Deadline deadline,
    const std::string& credentials_directory = {});

// How the store keeps addresses, with the key in store.hash_key_file. Code::config says what is
// wrong with the file.
[[nodiscard]] Result<AddressForms> address_forms(const StoreConfig& config,
                                                 const std::string& credentials_directory = {});

// What the store knows of that key; nullptr where it keeps addresses as they are.
[[nodiscard]] Result<std::unique_ptr<AddressHashing>> open_hashing(
    const StoreConfig& config, const std::string& credentials_directory = {});

// Pauses and slowdowns: of this host, or of the fleet.
[[nodiscard]] Result<std::unique_ptr<BackoffBook>> open_backoffs(
    const StoreConfig& config, const std::string& credentials_directory = {});

// The counters that hosts share; nullptr where each host has its own. Asks no server yet.
[[nodiscard]] Result<std::unique_ptr<RateLimiter>> open_shared_limiter(
    const StoreConfig& config, const std::string& credentials_directory = {});

// The servers of kind redis, with what is in the files of user and password.
[[nodiscard]] Result<RedisOptions> redis_options(const RedisConfig& config,
                                                 const std::string& credentials_directory);

// What the files of user and password hold now: who keeps a store open over a reload has to open it
// anew when it has changed. Empty with kind sqlite.
[[nodiscard]] Result<RedisLogin> store_login(const StoreConfig& config,
                                             const std::string& credentials_directory);

// Where the store is, in a line for people.
std::string store_place(const StoreConfig& config);

// The ledger of consent and activity, for judging mail and for keeping it. Where it may stand in,
// a ledger that cannot be opened is opened by the lookups, each of which is an Error until then.
bool asks_ledger(const Config& config);  // whether a policy needs it
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_ledger(
    const StoreConfig& config, Deadline deadline, const std::string& credentials_directory = {},
    StandIn stand_in = StandIn::none);
[[nodiscard]] Result<std::unique_ptr<LedgerBook>> open_ledger_book(
    const StoreConfig& config, Missing missing, Deadline deadline,
    const std::string& credentials_directory = {});

}  // namespace icm
