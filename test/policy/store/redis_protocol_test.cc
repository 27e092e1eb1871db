// SPDX-License-Identifier: Apache-2.0
//
// What a server may say, and what it may not: the replies of Redis as our types.
#include "policy/store/redis_protocol.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Kind = RedisReply::Kind;

Result<std::optional<RedisReply>> read(std::string_view octets) {
  auto reader = RedisReplyReader::make();
  if (!reader) return tl::make_unexpected(reader.error());
  ICM_CHECK(reader->feed(octets));
  return reader->next();
}

RedisReply text(std::string_view octets) {
  return {.kind = Kind::text, .text = std::string(octets)};
}

TEST(RedisProtocol, writes_commands_of_any_octets) {
  EXPECT_EQ(*encode({"SET", std::string("k\0\r\n", 4), ""}),
            std::string("*3\r\n$3\r\nSET\r\n$4\r\nk\0\r\n\r\n$0\r\n\r\n", 29));
}

TEST(RedisProtocol, reads_every_kind_of_reply) {
  EXPECT_EQ(**read("+OK\r\n"), (RedisReply{.kind = Kind::status, .text = "OK"}));
  EXPECT_EQ(**read("-ERR no\r\n"), (RedisReply{.kind = Kind::error, .text = "ERR no"}));
  EXPECT_EQ(**read(":-42\r\n"), (RedisReply{.kind = Kind::number, .number = -42}));
}

TEST(RedisProtocol, reads_texts_with_a_nul_and_line_ends_inside) {
  EXPECT_EQ(**read({"$4\r\n\r\n\0x\r\n", 10}), text({"\r\n\0x", 4}));
}

TEST(RedisProtocol, tells_nothing_from_an_empty_text_and_an_empty_list) {
  EXPECT_EQ((*read("$-1\r\n"))->kind, Kind::nothing);
  EXPECT_EQ((*read("*-1\r\n"))->kind, Kind::nothing);
  EXPECT_EQ(**read("$0\r\n\r\n"), text(""));
  EXPECT_EQ(**read("*0\r\n"), RedisReply{.kind = Kind::list});
}

TEST(RedisProtocol, reads_lists_within_lists) {
  const RedisReply inner{.kind = Kind::list, .items = {text("a"), RedisReply{}}};
  EXPECT_EQ(
      **read("*2\r\n*2\r\n$1\r\na\r\n$-1\r\n:7\r\n"),
      (RedisReply{.kind = Kind::list, .items = {inner, {.kind = Kind::number, .number = 7}}}));
}

TEST(RedisProtocol, waits_for_the_rest_of_a_reply_wherever_it_is_cut) {
  const std::string whole = "*2\r\n$5\r\nab\r\nc\r\n:12\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    auto reader = *RedisReplyReader::make();
    ASSERT_TRUE(reader.feed(std::string_view(whole).substr(0, cut)));
    const auto first = reader.next();
    ASSERT_TRUE(first) << cut;
    EXPECT_FALSE(*first) << cut;
    ASSERT_TRUE(reader.feed(std::string_view(whole).substr(cut)));
    EXPECT_EQ((**reader.next()).items[0], text("ab\r\nc")) << cut;
  }
}

TEST(RedisProtocol, reads_replies_that_came_together_one_by_one) {
  auto reader = *RedisReplyReader::make();
  ASSERT_TRUE(reader.feed("+A\r\n+B\r\n+C"));
  EXPECT_EQ((*reader.next())->text, "A");
  EXPECT_EQ((*reader.next())->text, "B");
  EXPECT_FALSE(*reader.next());
}

TEST(RedisProtocol, refuses_what_is_no_reply) {
  for (const auto& [octets, why] : {
           std::pair<std::string_view, std::string_view>{
               "HTTP/1.1 400\r\n",
               "what came is no reply of Redis: Protocol error, got \"H\" as reply type byte"},
           {"$-2\r\n", "what came is no reply of Redis: Bulk string length out of range"},
           {"$99999999999999999999\r\n", "what came is no reply of Redis: Bad bulk string length"},
           {"$x\r\n", "what came is no reply of Redis: Bad bulk string length"},
           {"*2147483648\r\n", "what came is no reply of Redis: Multi-bulk length out of range"},
           {"*-2\r\n", "what came is no reply of Redis: Multi-bulk length out of range"},
           {":1x\r\n", "what came is no reply of Redis: Bad integer value"},
       }) {
    const auto reply = read(octets);
    ASSERT_FALSE(reply) << octets;
    EXPECT_EQ(reply.error().text, why);
    EXPECT_EQ(reply.error().code, Code::temporary);
  }
}

TEST(RedisProtocol, refuses_lists_that_claim_more_than_memory_holds) {
  const Error too_many{Code::temporary, "a reply of more than 131072 items; is this Redis?"};
  for (const std::string_view octets : {"*131073\r\n", "*2147483647\r\n", "*2\r\n*131070\r\n"}) {
    std::string text(octets);
    if (octets.starts_with("*2\r")) {
      text += ":1\r\n";
      for (int i = 1; i < 131070; ++i) text += ":1\r\n";
      text += "*2\r\n";
    }
    const auto reply = read(text);
    ASSERT_FALSE(reply) << octets;
    EXPECT_EQ(reply.error(), too_many) << octets;
  }
}

TEST(RedisProtocol, refuses_lists_that_are_nested_without_end) {
  std::string octets;
  for (int i = 0; i < 100; ++i) octets += "*1\r\n";
  const auto reply = read(octets);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().text,
            "what came is no reply of Redis: No support for nested multi bulk replies with depth "
            "> 7");
}

TEST(RedisProtocol, refuses_a_text_without_end) {
  auto reader = *RedisReplyReader::make();
  ASSERT_TRUE(reader.feed("$4000000000\r\n"));
  const std::string much(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 15; ++i) {
    ASSERT_TRUE(reader.feed(much));
    ASSERT_TRUE(reader.next());
  }
  ASSERT_TRUE(reader.feed(much));
  const auto reply = reader.next();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(),
            (Error{Code::temporary, "a reply of more than 16777216 octets; is this Redis?"}));
}

TEST(RedisProtocol, a_budget_is_for_one_reply) {
  auto reader = *RedisReplyReader::make();
  std::string list = "*100000\r\n";
  for (int i = 0; i < 100000; ++i) list += ":1\r\n";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader.feed(list));
    const auto reply = reader.next();
    ASSERT_TRUE(reply && *reply) << i;
    EXPECT_EQ((*reply)->items.size(), 100000u);
  }
}

TEST(RedisProtocol, knows_an_error_by_its_first_word) {
  const RedisReply reply{.kind = Kind::error, .text = "MOVED 1 127.0.0.1:1"};
  EXPECT_TRUE(reply.is_error("MOVED"));
  EXPECT_FALSE(reply.is_error("MOVE"));
  EXPECT_FALSE(text("MOVED 1").is_error("MOVED"));
}

}  // namespace
}  // namespace icm
