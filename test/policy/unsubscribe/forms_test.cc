// SPDX-License-Identifier: Apache-2.0
//
// The forms of an unsubscribe address: legal, as RFC 8058 asks, and found again where mail comes
// in.
#include "policy/unsubscribe/forms.h"

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "policy/message/list_headers.h"
#include "policy/message/uri.h"

namespace icm {
namespace {

const UnsubscribeTokens tokens({std::string(32, 'n')});
const UnsubscribePlace place{.url = "https://news.example.com/unsubscribe",
                             .mailto = "unsubscribe@news.example.com",
                             .delimiter = "+"};

Mailbox mailbox(std::string_view text) { return Mailbox::parse(text).value(); }

TEST(UnsubscribeForms, of_an_apple_address_carry_the_token_in_both) {
  const UnsubscribeForms forms =
      unsubscribe_forms(tokens, place, mailbox("bob@icloud.com"), "stream:news");
  EXPECT_EQ(forms.https, "https://news.example.com/unsubscribe/a2xveyfmdyjjtuoayjyer27ildc5q");
  EXPECT_EQ(forms.mailto, "mailto:unsubscribe+a2xveyfmdyjjtuoayjyer27ildc5q@news.example.com");
  EXPECT_TRUE(forms.has_whole_token);
  EXPECT_EQ(list_unsubscribe_value(forms),
            "<https://news.example.com/unsubscribe/a2xveyfmdyjjtuoayjyer27ildc5q>,\n "
            "<mailto:unsubscribe+a2xveyfmdyjjtuoayjyer27ildc5q@news.example.com>");
  EXPECT_EQ(list_unsubscribe_post_value(forms), "List-Unsubscribe=One-Click");
}

TEST(UnsubscribeForms, of_a_long_address_have_a_mark_and_the_token_in_the_subject) {
  const Mailbox long_one = mailbox("a.long.name+with-many-words.2026@a-family-with-a-name.example");
  const UnsubscribeForms forms = unsubscribe_forms(tokens, place, long_one, "stream:news");
  EXPECT_FALSE(forms.has_whole_token);
  EXPECT_EQ(forms.mailto, "mailto:unsubscribe+" + tokens.mint_mark(long_one, "stream:news") +
                              "@news.example.com?subject=unsubscribe%20" +
                              tokens.mint(long_one, "stream:news"));
}

TEST(UnsubscribeForms, of_a_long_address_and_a_list_have_the_token_in_the_subject_alone) {
  const Mailbox long_one = mailbox("a.long.name+with-many-words.2026@a-family-with-a-name.example");
  const std::string token = tokens.mint(long_one, "list:news.example.com");
  const auto minted = [&](std::string mailto) {
    const UnsubscribePlace other{place.url, std::move(mailto), place.delimiter};
    return unsubscribe_forms(tokens, other, long_one, "list:news.example.com").mailto;
  };
  EXPECT_EQ(minted("leave@news.example.com"),
            "mailto:leave@news.example.com?subject=unsubscribe%20" + token);
  EXPECT_EQ(minted("leave.example.com"),
            "mailto:unsubscribe@leave.example.com?subject=unsubscribe%20" + token);
}

TEST(UnsubscribeForms, are_uris_that_other_programs_read) {
  for (const std::string_view address :
       {"bob@icloud.com", "\"a b\"@family.example",
        "a.long.name+with-many-words.2026@a-family-with-a-name.example"}) {
    for (const std::string_view mailto :
         {"unsubscribe@news.example.com", "leave.example.com", "u=v&w@news.example.com"}) {
      const UnsubscribePlace other{place.url + "/", std::string(mailto), "="};
      const UnsubscribeForms forms =
          unsubscribe_forms(tokens, other, mailbox(address), "list:news.example.com");
      const ListUrls list = parse_list_urls(list_unsubscribe_value(forms));
      EXPECT_FALSE(list.fault);
      ASSERT_EQ(list.urls.size(), 2u);
      EXPECT_FALSE(list.urls[0].had_blanks || list.urls[1].had_blanks);
      const auto https = Uri::parse(list.urls[0].text);
      ASSERT_TRUE(https);
      EXPECT_TRUE(check_https(*https));
      const auto uri = Uri::parse(list.urls[1].text);
      ASSERT_TRUE(uri);
      const auto mailboxes = parse_mailto(*uri);
      ASSERT_TRUE(mailboxes) << list.urls[1].text;
      ASSERT_EQ(mailboxes->size(), 1u);
      EXPECT_LE(mailboxes->front().local().size(), 64u) << "RFC 5321 section 4.5.3.1.1";

      // And what they point at is found again.
      const auto given = token_of_recipient(other, mailboxes->front());
      ASSERT_TRUE(given);
      EXPECT_EQ(tokens.read(*given).has_value(), forms.has_whole_token) << *given;
      const auto token = token_of_path(other, https->path);
      ASSERT_TRUE(token);
      EXPECT_EQ(tokens.read(*token).value().address, mailbox(address).key());
    }
  }
}

TEST(UnsubscribeForms, are_left_out_where_the_site_does_not_take_them) {
  const UnsubscribeForms https_only =
      unsubscribe_forms(tokens, {place.url, "", "+"}, mailbox("bob@icloud.com"), "global");
  EXPECT_EQ(https_only.mailto, "");
  EXPECT_EQ(list_unsubscribe_value(https_only), "<" + https_only.https + ">");
  const UnsubscribeForms mailto_only =
      unsubscribe_forms(tokens, {"", place.mailto, "+"}, mailbox("bob@icloud.com"), "global");
  EXPECT_EQ(mailto_only.https, "");
  EXPECT_EQ(list_unsubscribe_value(mailto_only), "<" + mailto_only.mailto + ">");
  EXPECT_EQ(list_unsubscribe_post_value(mailto_only), "")
      << "nothing to send the POST to (RFC 8058 section 3.1)";
}

TEST(UnsubscribeForms, are_looked_for_in_addresses_of_this_site_alone) {
  const UnsubscribePlace domain{"", "leave.example.com", "+"};
  struct Case {
    const UnsubscribePlace& place;
    std::string_view recipient;
    std::optional<std::string> token;
  };
  for (const auto& [where, recipient, token] : {
           Case{place, "unsubscribe+abc@news.example.com", "abc"},
           Case{place, "UNSUBSCRIBE+ABC@NEWS.example.COM", "ABC"},
           Case{place, "unsubscribe@news.example.com", ""},
           Case{place, "unsubscribe-abc@news.example.com", std::nullopt},
           Case{place, "unsubscribed+abc@news.example.com", std::nullopt},
           Case{place, "unsubscribe+abc@example.com", std::nullopt},
           Case{domain, "abc@leave.example.com", "abc"},
           Case{domain, "Unsubscribe@leave.example.com", ""},
           Case{domain, "abc@example.com", std::nullopt},
       }) {
    EXPECT_EQ(token_of_recipient(where, mailbox(recipient)), token) << recipient;
  }
}

TEST(UnsubscribeForms, are_looked_for_in_paths_of_this_site_alone) {
  struct Case {
    std::string_view path;
    std::optional<std::string> token;
  };
  for (const auto& [path, token] :
       {Case{"/unsubscribe/abc", "abc"}, Case{"/unsubscribe/", ""}, Case{"/unsubscribe", ""},
        Case{"/unsubscribe/abc/def", "abc/def"}, Case{"/unsubscribed/abc", std::nullopt},
        Case{"/", std::nullopt}, Case{"", std::nullopt}, Case{"/other/abc", std::nullopt}}) {
    EXPECT_EQ(token_of_path(place, path), token) << path;
  }
}

}  // namespace
}  // namespace icm
