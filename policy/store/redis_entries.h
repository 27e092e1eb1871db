// SPDX-License-Identifier: Apache-2.0
//
// How the suppression list lies in Redis.
//
// Addresses are spread over buckets; all keys of a bucket share a hash tag, so that they are on one
// node of a cluster and one script changes them together. Of each bucket there are
//   {PREFIX:07}:entries  a sorted set without scores, so in the order of octets: ADDRESS NUL SCOPE
//   NUL
//                        REASON NUL and the rest as JSON; one range is an address, and reading on
//                        from one member to the next is reading in order. Its first member, 01 and
//                        version and a random text, says that the list has been made: without it
//                        nothing is answered, since a server that lost its memory is not a list
//                        without entries.
//   {PREFIX:07}:past     the same of what stood once: ADDRESS NUL NUMBER NUL and JSON
//   {PREFIX:07}:log      a stream with the address of every change, for those that follow
//   {PREFIX:07}:ledger   as entries, of the ledger of consent: a mark, then ADDRESS NUL SCOPE NUL
//                        and JSON (redis_subscriptions.h)
// and once {PREFIX:deeds}, a hash of what was done, by number, and {PREFIX:deeds}:imports, a set of
// the numbers of imports. A number is the time in milliseconds, or one more than the last: also
// when the deeds alone were lost, none of them comes again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/store/entry_versions.h"
#include "policy/store/redis_client.h"

namespace icm {

inline constexpr int redis_buckets = 64;
inline constexpr std::string_view redis_list_version = "1";

struct BucketKeys {
  std::string entries;
  std::string past;
  std::string log;
  std::string ledger;
};

BucketKeys bucket_keys(const std::string& prefix, int bucket);
int bucket_of(std::string_view address);
std::string deeds_key(const std::string& prefix);
std::string imports_key(const std::string& prefix);

// `stored` is the member that it was read from.
using RedisEntry = Version;

std::string member_of(const RedisEntry& entry);

// `number` orders what stood once at an address.
std::string past_member_of(const RedisEntry& entry, int number);

// The Error (Code::permanent) is of a member that no release wrote.
[[nodiscard]] Result<RedisEntry> entry_of_member(std::string_view member);
[[nodiscard]] Result<RedisEntry> entry_of_past_member(std::string_view member);

// `entries` is how many an import added or changed, once that is known.
std::string text_of(const Deed& deed, std::optional<std::int64_t> entries = {});
struct RedisDeed {
  Deed deed;
  std::optional<std::int64_t> entries;
};
[[nodiscard]] Result<RedisDeed> deed_of_text(std::string_view text);

// The members of an address: at least the first, below the second (ZRANGEBYLEX).
std::string first_of(std::string_view address);
std::string behind(std::string_view address);

}  // namespace icm
