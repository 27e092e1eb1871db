// SPDX-License-Identifier: Apache-2.0
//
// What a sender chooses costs no more than it is worth: macros, tags, keys.
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/auth/crypto.h"
#include "policy/auth/spf_macro.h"
#include "policy/auth/tag_list.h"
#include "policy/dns/resolver.h"

namespace icm {
namespace {

SpfMacroString repeated(std::string_view term, std::size_t times, SpfMacroUse use) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += term;
  return parse_spf_macro_string(text, use).value();
}

// What the letters stand for when that local part sends; keeps what SpfMacroValues refers to.
class Sender {
 public:
  explicit Sender(std::string local_part) : local_(std::move(local_part)) {}
  SpfMacroValues values() const {
    return {.sender_local = local_,
            .sender_domain = domain_,
            .domain = domain_,
            .client = client_,
            .helo = domain_,
            .receiver = domain_,
            .now = {},
            .validated_name = {}};
  }

 private:
  std::string local_;
  std::string domain_ = "example.com";
  IpAddress client_ = IpAddress::parse("192.0.2.1").value();
};

std::string one_letter_labels(std::size_t count) {
  std::string labels = "a";
  for (std::size_t i = 1; i < count; ++i) labels += ".a";
  return labels;
}

TEST(ExpandSpfDomain, looks_no_further_left_than_a_name_is_long) {
  const Sender sender(one_letter_labels(1000));
  const SpfMacroValues values = sender.values();
  const std::string one = expand_spf_domain(repeated("%{l}.", 1, SpfMacroUse::domain), values);
  EXPECT_EQ(one, one_letter_labels(127));
  EXPECT_EQ(expand_spf_domain(repeated("%{l}.", 15000, SpfMacroUse::domain), values), one);
}

TEST(ExpandSpfDomain, takes_whole_labels_off) {
  const std::string label(63, 'b');
  const auto text = repeated(label + "." + label + "." + label + "." + label + ".example.com", 1,
                             SpfMacroUse::domain);
  EXPECT_EQ(expand_spf_domain(text, Sender("a").values()),
            label + "." + label + "." + label + ".example.com");
  const auto one_label = repeated("%{l}", 1, SpfMacroUse::domain);
  EXPECT_EQ(expand_spf_domain(one_label, Sender(std::string(300, 'x')).values()),
            std::string(300, 'x'));
}

TEST(ExpandSpfMacros, makes_no_explanation_longer_than_a_reply) {
  const auto text = repeated("%{l}", 15000, SpfMacroUse::explanation);
  EXPECT_EQ(expand_spf_macros(text, Sender(std::string(1000, 'x')).values()),
            std::string(4096, 'x'));
}

TEST(TagList, has_a_hundred_tags_at_most) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += fmt::format("a{}=1;", i);
  EXPECT_TRUE(TagList::parse(text));
  const auto one_more = TagList::parse(text + "b=1");
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().text, "more than 100 tags");
}

TEST(DnsAnswer, is_kept_in_parsed_form_only_when_it_is_small) {
  DnsAnswer answer;
  answer.texts = {std::string(4000, 'x'), std::string(96, 'x')};
  EXPECT_TRUE(answer.is_small());
  answer.texts.emplace_back("x");
  EXPECT_FALSE(answer.is_small());
}

// RFC 8017 appendix A.1.1: RSAPublicKey with a modulus of `octets` and this exponent.
std::string rsa_public_key(std::size_t octets, const std::string& exponent) {
  const auto integer = [](const std::string& value) {
    return std::string("\x02\x82") + static_cast<char>(value.size() >> 8) +
           static_cast<char>(value.size() & 0xff) + value;
  };
  const std::string body =
      integer(std::string(1, '\0') + std::string(octets, '\xc5')) + integer(exponent);
  return std::string("\x30\x82") + static_cast<char>(body.size() >> 8) +
         static_cast<char>(body.size() & 0xff) + body;
}

TEST(PublicKey, of_any_size_is_not_taken) {
  const std::string usual("\x01\x00\x01", 3);
  EXPECT_TRUE(PublicKey::from_octets(KeyType::rsa, rsa_public_key(1024, usual)));
  const auto huge = PublicKey::from_octets(KeyType::rsa, rsa_public_key(1025, usual));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().text,
            "RSA key of 8200 bits: expected at most 8192, and an exponent of at most 64 bits");
  EXPECT_FALSE(
      PublicKey::from_octets(KeyType::rsa, rsa_public_key(256, "\x01" + std::string(8, '\1'))));
}

}  // namespace
}  // namespace icm
