// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_subscriptions.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/import_count.h"
#include "policy/store/redis_member.h"
#include "policy/store/redis_scripts.h"

namespace icm {
namespace {

using namespace redis_member;
using Kind = RedisReply::Kind;

// ARGV: the range of an address.
const RedisScript read_ledger(ICM_FIND_MARK ICM_FIND_LEDGER
                              "return redis.call('ZRANGEBYLEX', KEYS[4], ARGV[1], ARGV[2])\n");

const RedisScript read_both(ICM_FIND_MARK ICM_FIND_LEDGER
                            "return {redis.call('ZRANGEBYLEX', KEYS[4], ARGV[1], ARGV[2]),\n"
                            "  redis.call('ZREVRANGEBYLEX', KEYS[2], ARGV[2], ARGV[1])}\n");

// ARGV: the range of an address, then two lists behind their lengths: what stands there as it was
// read, and what shall.
const RedisScript write_ledger(
    ICM_FIND_MARK ICM_FIND_LEDGER
    "for _, entry in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2])) do\n"
    "  if string.find(entry, '^[^%z]*%z[^%z]*%zerasure%z') then return 2 end\n"
    "end\n"
    "local at = 3\n" ICM_COMPARE_LISTS
    "local before, after = list(), list()\n"
    "found = redis.call('ZRANGEBYLEX', KEYS[4], ARGV[1], ARGV[2])\n"
    // Asked again, since its answer was lost: then it was done.
    "if not stands(before) then return stands(after) and 1 or 0 end\n"
    "for _, member in ipairs(found) do redis.call('ZREM', KEYS[4], member) end\n"
    "for _, member in ipairs(after) do redis.call('ZADD', KEYS[4], 0, member) end\n"
    "return 1\n");

tl::unexpected<Error> damaged(std::string_view member) {
  return fail(Code::permanent, fmt::format("expected a subscription of the ledger, found \"{}\"",
                                           for_log(member, 120)));
}

void write_time(Json& json, const char* name, const std::optional<WallTime>& time) {
  if (time) json[name] = number_of(*time);
}

bool read_time(const Json& json, const char* name, std::optional<WallTime>& time) {
  const auto number = number_in(json, name);
  if (!number) return false;
  if (json.contains(name)) time = time_of(*number);
  return true;
}

}  // namespace

std::string member_of(const Subscription& subscription) {
  Json json = Json::object();
  write_time(json, "consented", subscription.consented);
  if (!subscription.source.empty()) json["source"] = subscription.source;
  write_time(json, "withdrawn", subscription.withdrawn);
  write_time(json, "engaged", subscription.engaged);
  return fmt::format("{1}{0}{2}{0}{3}", end_of_part, subscription.address, subscription.scope,
                     dump(json));
}

Result<Subscription> subscription_of_member(std::string_view member) {
  const auto parts = parts_of<3>(member);
  if (!parts) return damaged(member);
  const Json json = Json::parse((*parts)[2], nullptr, false);
  if (!json.is_object()) return damaged(member);
  auto source = text_in(json, "source");
  Subscription subscription{.address = std::string((*parts)[0]),
                            .scope = std::string((*parts)[1]),
                            .consented = {},
                            .source = source.value_or(""),
                            .withdrawn = {},
                            .engaged = {}};
  if (source && read_time(json, "consented", subscription.consented) &&
      read_time(json, "withdrawn", subscription.withdrawn) &&
      read_time(json, "engaged", subscription.engaged)) {
    return subscription;
  }
  return damaged(member);
}

struct RedisSubscriptions::Change {
  std::string address;
  std::vector<std::string> before;  // members, as they were read
  std::vector<Subscription> subscriptions;
};

Status RedisSubscriptions::open(Missing missing, Deadline deadline) const {
  ICM_CHECK(shelf_.open(missing, deadline));
  return shelf_.open_ledger(missing, deadline);
}

Result<std::vector<RedisSubscriptions::Change>> RedisSubscriptions::read(
    const std::vector<std::string>& addresses, Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (const std::string& address : addresses) {
    calls.push_back({bucket_of(address), {first_of(address), behind(address)}});
  }
  ICM_TRY(const std::vector<RedisReply> replies, shelf_.run_each(read_ledger, calls, deadline));
  std::vector<Change> all;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Change& one =
        all.emplace_back(Change{.address = addresses[i], .before = {}, .subscriptions = {}});
    for (const RedisReply& member : replies[i].items) {
      auto subscription = subscription_of_member(member.text);
      if (!subscription) return fail_at(shelf_.text(), subscription.error());
      one.before.push_back(member.text);
      one.subscriptions.push_back(*std::move(subscription));
    }
  }
  return all;
}

Result<std::vector<RedisSubscriptions::Made>> RedisSubscriptions::write(
    const std::vector<Change>& changes, Deadline deadline) const {
  std::vector<BucketCall> calls;
  for (const Change& change : changes) {
    std::vector<std::string> arguments{first_of(change.address), behind(change.address)};
    arguments.push_back(fmt::format("{}", change.before.size()));
    arguments.insert(arguments.end(), change.before.begin(), change.before.end());
    arguments.push_back(fmt::format("{}", change.subscriptions.size()));
    for (const Subscription& one : change.subscriptions) arguments.push_back(member_of(one));
    calls.push_back({bucket_of(change.address), std::move(arguments)});
  }
  ICM_TRY(const std::vector<RedisReply> replies,
          shelf_.run_each(write_ledger, calls, deadline, Durability::replicated));
  std::vector<Made> made;
  for (const RedisReply& reply : replies) {
    if (reply.kind != Kind::number || reply.number < 0 || reply.number > 2) {
      return fail(Code::permanent,
                  fmt::format("{}: expected 0, 1 or 2, got {}", shelf_.text(), to_string(reply)));
    }
    made.push_back(static_cast<Made>(reply.number));
  }
  return made;
}

Result<std::vector<Subscription>> RedisSubscriptions::of(const std::string& address,
                                                         Deadline deadline) const {
  ICM_TRY(std::vector<Change> found, read({address}, deadline));
  return std::move(found[0].subscriptions);
}

Result<RedisSubscriptions::Known> RedisSubscriptions::with_past(const std::string& address,
                                                                Deadline deadline) const {
  ICM_TRY(const std::vector<RedisReply> replies,
          shelf_.run_each(read_both, {{bucket_of(address), {first_of(address), behind(address)}}},
                          deadline));
  if (replies[0].items.size() != 2) {
    return fail(Code::permanent, fmt::format("{}: expected subscriptions and past entries, got {}",
                                             shelf_.text(), to_string(replies[0])));
  }
  Known known;
  for (const RedisReply& member : replies[0].items[0].items) {
    auto subscription = subscription_of_member(member.text);
    if (!subscription) return fail_at(shelf_.text(), subscription.error());
    known.subscriptions.push_back(*std::move(subscription));
  }
  for (const RedisReply& member : replies[0].items[1].items) {
    auto entry = entry_of_past_member(member.text);
    if (!entry) return fail_at(shelf_.text(), entry.error());
    known.past.push_back(*std::move(entry));
  }
  return known;
}

namespace {

// Puts `given` where `known` is all that stands for its address.
Outcome put(std::vector<Subscription>& known, const Subscription& given) {
  const auto place = std::ranges::find(known, given.scope, &Subscription::scope);
  if (place == known.end()) {
    known.push_back(given);
    return Outcome::added;
  }
  Subscription after = merged(*place, given);
  if (after == *place) return Outcome::unchanged;
  *place = std::move(after);
  return Outcome::changed;
}

}  // namespace

Status RedisSubscriptions::merge(const std::vector<Subscription>& batch, ImportCount& count,
                                 Deadline deadline) const {
  std::map<std::string, std::vector<const Subscription*>> open;
  for (const Subscription& one : batch) open[one.address].push_back(&one);
  while (!open.empty()) {
    if (deadline.passed()) return others_kept_changing();
    std::vector<std::string> addresses;
    for (const auto& [address, given] : open) addresses.push_back(address);
    ICM_TRY(std::vector<Change> changes, read(addresses, deadline));
    std::vector<ImportCount> counts;
    for (Change& change : changes) {
      ImportCount& here = counts.emplace_back();
      for (const Subscription* one : open.at(change.address)) {
        icm::count(put(change.subscriptions, *one), here);
      }
    }
    // Also where nothing changes: what is answered must be as safe as what is written.
    ICM_TRY(const std::vector<Made> made, write(changes, deadline));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (made[i] == Made::no) continue;
      const bool is_forgotten = made[i] == Made::forgotten;
      count.added += is_forgotten ? 0 : counts[i].added;
      count.changed += is_forgotten ? 0 : counts[i].changed;
      count.unchanged += is_forgotten ? open.at(changes[i].address).size() : counts[i].unchanged;
      open.erase(changes[i].address);
    }
  }
  return {};
}

Result<std::uint64_t> RedisSubscriptions::remove(const std::string& address,
                                                 const std::optional<std::string>& scope,
                                                 Deadline deadline) const {
  while (!deadline.passed()) {
    ICM_TRY(std::vector<Change> changes, read({address}, deadline));
    std::vector<Subscription>& standing = changes[0].subscriptions;
    const std::uint64_t struck = std::erase_if(
        standing, [&](const Subscription& one) { return !scope || one.scope == *scope; });
    if (struck == 0) return struck;
    ICM_TRY(const std::vector<Made> made, write(changes, deadline));
    if (made[0] == Made::yes) return struck;
  }
  return others_kept_changing();
}

tl::unexpected<Error> RedisSubscriptions::others_kept_changing() const {
  return fail(Code::temporary,
              fmt::format("{}: others kept changing the same addresses until the time was over",
                          shelf_.text()));
}

}  // namespace icm
