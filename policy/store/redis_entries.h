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
// and once {PREFIX:deeds}, a hash of what was done, by number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/store/redis_client.h"
#include "policy/store/suppression_book.h"

namespace icm {

inline constexpr int redis_buckets = 64;
inline constexpr std::string_view redis_list_version = "1";

struct BucketKeys {
  std::string entries;
  std::string past;
  std::string log;
};

BucketKeys bucket_keys(const std::string& prefix, int bucket);
int bucket_of(std::string_view address);
std::string deeds_key(const std::string& prefix);

// An entry as it stands, or stood.
struct RedisEntry {
  Suppression entry;
  std::int64_t added_by = 0;  // deeds
  std::int64_t ended_by = 0;  // 0 as long as it stands
  std::string stored;         // the member it was read from; empty when it has changed since
  bool operator==(const RedisEntry&) const = default;
};

std::string member_of(const RedisEntry& entry);

// `number` orders what stood once at an address.
std::string past_member_of(const RedisEntry& entry, int number);

// The Error (Code::permanent) is of a member that no release wrote.
[[nodiscard]] Result<RedisEntry> entry_of_member(std::string_view member);
[[nodiscard]] Result<RedisEntry> entry_of_past_member(std::string_view member);

std::string text_of(const Deed& deed);
[[nodiscard]] Result<Deed> deed_of_text(std::string_view text);

// The members of an address: at least the first, below the second (ZRANGEBYLEX).
std::string first_of(std::string_view address);
std::string behind(std::string_view address);

}  // namespace icm
