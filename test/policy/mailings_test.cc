// SPDX-License-Identifier: Apache-2.0
#include "policy/mailings.h"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "policy/auth/crypto.h"

namespace icm {
namespace {

using std::chrono::minutes;

const WallTime now = *parse_time("2026-11-21T08:00:00Z");
const KeyedHash fixed_hash(KeyedHash::Key{1, 2});  // so that chance plays no part

const Address shop{.display_name = "Shop", .local = "news", .domain = "shop.example", .group = ""};

std::string copy_for(std::string_view name, int number) {
  return fmt::format(
      "Hello {},\r\n\r\n"
      "the leaves are falling and so are our prices: all coats, scarves and hats\r\n"
      "of the last season leave the house at half of what they were. Come and see\r\n"
      "them at https://shop.example/c/{} before the good ones are gone.\r\n\r\n"
      "Your shop at the corner of the market, open from morning to night\r\n"
      "Customer {}, voucher A{}\r\n",
      name, number, number * 7, number * 13);
}

const std::vector<std::string> names = {"Anna", "Ben", "Carla", "Dora",  "Emil", "Frida", "Gustav",
                                        "Hans", "Ida", "Jana",  "Klaus", "Lena", "Moritz"};

std::vector<Recipient> apple(const std::vector<std::string>& addresses) {
  std::vector<Recipient> recipients;
  for (const std::string& text : addresses) {
    recipients.push_back(
        {.text = text, .mailbox = *Mailbox::parse(text), .original = {}, .is_apple = true});
  }
  return recipients;
}

class MailingsTest : public testing::Test {
 protected:
  std::uint64_t template_of(std::string_view opening) const {
    return mailings.template_of(shop, "Half price", opening);
  }
  int note(std::uint64_t mail_template, const std::vector<std::string>& addresses,
           WallTime when = now) {
    return mailings.note(mail_template, apple(addresses), when, config);
  }

  Mailings mailings{fixed_hash};
  MailingsConfig config{.recipients = 3, .window = minutes{60}, .are_bulk = false};
};

TEST_F(MailingsTest, most_copies_are_alike_whatever_name_and_number_stands_in_them) {
  std::map<std::uint64_t, int> copies;
  for (int i = 0; i < 130; ++i) ++copies[template_of(copy_for(names[i % names.size()], 1000 + i))];
  const auto most =
      std::ranges::max_element(copies, {}, [](const auto& one) { return one.second; });
  EXPECT_GE(most->second, 100) << "of 130, in " << copies.size() << " groups";
}

TEST_F(MailingsTest, numbers_links_and_tokens_make_no_difference) {
  EXPECT_EQ(template_of(copy_for("Anna", 1)), template_of(copy_for("Anna", 98765)));
}

TEST_F(MailingsTest, encodings_make_no_difference) {
  const std::string plain = copy_for("Anna", 1);
  std::string quoted;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    quoted += plain[i] == 's' ? std::string("=73") : std::string(1, plain[i]);
    if (i % 60 == 59 && plain[i] != '\r') quoted += "=\r\n";
  }
  EXPECT_EQ(template_of(quoted), template_of(plain));
  const std::string all = to_base64(plain);
  std::string lines;
  for (std::size_t i = 0; i < all.size(); i += 76) lines += all.substr(i, 76) + "\r\n";
  EXPECT_EQ(template_of(lines), template_of(plain));
}

TEST_F(MailingsTest, the_delimiter_of_a_multipart_makes_no_difference) {
  const auto in_part = [](std::string_view boundary) {
    return fmt::format("--{}\r\nContent-Type: text/html\r\n\r\n<p class=\"x{}\">{}", boundary,
                       boundary, copy_for("Anna", 1));
  };
  EXPECT_EQ(template_of(in_part("aBcDeF")), template_of(in_part("uVwXyZ")));
}

TEST_F(MailingsTest, another_text_or_author_is_another_template) {
  const std::string text = copy_for("Anna", 1);
  EXPECT_NE(template_of(text), template_of("Dear Anna,\r\nwe have received your question.\r\n"));
  Address other = shop;
  other.local = "orders";
  EXPECT_NE(mailings.template_of(shop, "Half price", text),
            mailings.template_of(other, "Half price", text));
  other.local = "NEWS";
  EXPECT_EQ(mailings.template_of(shop, "Half price", text),
            mailings.template_of(other, "Half price", text));
}

TEST_F(MailingsTest, mail_without_words_is_told_apart_by_its_subject) {
  EXPECT_NE(mailings.template_of(shop, "Half price", ""),
            mailings.template_of(shop, "Your password", ""));
  EXPECT_EQ(mailings.template_of(shop, "=?utf-8?q?Half_price?=", "1\r\n"),
            mailings.template_of(shop, "Half price", "2\r\n"));
}

TEST_F(MailingsTest, another_process_gives_other_numbers) {
  EXPECT_NE(Mailings().template_of(shop, "s", "b"), Mailings().template_of(shop, "s", "b"));
}

TEST_F(MailingsTest, any_octets_have_a_template) {
  for (const std::string_view opening :
       {"=", "=\r\n=4", "<", "<a", "{", "{}", "\n\n\n", "--", "====\r\n", "<b></b>\0\xff"}) {
    EXPECT_EQ(template_of(opening), template_of(opening));
  }
}

TEST_F(MailingsTest, different_recipients_are_counted_each_once) {
  EXPECT_EQ(note(1, {"a@icloud.com"}), 1);
  EXPECT_EQ(note(1, {"A@icloud.com"}), 1);
  EXPECT_EQ(note(1, {"b@icloud.com"}), 2);
  EXPECT_EQ(note(2, {"c@icloud.com"}), 1);
  EXPECT_EQ(note(1, {"a@icloud.com", "c@icloud.com"}), 3);
}

TEST_F(MailingsTest, only_recipients_of_apple_are_counted) {
  std::vector<Recipient> recipients = apple({"a@icloud.com", "b@elsewhere.example"});
  recipients[1].is_apple = false;
  EXPECT_EQ(mailings.note(1, recipients, now, config), 1);
}

TEST_F(MailingsTest, no_more_is_counted_than_is_enough) {
  EXPECT_EQ(note(1, {"a@me.com", "b@me.com", "c@me.com", "d@me.com", "e@me.com"}), 3);
  EXPECT_EQ(note(1, {"f@me.com"}), 3);
  config.recipients = 2;
  EXPECT_EQ(note(1, {"g@me.com"}), 2);
}

TEST_F(MailingsTest, the_window_slides) {
  EXPECT_EQ(note(1, {"a@me.com"}), 1);
  EXPECT_EQ(note(1, {"b@me.com"}, now + minutes{40}), 2);
  EXPECT_EQ(note(1, {"c@me.com"}, now + minutes{60}), 2);
  EXPECT_EQ(note(1, {"b@me.com"}, now + minutes{90}), 2);
  EXPECT_EQ(note(1, {"d@me.com"}, now + minutes{110}), 3);
}

TEST_F(MailingsTest, when_there_are_enough_the_newest_are_kept) {
  EXPECT_EQ(note(1, {"a@me.com", "b@me.com", "c@me.com"}), 3);
  EXPECT_EQ(note(1, {"d@me.com", "e@me.com"}, now + minutes{30}), 3);
  EXPECT_EQ(note(1, {"f@me.com"}, now + minutes{60}), 3);
}

TEST_F(MailingsTest, the_template_that_was_not_seen_for_longest_is_forgotten) {
  note(1, {"a@me.com"});
  note(2, {"a@me.com"});
  for (std::uint64_t i = 0; i < Mailings::most_templates - 2; ++i) note(100 + i, {"a@me.com"});
  EXPECT_EQ(note(1, {"b@me.com"}), 2) << "all are known";
  note(99, {"a@me.com"});
  EXPECT_EQ(note(1, {"c@me.com"}), 3) << "it was just used";
  EXPECT_EQ(note(2, {"b@me.com"}), 1) << "it had to go";
}

TEST_F(MailingsTest, recipients_of_all_templates_together_are_bounded) {
  config.recipients = 1000;
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back(fmt::format("a{}@me.com", i));
  const std::vector<Recipient> recipients = apple(many);
  const std::uint64_t fit = Mailings::most_recipients / 1000;
  for (std::uint64_t i = 0; i <= fit; ++i) {
    EXPECT_EQ(mailings.note(i, recipients, now, config), 1000);
  }
  EXPECT_EQ(note(1, {"b@me.com"}), 1000) << "still known";
  EXPECT_EQ(note(0, {"b@me.com"}), 1) << "the first to go";
}

}  // namespace
}  // namespace icm
