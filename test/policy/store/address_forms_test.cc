// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_forms.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

const std::string key(32, 'a');
const std::string other_key(32, 'b');

// printf bob@icloud.com | sha256sum; the same with md5sum
constexpr auto sha256_of_bob = "162b36e08e67955ad22f3b015fdb89fe2b930b3e2eca51fdc0682b2d5a17454f";
constexpr auto md5_of_bob = "a1629caa52317633473a5e48f3132a06";
// printf bob@icloud.com | openssl dgst -sha256 -mac HMAC -macopt key:aaa… -binary | head -c16
constexpr auto hmac_of_bob = "hmac:uG-OF0xZHPIE0orQ2EFT7A";

TEST(AddressForms, hash_as_others_do) {
  EXPECT_EQ(digits_of(AddressHash::sha256, "bob@icloud.com"), sha256_of_bob);
  EXPECT_EQ(digits_of(AddressHash::md5, "bob@icloud.com"), md5_of_bob);
  EXPECT_EQ(form_of_digits(AddressHash::md5, " A1629CAA52317633473A5E48F3132A06\t"),
            "md5:" + std::string(md5_of_bob));
  EXPECT_EQ(form_of_digits(AddressHash::md5, "bob").error(),
            (Error{Code::syntax, "address: expected 32 hexadecimal digits of md5, found \"bob\""}));
}

TEST(AddressForms, leave_addresses_as_they_are_without_a_key) {
  const AddressForms plain;
  EXPECT_EQ(plain.stored("bob@icloud.com"), "bob@icloud.com");
  EXPECT_EQ(plain.check_value(), "");
  EXPECT_EQ(plain.all("bob@icloud.com"),
            (std::vector<std::string>{"bob@icloud.com", "sha256:" + std::string(sha256_of_bob),
                                      "md5:" + std::string(md5_of_bob)}));
}

TEST(AddressForms, are_hashes_under_a_key_whatever_they_were) {
  const AddressForms keyed(key);
  EXPECT_EQ(keyed.stored("bob@icloud.com"), hmac_of_bob);
  EXPECT_EQ(keyed.stored(hmac_of_bob), hmac_of_bob);
  const std::string foreign = keyed.stored("md5:" + std::string(md5_of_bob));
  EXPECT_TRUE(foreign.starts_with("hmac:md5:")) << foreign;
  const std::vector<std::string> all = keyed.all("bob@icloud.com");
  EXPECT_EQ(all.size(), 6u);
  EXPECT_EQ(all.front(), hmac_of_bob);
  EXPECT_NE(std::find(all.begin(), all.end(), foreign), all.end());
  EXPECT_NE(AddressForms(other_key).stored("bob@icloud.com"), hmac_of_bob);
  EXPECT_NE(AddressForms(other_key).check_value(), keyed.check_value());
}

TEST(AddressForms, go_out_with_the_check_value_and_come_back_to_the_same_key_alone) {
  const AddressForms keyed(key);
  const std::string out = keyed.exported(hmac_of_bob);
  EXPECT_EQ(out, std::string(hmac_of_bob) + ":" + keyed.check_value());
  EXPECT_TRUE(is_exported_form(out));
  EXPECT_EQ(keyed.taken_in(out), hmac_of_bob);
  EXPECT_FALSE(is_exported_form(hmac_of_bob));
  EXPECT_FALSE(is_exported_form("bob@icloud.com"));
  for (const AddressForms& others : {AddressForms(other_key), AddressForms()}) {
    EXPECT_EQ(others.taken_in(out).error(),
              (Error{Code::syntax,
                     "address: expected one that is hashed under the key of this store "
                     "(store.hash_key_file), found \"" +
                         out + "\""}));
  }
  EXPECT_EQ(keyed.exported("md5:x"), "md5:x");
}

TEST(AddressForms, name_what_was_found_by_the_address_that_was_asked_for) {
  const AddressForms keyed(key);
  const AddressQuestion question(keyed, *Mailbox::parse("Bob@me.com"), true);
  EXPECT_EQ(question.stored().size(), 18u);
  Suppression one;
  one.address = hmac_of_bob;
  EXPECT_EQ(question.named({one}).front().address, "bob@icloud.com");
}

}  // namespace
}  // namespace icm
