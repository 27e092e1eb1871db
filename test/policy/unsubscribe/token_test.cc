// SPDX-License-Identifier: Apache-2.0
//
// Tokens: each wish comes back from its own, and from nothing else.
#include "policy/unsubscribe/token.h"

#include <set>

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "policy/unsubscribe/token_text.h"

namespace icm {
namespace {

const std::string old_key(32, 'o');
const std::string new_key(32, 'n');

Mailbox mailbox(std::string_view text) { return Mailbox::parse(text).value(); }
UnsubscribeTokens tokens() { return UnsubscribeTokens({new_key}); }

TEST(UnsubscribeToken, carries_address_and_scope) {
  struct Case {
    std::string_view address;
    std::string_view scope;
    std::string_view key;
  };
  const std::string longest =
      std::string(64, 'x') + "@" + std::string(60, 'd') + "." + std::string(60, 'e') + ".example";
  for (const auto& [address, scope, key] : {
           Case{"Bob@iCloud.com", "global", "bob@icloud.com"},
           Case{"bob@me.com", "stream:news", "bob@me.com"},
           Case{"tinsel_lax.0c@mac.com", "stream:News-2", "tinsel_lax.0c@mac.com"},
           Case{"dpdcnf87nu@privaterelay.appleid.com", "list:news.example.com",
                "dpdcnf87nu@privaterelay.appleid.com"},
           Case{"a@private.icloud.com", "global", "a@private.icloud.com"},
           Case{"bob+shop@family.example", "global", "bob+shop@family.example"},
           Case{"\"a b\"@family.example", "stream:news", "\"a b\"@family.example"},
           Case{"\xc3\xbc@icloud.com", "global", "\xc3\xbc@icloud.com"},
           Case{longest, "stream:a-rather-long-name-for-a-stream", longest},
       }) {
    const std::string token = tokens().mint(mailbox(address), scope);
    const auto wish = tokens().read(token);
    ASSERT_TRUE(wish) << address << ": " << wish.error().text;
    EXPECT_EQ(*wish, (UnsubscribeWish{std::string(key), std::string(scope)}));
  }
}

// What is in sent mail has to be understood by every later version.
TEST(UnsubscribeToken, of_today_is_read_for_ever) {
  EXPECT_EQ(tokens().mint(mailbox("bob@icloud.com"), "stream:news"),
            "a2xveyfmdyjjtuoayjyer27ildc5q");
  EXPECT_EQ(tokens().mint(mailbox("Bob.Builder@family.example"), "global"),
            "a6fljb6kc4fnrdm5ng4r5hcf5257egfk5jc47fkwrpwgaurq");
  EXPECT_EQ(tokens().mint_mark(mailbox("bob@icloud.com"), "stream:news"), "bna3xmlsnxpr3xzaj");
}

TEST(UnsubscribeToken, fits_into_a_local_part_for_the_addresses_that_apple_gives_out) {
  // RFC 5321 §4.5.3.1.1: 64 octets; "unsubscribe+" takes 12 of them.
  EXPECT_LE(tokens().mint(mailbox("twenty.characters.xx@icloud.com"), "stream:news").size(), 52u);
  EXPECT_LE(
      tokens().mint(mailbox("dpdcnf87nu@privaterelay.appleid.com"), "stream:newsletter").size(),
      52u);
  EXPECT_LE(tokens().mint(mailbox("bob.builder@family.example"), "global").size(), 52u);
}

TEST(UnsubscribeToken, is_read_in_any_case_and_has_only_letters_and_digits) {
  const std::string token = tokens().mint(mailbox("bob@icloud.com"), "stream:news");
  std::string upper;
  for (const char c : token) {
    EXPECT_TRUE((c >= 'a' && c <= 'z') || is_digit(c)) << token;
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  EXPECT_EQ(tokens().read(upper), tokens().read(token));
  EXPECT_TRUE(tokens().read(upper));
}

TEST(UnsubscribeToken, is_the_same_each_time_and_another_for_each_wish) {
  std::set<std::string> seen;
  for (const std::string_view address : {"bob@icloud.com", "eve@icloud.com", "bob@me.com"}) {
    for (const std::string_view scope : {"global", "stream:news", "stream:offers", "list:news.x"}) {
      const std::string token = tokens().mint(mailbox(address), scope);
      EXPECT_EQ(tokens().mint(mailbox(address), scope), token);
      EXPECT_TRUE(seen.insert(token).second);
    }
  }
}

TEST(UnsubscribeToken, that_was_changed_anywhere_is_refused) {
  const std::string token = tokens().mint(mailbox("bob@icloud.com"), "stream:news");
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char other : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-+.@ \n")) {
      if (other == token[i]) continue;
      std::string forged = token;
      forged[i] = other;
      EXPECT_FALSE(tokens().read(forged)) << forged;
    }
    EXPECT_FALSE(tokens().read(token.substr(0, i))) << i;
    EXPECT_FALSE(tokens().read(token.substr(i + 1))) << i;
    EXPECT_FALSE(tokens().read(token + token.substr(i))) << i;
  }
}

TEST(UnsubscribeToken, of_strangers_is_refused_with_the_reason) {
  struct Case {
    std::string token;
    std::string_view told;
  };
  const std::string foreign =
      UnsubscribeTokens({old_key}).mint(mailbox("bob@icloud.com"), "global");
  for (const auto& [token, told] : {
           Case{"", "this is no token, or one of a later version"},
           Case{"c" + foreign.substr(1), "this is no token, or one of a later version"},
           Case{"a", "the token is not whole"},
           Case{"aaaaaaaaaaaaaaaaa", "the token is not whole"},
           Case{"a0000000000000000000000", "the token is not whole"},
           Case{foreign, "the token is not whole, or its key is no longer kept"},
           Case{std::string(1025, 'a'), "the token is too long to be one of ours"},
           Case{std::string(1000000, 'a'), "the token is too long to be one of ours"},
       }) {
    const auto wish = tokens().read(token);
    ASSERT_FALSE(wish) << token;
    EXPECT_EQ(wish.error(), (Error{Code::syntax, std::string(told)}));
  }
}

TEST(UnsubscribeToken, outlives_the_rotation_of_its_key_as_long_as_that_is_kept) {
  const std::string token = UnsubscribeTokens({old_key}).mint(mailbox("bob@icloud.com"), "global");
  const UnsubscribeTokens rotated({new_key, old_key});
  EXPECT_EQ(rotated.read(token).value(), (UnsubscribeWish{"bob@icloud.com", "global"}));
  EXPECT_EQ(rotated.mint(mailbox("bob@icloud.com"), "global"),
            tokens().mint(mailbox("bob@icloud.com"), "global"));
  EXPECT_NE(rotated.mint(mailbox("bob@icloud.com"), "global"), token);
}

TEST(UnsubscribeMark, proves_the_address_it_was_minted_with_and_no_other) {
  const std::string mark = tokens().mint_mark(mailbox("bob@icloud.com"), "stream:news");
  const std::vector<std::string> scopes = {"global", "stream:offers", "stream:news"};
  EXPECT_EQ(mark.size(), 17u);
  EXPECT_EQ(tokens().read_mark(mark, mailbox("BOB@icloud.com"), scopes),
            (UnsubscribeWish{"bob@icloud.com", "stream:news"}));
  EXPECT_EQ(tokens().read_mark("B" + mark.substr(1), mailbox("bob@icloud.com"), scopes),
            (UnsubscribeWish{"bob@icloud.com", "stream:news"}));
  EXPECT_FALSE(tokens().read_mark(mark, mailbox("eve@icloud.com"), scopes));
  EXPECT_FALSE(tokens().read_mark(mark, mailbox("bob@icloud.com"), {"global", "stream:offers"}));
  EXPECT_FALSE(tokens().read_mark(mark.substr(0, 16), mailbox("bob@icloud.com"), scopes));
  EXPECT_FALSE(tokens().read_mark("", mailbox("bob@icloud.com"), scopes));
  EXPECT_FALSE(tokens().read(mark)) << "a mark is no token";
}

TEST(Base32, is_that_of_rfc_4648) {
  struct Case {
    std::string_view octets;
    std::string_view text;
  };
  for (const auto& [octets, text] :
       {Case{"", ""}, Case{"f", "my"}, Case{"fo", "mzxq"}, Case{"foo", "mzxw6"},
        Case{"foob", "mzxw6yq"}, Case{"fooba", "mzxw6ytb"}, Case{"foobar", "mzxw6ytboi"}}) {
    EXPECT_EQ(to_base32(octets), text);
    EXPECT_EQ(from_base32(text), octets);
  }
  for (const std::string_view text : {"m", "mz", "mzx", "my======", "m0", "mzxw6yqaa", "mzxw6yr"}) {
    EXPECT_FALSE(from_base32(text)) << text;
  }
}

}  // namespace
}  // namespace icm
