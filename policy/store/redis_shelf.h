// SPDX-License-Identifier: Apache-2.0
//
// RedisShelf: reading and changing what Redis holds of the suppression list, an address at a time.
// What is added to what, and what may be removed, is decided by those who use it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/store/generation.h"
#include "policy/store/redis_entries.h"

namespace icm {

// Where a bucket's log ends, and which list this is.
struct BucketEnd {
  std::string list;
  std::string last;  // the stream's id
  bool operator==(const BucketEnd&) const = default;
};

// What a script is called with, besides the keys of the bucket.
struct BucketCall {
  int bucket = 0;
  std::vector<std::string> arguments;
};

// Safe from any thread.
class RedisShelf {
 public:
  static constexpr std::size_t most_changes = 20000;  // kept in the log of a bucket, about

  // `generation`, where there is one, is raised with every change.
  explicit RedisShelf(const RedisOptions& options, std::shared_ptr<Generation> generation = nullptr)
      : client_(std::make_shared<RedisClient>(options)),
        prefix_(options.prefix),
        hash_key_check_(options.hash_key_check),
        generation_(std::move(generation)) {}

  // Makes the list where there is none; Code::config when it is of another version, or when there
  // is none and it shall not be made. Code::config also, here and wherever entries are read or
  // written, when the list is hashed under another key than the options say.
  [[nodiscard]] Status open(Missing missing, Deadline deadline) const;
  // The same of the ledger of consent, where there is a list.
  [[nodiscard]] Status open_ledger(Missing missing, Deadline deadline) const;

  // A script (redis_scripts.h) on each of these buckets. A list or a ledger that is lost is an
  // Error that helps.
  [[nodiscard]] Result<std::vector<RedisReply>> run_each(
      const RedisScript& script, const std::vector<BucketCall>& calls, Deadline deadline,
      Durability durability = Durability::written) const;

  // What stands at each of the addresses, which are all different.
  [[nodiscard]] Result<std::vector<std::vector<RedisEntry>>> standing(
      const std::vector<std::string>& addresses, Deadline deadline) const;

  // What stood there once, the latest first.
  [[nodiscard]] Result<std::vector<RedisEntry>> past(const std::string& address,
                                                     Deadline deadline) const;

  // Makes the changes, each as a whole and by itself; answers for each whether it was made. It was
  // not when something else stands there meanwhile.
  [[nodiscard]] Result<std::vector<bool>> change(const std::vector<AddressChange>& changes,
                                                 Deadline deadline) const;

  // Writes a deed down and answers with its number. As with all that is changed here, what has been
  // answered is on a replica where a failover may come.
  [[nodiscard]] Result<std::int64_t> record(const Deed& deed, Deadline deadline) const;
  // nullopt: it is not there (any more).
  [[nodiscard]] Result<std::optional<RedisDeed>> deed(std::int64_t number, Deadline deadline) const;
  // As if it had never been: nothing refers to it.
  [[nodiscard]] Status withdraw(std::int64_t number, Deadline deadline) const;
  // In another form, such as with the number of its entries, or without its cause.
  [[nodiscard]] Status write_again(std::int64_t number, const RedisDeed& deed,
                                   Deadline deadline) const;
  // Of all imports, the latest first.
  [[nodiscard]] Result<std::vector<std::int64_t>> imports(Deadline deadline) const;

  // Up to `most` members of a bucket behind `after` (empty: from the start), in order: of what
  // stands, of the history, or of the ledger.
  [[nodiscard]] Result<std::vector<std::string>> page(int bucket, const std::string& after,
                                                      std::size_t most, Deadline deadline) const;
  [[nodiscard]] Result<std::vector<std::string>> past_page(int bucket, const std::string& after,
                                                           std::size_t most,
                                                           Deadline deadline) const;
  [[nodiscard]] Result<std::vector<std::string>> ledger_page(int bucket, const std::string& after,
                                                             std::size_t most,
                                                             Deadline deadline) const;

  // The numbers of all deeds.
  [[nodiscard]] Result<std::vector<std::int64_t>> deeds(Deadline deadline) const;

  // Of all buckets.
  [[nodiscard]] Result<std::vector<BucketEnd>> ends(Deadline deadline) const;

  // The addresses that have changed in these buckets, each behind a place in its log; nullopt when
  // a log does not reach back so far, or holds more than `most`. One question to each server.
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> changed(
      const std::map<int, std::string>& places, std::size_t most, Deadline deadline) const;

  std::string text() const { return client_->text(); }

 private:
  [[nodiscard]] Result<std::vector<std::string>> page_of(const std::string& key,
                                                         const std::string& after, std::size_t most,
                                                         Deadline deadline) const;
  std::vector<RedisCall> calls_of(const std::vector<BucketCall>& calls) const;
  [[nodiscard]] Status find_or_make(const RedisScript& script, std::string_view what,
                                    Missing missing, Deadline deadline) const;

  std::shared_ptr<RedisClient> client_;
  std::string prefix_;
  std::string hash_key_check_;
  std::shared_ptr<Generation> generation_;
};

}  // namespace icm
