// SPDX-License-Identifier: Apache-2.0
//
// In which forms an address may stand in a store: as Mailbox::key(); as somebody else hashed it; or
// as a hash under a key of ours, where addresses are not to be kept.
//
// Lists are exchanged as SHA-256 or MD5, in hexadecimal digits, of the address without blanks
// around it and in lower case, which for mail addresses is what Mailbox::key() is.
#pragma once

#include <bitset>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/base/mailbox.h"
#include "policy/store/store.h"

namespace icm {

// How others hash addresses.
enum class AddressHash { sha256, md5 };

inline constexpr AddressHash all_address_hashes[] = {AddressHash::sha256, AddressHash::md5};

std::string_view to_string(AddressHash hash);  // "sha256"
std::optional<AddressHash> address_hash(std::string_view name);

enum class AddressForm {
  plain,         // bob@icloud.com
  sha256,        // sha256: and 64 digits
  md5,           // md5: and 32
  keyed,         // hmac: and 22 characters of base64url: 128 bits of HMAC-SHA-256 (RFC 2104 §5)
  keyed_sha256,  // hmac:sha256: and the same, of what the form sha256 is
  keyed_md5,     // hmac:md5:
};

inline constexpr AddressForm all_address_forms[] = {
    AddressForm::plain, AddressForm::sha256,       AddressForm::md5,
    AddressForm::keyed, AddressForm::keyed_sha256, AddressForm::keyed_md5};

using FormSet = std::bitset<std::size(all_address_forms)>;  // by the number of the form

// "sha256:"; empty for plain. No address begins so: a colon stands in no dot-atom, and what is
// quoted begins with a quote (RFC 5321 §4.1.2).
std::string_view prefix_of(AddressForm form);
AddressForm form_of(std::string_view stored);
bool is_keyed(AddressForm form);
AddressForm form_of(AddressHash hash);

// From the digits of a list. Code::syntax says what was expected.
[[nodiscard]] Result<std::string> form_of_digits(AddressHash hash, std::string_view digits);

// The digits of the address whose Mailbox::key() is `key`; empty where OpenSSL has no such hash.
std::string digits_of(AddressHash hash, std::string_view key);

// Whether `text` is a form other than a plain address, whole, as an export has it.
bool is_exported_form(std::string_view text);

// How a store keeps addresses: as they are, or under a key. Immutable, cheap to copy, safe from any
// thread.
class AddressForms {
 public:
  AddressForms() = default;  // as they are
  // The key has 32 octets or more.
  explicit AddressForms(std::string_view key) : key_(HmacSha256(key)) {}

  bool is_keyed() const { return key_.has_value(); }

  // Tells one key from another, and nothing else about it; empty without one. Kept with a list, so
  // that nobody reads it, or adds to it, under another key.
  std::string check_value() const;

  // What is written for a Mailbox::key(), or for what others hashed. What is hashed under a key
  // stays as it is.
  std::string stored(std::string_view address) const;

  // What is stored as an export has it: of a form under the key with the check value behind it, so
  // that no store of another key takes it in.
  std::string exported(std::string_view stored) const;
  // And back. Code::syntax for a form under a key that is not ours.
  [[nodiscard]] Result<std::string> taken_in(std::string_view address) const;

  // The form of a Mailbox::key(); empty where it is not to be had.
  std::string in_form(AddressForm form, std::string_view key) const;

  // All that may stand for a Mailbox::key(), the one that is written first: in the list; and in the
  // ledger, where nobody else hashes.
  std::vector<std::string> all(const std::string& key) const;
  std::vector<std::string> of_ledger(const std::string& key) const;

 private:
  std::string keyed(AddressForm form, std::string_view text) const;
  std::optional<HmacSha256> key_;
};

// A question about one mailbox, put in all forms in which the answer may stand.
class AddressQuestion {
 public:
  AddressQuestion(const AddressForms& forms, const Mailbox& mailbox, bool siblings);

  // What to look up: all different, and as many for every mailbox that has siblings, and for every
  // one that has none.
  const std::vector<std::string>& stored() const { return stored_; }

  // What was found, with addresses in the place of their forms.
  std::vector<Suppression> named(std::vector<Suppression> found) const;

 private:
  std::vector<std::string> stored_;
  std::vector<std::string> keys_;  // of the same places
};

// Why a list that was hashed under a key is not read by who has `check_value`. Code::config.
[[nodiscard]] tl::unexpected<Error> other_hash_key(std::string_view place,
                                                   std::string_view check_value);
bool is_other_hash_key(const Error& error);

}  // namespace icm
