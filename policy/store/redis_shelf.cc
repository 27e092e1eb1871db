// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_shelf.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <random>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/address_forms.h"
#include "policy/store/redis_scripts.h"

namespace icm {
namespace {

using Kind = RedisReply::Kind;

const RedisScript make_list(
    ICM_CHECK_KEY
    "local mark = redis.call('ZRANGEBYLEX', KEYS[1], '[\\1', '(\\2')[1]\n"
    "if mark then return mark end\n"
    "if ARGV[1] == '' then return redis.error_reply('NOLIST there is none') end\n"
    "redis.call('ZADD', KEYS[1], 0, ARGV[1])\n"
    // So that the log always has an end to compare with.
    "redis.call('XADD', KEYS[3], '*', 'a', '')\n"
    "return ARGV[1]\n");

const RedisScript make_ledger(
    ICM_FIND_MARK
    "local ledger = redis.call('ZRANGEBYLEX', KEYS[4], '[\\1', '(\\2')[1]\n"
    "if ledger then return ledger end\n"
    "if ARGV[1] == '' then return redis.error_reply('NOLEDGER there is none') end\n"
    "redis.call('ZADD', KEYS[4], 0, ARGV[1])\n"
    "return ARGV[1]\n");

const RedisScript read_address(ICM_FIND_MARK
                               "return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2])\n");

// ARGV: address, or "" where nobody need read it again; range of it, size of the log, "forget" or
// "", then three lists behind their lengths: what stands there as it was read, what shall stand
// there, what joins the past. Written also where nothing changes, so that there is something to
// wait for.
const RedisScript change_address(
    ICM_FIND_MARK
    "local at = 6\n" ICM_COMPARE_LISTS
    "local before, after, past = list(), list(), list()\n"
    "found = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3])\n"
    "if not stands(before) then\n"
    // Asked again, since its answer was lost: entries and past bear the number of their deed.
    "  if not stands(after) then return 0 end\n"
    "  for _, member in ipairs(past) do\n"
    "    if not redis.call('ZSCORE', KEYS[2], member) then return 0 end\n"
    "  end\n"
    "  return 1\n"
    "end\n"
    "for _, member in ipairs(found) do redis.call('ZREM', KEYS[1], member) end\n"
    "for _, member in ipairs(after) do redis.call('ZADD', KEYS[1], 0, member) end\n"
    "if ARGV[5] ~= '' then\n"
    "  redis.call('ZREMRANGEBYLEX', KEYS[2], ARGV[2], ARGV[3])\n"
    "  redis.call('ZREMRANGEBYLEX', KEYS[4], ARGV[2], ARGV[3])\n"
    "end\n"
    "for _, member in ipairs(past) do redis.call('ZADD', KEYS[2], 0, member) end\n"
    "if ARGV[1] ~= '' then\n"
    "  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'a', ARGV[1])\n"
    "end\n"
    "return 1\n");

const RedisScript find_end(
    ICM_FIND_MARK "return {mark, redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1][1]}\n");

// ARGV: where the reader is, and how many he takes. False: the log does not know that place.
const RedisScript find_changes(
    ICM_FIND_MARK
    "if #redis.call('XRANGE', KEYS[3], ARGV[1], ARGV[1]) == 0 then return false end\n"
    "local changes = {}\n"
    "for i, one in ipairs(redis.call('XRANGE', KEYS[3], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) "
    "do\n"
    "  changes[i] = one[2][2]\n"
    "end\n"
    "return changes\n");

// KEYS: deeds and imports. ARGV: the deed, "import" or "".
const RedisScript record_deed(
    "local time = redis.call('TIME')\n"
    "local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)\n"
    "local last = tonumber(redis.call('HGET', KEYS[1], 'last') or 0)\n"
    "local number = string.format('%.0f', math.max(now, last + 1))\n"
    "redis.call('HSET', KEYS[1], 'last', number, number, ARGV[1])\n"
    "if ARGV[2] ~= '' then redis.call('SADD', KEYS[2], number) end\n"
    "return number\n");

// Not what was only said again: it holds as before.
bool is_worth_following(const AddressChange& change) {
  const auto holds_as = [](const RedisEntry& one, const RedisEntry& other) {
    return one.entry.scope == other.entry.scope && one.entry.reason == other.entry.reason &&
           one.entry.expires == other.entry.expires;
  };
  return change.forgets_past || !std::ranges::equal(change.standing, change.next, holds_as);
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string new_mark() {
  std::random_device random;
  return fmt::format("\x01{}:{:08x}{:08x}", redis_list_version, random(), random());
}

tl::unexpected<Error> unexpected_reply(const RedisClient& client, std::string_view expected,
                                       const RedisReply& reply) {
  return fail(Code::permanent,
              fmt::format("{}: expected {}, got {}", client.text(), expected, to_string(reply)));
}

// What is missing, in our words; empty: the Error is another one.
std::string_view missing_of(const Error& error) {
  if (error.text.find("\"NOLIST ") != std::string::npos) return "suppression list";
  if (error.text.find("\"NOLEDGER ") != std::string::npos) return "ledger of consent";
  return {};
}

bool is_of_other_key(const Error& error) {
  return error.text.find("\"OTHERKEY ") != std::string::npos;
}

// What a server that forgot the list says, in words that help; every other Error as it is.
template <class T>
Result<T> explained(Result<T> result, const RedisClient& client, const std::string& prefix) {
  const std::string_view missing = result ? std::string_view() : missing_of(result.error());
  if (missing.empty()) return result;
  return fail(Code::temporary,
              fmt::format("{}: the {} \"{}\" is not there (any more); was the server emptied, or "
                          "does it keep nothing over a restart? Put its backup back, or make an "
                          "empty one with icloud-milterctl store init",
                          client.text(), missing, prefix));
}

}  // namespace

std::vector<RedisCall> RedisShelf::calls_of(const std::vector<BucketCall>& calls) const {
  std::vector<RedisCall> all;
  for (const BucketCall& one : calls) {
    BucketKeys keys = bucket_keys(prefix_, one.bucket);
    all.push_back({{std::move(keys.entries), std::move(keys.past), std::move(keys.log),
                    std::move(keys.ledger)},
                   one.arguments});
    all.back().arguments.push_back(hash_key_check_);
  }
  return all;
}

Result<std::vector<RedisReply>> RedisShelf::run_each(const RedisScript& script,
                                                     const std::vector<BucketCall>& calls,
                                                     Deadline deadline,
                                                     Durability durability) const {
  auto replies = client_->run_each(script, calls_of(calls), deadline, durability);
  if (!replies && is_of_other_key(replies.error())) {
    return other_hash_key(client_->text(), hash_key_check_);
  }
  return explained(std::move(replies), *client_, prefix_);
}

Status RedisShelf::find_or_make(const RedisScript& script, std::string_view what, Missing missing,
                                Deadline deadline) const {
  const std::string mark = missing == Missing::make ? new_mark() : std::string();
  std::vector<BucketCall> calls;
  for (int bucket = 0; bucket < redis_buckets; ++bucket) calls.push_back({bucket, {mark}});
  const auto marks = client_->run_each(script, calls_of(calls), deadline);
  if (!marks && is_of_other_key(marks.error())) {
    return other_hash_key(client_->text(), hash_key_check_);
  }
  const std::string_view lacks = marks ? std::string_view() : missing_of(marks.error());
  if (!lacks.empty()) {
    return fail(Code::config, fmt::format("{}: there is no {} \"{}\"; put its backup back if there "
                                          "was one, or make an empty one with icloud-milterctl "
                                          "store init",
                                          client_->text(), lacks, prefix_));
  }
  if (!marks) return tl::make_unexpected(marks.error());
  for (const RedisReply& reply : *marks) {
    const std::string expected = fmt::format("\x01{}:", redis_list_version);
    if (reply.text.starts_with(expected)) continue;
    return fail(Code::config,
                fmt::format("{}: expected a {} of version {}, found {}", client_->text(), what,
                            redis_list_version, to_string(reply)));
  }
  return {};
}

Status RedisShelf::open(Missing missing, Deadline deadline) const {
  return find_or_make(make_list, "suppression list", missing, deadline);
}

Status RedisShelf::open_ledger(Missing missing, Deadline deadline) const {
  return find_or_make(make_ledger, "ledger of consent", missing, deadline);
}

Result<std::vector<std::vector<RedisEntry>>> RedisShelf::standing(
    const std::vector<std::string>& addresses, Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (const std::string& address : addresses) {
    calls.push_back({bucket_of(address), {first_of(address), behind(address)}});
  }
  ICM_TRY(const std::vector<RedisReply> replies, run_each(read_address, calls, deadline));
  std::vector<std::vector<RedisEntry>> all;
  for (const RedisReply& reply : replies) {
    if (reply.kind != Kind::list) return unexpected_reply(*client_, "entries", reply);
    std::vector<RedisEntry>& entries = all.emplace_back();
    for (const RedisReply& member : reply.items) {
      auto entry = entry_of_member(member.text);
      if (!entry) return fail_at(client_->text(), entry.error());
      entries.push_back(*std::move(entry));
    }
  }
  return all;
}

Result<std::vector<RedisEntry>> RedisShelf::past(const std::string& address,
                                                 Deadline deadline) const {
  const std::string key = bucket_keys(prefix_, bucket_of(address)).past;
  ICM_TRY(const RedisReply reply,
          client_->ask(key, {"ZREVRANGEBYLEX", key, behind(address), first_of(address)}, deadline));
  if (reply.kind != Kind::list) return unexpected_reply(*client_, "entries", reply);
  std::vector<RedisEntry> entries;
  for (const RedisReply& member : reply.items) {
    auto entry = entry_of_past_member(member.text);
    if (!entry) return fail_at(client_->text(), entry.error());
    entries.push_back(*std::move(entry));
  }
  return entries;
}

Result<std::vector<bool>> RedisShelf::change(const std::vector<AddressChange>& changes,
                                             Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (const AddressChange& change : changes) {
    std::vector<std::string> arguments{is_worth_following(change) ? change.address : "",
                                       first_of(change.address), behind(change.address),
                                       fmt::format("{}", most_changes),
                                       change.forgets_past ? "forget" : ""};
    arguments.push_back(fmt::format("{}", change.standing.size()));
    for (const RedisEntry& entry : change.standing) arguments.push_back(entry.stored);
    arguments.push_back(fmt::format("{}", change.next.size()));
    for (const RedisEntry& entry : change.next) {
      arguments.push_back(entry.stored.empty() ? member_of(entry) : entry.stored);
    }
    arguments.push_back(fmt::format("{}", change.ended.size()));
    int number = 0;
    for (const RedisEntry& entry : change.ended) {
      arguments.push_back(past_member_of(entry, number++));
    }
    calls.push_back({bucket_of(change.address), std::move(arguments)});
  }
  auto changed = run_each(change_address, calls, deadline, Durability::replicated);
  // Also after an Error: some may have been made.
  if (generation_ != nullptr) generation_->raise();
  ICM_TRY(const std::vector<RedisReply> replies, std::move(changed));
  std::vector<bool> made;
  for (const RedisReply& reply : replies) {
    if (reply.kind != Kind::number) return unexpected_reply(*client_, "0 or 1", reply);
    made.push_back(reply.number == 1);
  }
  return made;
}

Result<std::int64_t> RedisShelf::record(const Deed& deed, Deadline deadline) const {
  const std::string mark = deed.kind == Deed::Kind::import ? "import" : "";
  const RedisCall call{{deeds_key(prefix_), imports_key(prefix_)}, {text_of(deed), mark}};
  ICM_TRY(const std::vector<RedisReply> replies,
          client_->run_each(record_deed, {call}, deadline, Durability::replicated));
  const auto number = number_of(replies[0].text);
  if (!number) return unexpected_reply(*client_, "a number", replies[0]);
  return *number;
}

Status RedisShelf::withdraw(std::int64_t number, Deadline deadline) const {
  const std::string name = fmt::format("{}", number);
  const std::string imports = imports_key(prefix_);
  ICM_CHECK(client_->change(imports, {"SREM", imports, name}, deadline));
  const std::string deeds = deeds_key(prefix_);
  ICM_CHECK(client_->change(deeds, {"HDEL", deeds, name}, deadline));
  return {};
}

Result<std::optional<RedisDeed>> RedisShelf::deed(std::int64_t number, Deadline deadline) const {
  const std::string key = deeds_key(prefix_);
  ICM_TRY(const RedisReply reply,
          client_->ask(key, {"HGET", key, fmt::format("{}", number)}, deadline));
  if (reply.kind == Kind::nothing) return std::optional<RedisDeed>();
  if (reply.kind != Kind::text) return unexpected_reply(*client_, "a deed", reply);
  auto deed = deed_of_text(reply.text);
  if (!deed) return fail_at(client_->text(), deed.error());
  return std::optional(*std::move(deed));
}

Status RedisShelf::write_again(std::int64_t number, const RedisDeed& deed,
                               Deadline deadline) const {
  const std::string key = deeds_key(prefix_);
  const RedisCommand command{"HSET", key, fmt::format("{}", number),
                             text_of(deed.deed, deed.entries)};
  ICM_TRY(const RedisReply reply, client_->change(key, command, deadline));
  if (reply.kind != Kind::number) return unexpected_reply(*client_, "a number", reply);
  return {};
}

Result<std::vector<std::int64_t>> RedisShelf::imports(Deadline deadline) const {
  const std::string key = imports_key(prefix_);
  ICM_TRY(const RedisReply reply, client_->ask(key, {"SMEMBERS", key}, deadline));
  std::vector<std::int64_t> numbers;
  for (const RedisReply& item : reply.items) {
    const auto number = number_of(item.text);
    if (!number) return unexpected_reply(*client_, "the number of an import", item);
    numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  return numbers;
}

Result<std::vector<std::string>> RedisShelf::page_of(const std::string& key,
                                                     const std::string& after, std::size_t most,
                                                     Deadline deadline) const {
  const std::string from = after.empty() ? "[\x02" : "(" + after;  // behind the list's mark
  ICM_TRY(RedisReply reply,
          client_->ask(key, {"ZRANGEBYLEX", key, from, "+", "LIMIT", "0", fmt::format("{}", most)},
                       deadline));
  if (reply.kind != Kind::list) return unexpected_reply(*client_, "entries", reply);
  std::vector<std::string> members;
  for (RedisReply& member : reply.items) members.push_back(std::move(member.text));
  return members;
}

Result<std::vector<std::string>> RedisShelf::page(int bucket, const std::string& after,
                                                  std::size_t most, Deadline deadline) const {
  return page_of(bucket_keys(prefix_, bucket).entries, after, most, deadline);
}

Result<std::vector<std::string>> RedisShelf::past_page(int bucket, const std::string& after,
                                                       std::size_t most, Deadline deadline) const {
  return page_of(bucket_keys(prefix_, bucket).past, after, most, deadline);
}

Result<std::vector<std::string>> RedisShelf::ledger_page(int bucket, const std::string& after,
                                                         std::size_t most,
                                                         Deadline deadline) const {
  return page_of(bucket_keys(prefix_, bucket).ledger, after, most, deadline);
}

Result<std::vector<std::int64_t>> RedisShelf::deeds(Deadline deadline) const {
  const std::string key = deeds_key(prefix_);
  ICM_TRY(const RedisReply reply, client_->ask(key, {"HKEYS", key}, deadline));
  if (reply.kind != Kind::list) return unexpected_reply(*client_, "numbers of deeds", reply);
  std::vector<std::int64_t> numbers;
  for (const RedisReply& item : reply.items) {
    if (const auto number = number_of(item.text)) numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<BucketEnd>> RedisShelf::ends(Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (int bucket = 0; bucket < redis_buckets; ++bucket) calls.push_back({bucket, {}});
  ICM_TRY(const std::vector<RedisReply> replies, run_each(find_end, calls, deadline));
  std::vector<BucketEnd> ends;
  for (const RedisReply& reply : replies) {
    if (reply.items.size() != 2) return unexpected_reply(*client_, "the log's end", reply);
    ends.push_back({reply.items[0].text, reply.items[1].text});
  }
  return ends;
}

Result<std::optional<std::vector<std::string>>> RedisShelf::changed(
    const std::map<int, std::string>& places, std::size_t most, Deadline deadline) const {
  const std::string count = fmt::format("{}", most + 1);
  std::vector<BucketCall> calls;
  for (const auto& [bucket, last] : places) calls.push_back({bucket, {last, count}});
  ICM_TRY(std::vector<RedisReply> replies, run_each(find_changes, calls, deadline));
  std::vector<std::string> addresses;
  for (RedisReply& reply : replies) {
    if (reply.kind == Kind::nothing) return std::optional<std::vector<std::string>>();
    if (reply.kind != Kind::list) return unexpected_reply(*client_, "addresses", reply);
    if (reply.items.size() > most) return std::optional<std::vector<std::string>>();
    for (RedisReply& item : reply.items) addresses.push_back(std::move(item.text));
  }
  return std::optional(std::move(addresses));
}

}  // namespace icm
