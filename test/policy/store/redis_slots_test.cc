// SPDX-License-Identifier: Apache-2.0
//
// Key distribution as the cluster specification has it; the values are those of Redis's own CLUSTER
// KEYSLOT.
#include "policy/store/redis_slots.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Kind = RedisReply::Kind;

const RedisAddress asked = *RedisAddress::parse("127.0.0.1:7000");

RedisReply number(std::int64_t value) { return {.kind = Kind::number, .number = value}; }
RedisReply text(std::string value) { return {.kind = Kind::text, .text = std::move(value)}; }
RedisReply list(std::vector<RedisReply> items) {
  return {.kind = Kind::list, .items = std::move(items)};
}
RedisReply error(std::string words) { return {.kind = Kind::error, .text = std::move(words)}; }

TEST(RedisSlots, are_those_of_the_specification) {
  EXPECT_EQ(redis_slot("123456789"), 0x31C3);  // the specification's check value
  EXPECT_EQ(redis_slot("foo"), 12182);
  EXPECT_EQ(redis_slot(""), 0);
}

TEST(RedisSlots, of_keys_with_a_hash_tag_are_those_of_the_tag) {
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("user1000"));
  EXPECT_EQ(redis_slot("foo{bar}{zap}"), redis_slot("bar"));
  EXPECT_EQ(redis_slot("foo{{bar}}zap"), redis_slot("{bar"));
}

TEST(RedisSlots, of_keys_with_an_empty_or_open_tag_are_those_of_the_whole_key) {
  EXPECT_NE(redis_slot("foo{}{bar}"), redis_slot("bar"));
  EXPECT_NE(redis_slot("foo{bar"), redis_slot("bar"));
}

TEST(RedisSlots, are_read_from_cluster_slots) {
  const RedisReply reply =
      list({list({number(0), number(5460), list({text("192.0.2.1"), number(7001), text("id")}),
                  list({text("192.0.2.9"), number(7009)})}),
            list({number(5461), number(16383), list({text(""), number(7002)})})});
  EXPECT_EQ(*slot_ranges(reply, asked),
            (std::vector<SlotRange>{{0, 5460, *RedisAddress::parse("192.0.2.1:7001"), true},
                                    {5461, 16383, *RedisAddress::parse("127.0.0.1:7002"), false}}));
}

TEST(RedisSlots, that_make_no_sense_are_refused) {
  const RedisReply node = list({text("192.0.2.1"), number(7001)});
  for (const RedisReply& reply :
       {text("no"), list({number(1)}), list({list({number(0), number(1)})}),
        list({list({number(5), number(1), node})}), list({list({number(-1), number(1), node})}),
        list({list({number(0), number(16384), node})}),
        list({list({number(0), number(1), list({number(1), number(7001)})})})}) {
    const auto ranges = slot_ranges(reply, asked);
    ASSERT_FALSE(ranges) << to_string(reply);
    EXPECT_TRUE(ranges.error().text.starts_with("CLUSTER SLOTS: expected ranges of slots, got "))
        << ranges.error().text;
  }
  const auto unnamed = slot_ranges(
      list({list({number(0), number(1), list({text("redis-1"), number(7001)})})}), asked);
  EXPECT_EQ(unnamed.error().text,
            "a node calls itself \"redis-1\", expected an address (names are not looked up: set "
            "cluster-preferred-endpoint-type ip)");
}

TEST(Redirections, name_the_slot_and_the_node) {
  EXPECT_EQ(**redirection(error("MOVED 3999 192.0.2.1:6381"), asked),
            (Redirection{Redirection::Kind::moved, 3999, *RedisAddress::parse("192.0.2.1:6381")}));
  EXPECT_EQ(**redirection(error("ASK 3999 ::1:6381"), asked),
            (Redirection{Redirection::Kind::ask, 3999, *RedisAddress::parse("[::1]:6381")}));
  EXPECT_EQ((*redirection(error("MOVED 3999 :6381"), asked))->to,
            *RedisAddress::parse("127.0.0.1:6381"));
}

TEST(Redirections, are_errors_of_these_words_alone) {
  EXPECT_FALSE(*redirection(error("ERR MOVED 3999 192.0.2.1:6381"), asked));
  EXPECT_FALSE(*redirection(text("MOVED 3999 192.0.2.1:6381"), asked));
}

TEST(Redirections, that_make_no_sense_are_refused) {
  for (const std::string words : {"MOVED", "MOVED 3999", "MOVED x 192.0.2.1:1",
                                  "MOVED 16384 192.0.2.1:1", "ASK 1 192.0.2.1", "ASK 1 a:b"}) {
    const auto found = redirection(error(words), asked);
    ASSERT_FALSE(found) << words;
    EXPECT_EQ(found.error().text,
              fmt::format("expected \"MOVED SLOT ADDRESS:PORT\", got \"{}\"", words));
  }
}

}  // namespace
}  // namespace icm
