// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_hashing.h"

#include <set>
#include <vector>

#include <fmt/format.h>

#include "policy/store/redis_scripts.h"

namespace icm {
namespace {

constexpr std::chrono::seconds patience{30};  // for one address
constexpr int most_attempts = 100;            // while others change the same address
constexpr std::size_t page = 1000;
constexpr std::uint64_t report_every = 1000;

const RedisScript keep_hash_key(
    ICM_FIND_MARK
    "if not key then redis.call('ZADD', KEYS[1], 0, '\\1h' .. ARGV[#ARGV]) end\n"
    "return 1\n");

// What stands, stood once, or is in the ledger, whose address is not hashed under a key.
const RedisScript count_unhashed(
    ICM_FIND_MARK
    "local count = 0\n"
    "for _, name in ipairs({KEYS[1], KEYS[2], KEYS[4]}) do\n"
    "  count = count + redis.call('ZLEXCOUNT', name, '[\\2', '(hmac:')\n"
    "    + redis.call('ZLEXCOUNT', name, '[hmac;', '+')\n"
    "end\n"
    "return count\n");

const RedisScript forget_log(ICM_FIND_MARK
                             "redis.call('XADD', KEYS[3], '*', 'a', '')\n"
                             "redis.call('XTRIM', KEYS[3], 'MAXLEN', 1)\n"
                             "return 1\n");

// The addresses on a page of members that are not hashed under a key.
std::set<std::string> unhashed_on(const std::vector<std::string>& members) {
  std::set<std::string> addresses;
  for (const std::string& member : members) {
    std::string address = member.substr(0, member.find('\0'));
    if (!is_keyed(form_of(address))) addresses.insert(std::move(address));
  }
  return addresses;
}

}  // namespace

Result<std::vector<RedisReply>> RedisHashing::run_everywhere(const RedisScript& script,
                                                             Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (int bucket = 0; bucket < redis_buckets; ++bucket) calls.push_back({bucket, {}});
  return shelf_.run_each(script, calls, deadline, Durability::replicated);
}

Status RedisHashing::keep_key(Deadline deadline) {
  ICM_CHECK(run_everywhere(keep_hash_key, deadline));
  return {};
}

Result<std::uint64_t> RedisHashing::unhashed(Deadline deadline) {
  ICM_TRY(const std::vector<RedisReply> replies, run_everywhere(count_unhashed, deadline));
  std::uint64_t count = 0;
  for (const RedisReply& reply : replies) count += static_cast<std::uint64_t>(reply.number);
  return count;
}

// Which addresses changed last is forgotten, too: whoever follows reads all of the list again.
Status RedisHashing::forget_changes(Deadline deadline) {
  ICM_CHECK(run_everywhere(forget_log, deadline));
  if (generation_ != nullptr) generation_->raise();
  return {};
}

Result<std::uint64_t> RedisHashing::hash_address(const std::string& address, WallTime now) {
  const std::string hashed = forms_.stored(address);
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const Deadline deadline = Deadline::in(patience);
    ICM_TRY(const auto standing, shelf_.standing({address, hashed}, deadline));
    ICM_TRY(const std::vector<Version> past, shelf_.past(address, deadline));
    AddressChange change = AddressChange::of(hashed, standing[1]);
    for (Version version : standing[0]) {
      version.entry = as_stored(forms_, version.entry);
      move_version(change, std::move(version), now);
    }
    for (Version version : past) {
      version.entry = as_stored(forms_, version.entry);
      version.stored.clear();
      change.ended.push_back(std::move(version));
    }
    AddressChange removal = AddressChange::of(address, standing[0]);
    removal.next.clear();
    removal.forgets_past = true;
    ICM_TRY(const std::vector<bool> is_hashed, shelf_.change({change}, deadline));
    if (!is_hashed[0]) continue;
    ICM_TRY(const std::vector<bool> is_removed, shelf_.change({removal}, deadline));
    if (is_removed[0]) return standing[0].size() + past.size();
  }
  return fail(Code::temporary,
              fmt::format("{}: others keep changing the same address", shelf_.text()));
}

Result<std::uint64_t> RedisHashing::hash_subscriptions(const std::string& address) {
  const Deadline deadline = Deadline::in(patience);
  ICM_TRY(std::vector<Subscription> some, subscriptions_.of(address, deadline));
  for (Subscription& one : some) {
    one.address = forms_.stored(address);
    one.source = without_addresses(forms_, one.source);
  }
  ImportCount count;
  ICM_CHECK(subscriptions_.merge(some, count, deadline));
  return subscriptions_.remove(address, std::nullopt, deadline);
}

Result<HashingReport> RedisHashing::hash(const Deed& deed, Deadline deadline,
                                         const std::function<void(std::uint64_t)>& progress) {
  ICM_CHECK(keep_key(deadline));
  ICM_CHECK(shelf_.record(as_stored(forms_, deed), deadline));
  HashingReport report;
  using Page = Result<std::vector<std::string>> (RedisShelf::*)(int, const std::string&,
                                                                std::size_t, Deadline) const;
  for (const Page of : {&RedisShelf::page, &RedisShelf::past_page, &RedisShelf::ledger_page}) {
    for (int bucket = 0; bucket < redis_buckets; ++bucket) {
      std::string last;
      for (;;) {
        ICM_TRY(const std::vector<std::string> members,
                (shelf_.*of)(bucket, last, page, Deadline::in(patience)));
        for (const std::string& address : unhashed_on(members)) {
          ICM_TRY(const std::uint64_t some, of == Page(&RedisShelf::ledger_page)
                                                ? hash_subscriptions(address)
                                                : hash_address(address, deed.at));
          const std::uint64_t before = report.hashed;
          report.hashed += some;
          if (before / report_every != report.hashed / report_every) progress(report.hashed);
        }
        if (members.size() < page) break;
        last = members.back();
      }
    }
  }
  ICM_CHECK(words_of_deeds());
  ICM_CHECK(forget_changes(Deadline::in(patience)));
  return report;
}

Status RedisHashing::words_of_deeds() {
  ICM_TRY(const std::vector<std::int64_t> numbers, shelf_.deeds(Deadline::in(patience)));
  for (const std::int64_t number : numbers) {
    const Deadline deadline = Deadline::in(patience);
    ICM_TRY(std::optional<RedisDeed> found, shelf_.deed(number, deadline));
    if (!found) continue;
    const Deed before = found->deed;
    found->deed = as_stored(forms_, before);
    if (found->deed == before) continue;
    ICM_CHECK(shelf_.write_again(number, *found, deadline));
  }
  return {};
}

}  // namespace icm
