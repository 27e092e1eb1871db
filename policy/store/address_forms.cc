// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_forms.h"

#include <algorithm>

#include "policy/auth/md5.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t octets_kept = 16;          // RFC 2104 §5: no less than half of the hash
constexpr std::size_t characters_of_keyed = 22;  // of base64 without padding
constexpr std::string_view check_text = "icloud-milter: which key is it";  // no address, no hash

std::string hexadecimal(std::string_view octets) {
  std::string digits;
  for (const char octet : octets) {
    digits += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  }
  return digits;
}

// RFC 4648 §5, without padding.
std::string to_base64url(std::string_view octets) {
  std::string text = to_base64(octets);
  text.erase(text.find_last_not_of('=') + 1);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

bool is_base64url(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
}

std::size_t digits_in(AddressHash hash) {
  switch (hash) {
    case AddressHash::sha256:
      return 64;
    case AddressHash::md5:
      return 32;
  }
  return 0;
}

}  // namespace

std::string_view to_string(AddressHash hash) {
  switch (hash) {
    case AddressHash::sha256:
      return "sha256";
    case AddressHash::md5:
      return "md5";
  }
  return "invalid";
}

std::optional<AddressHash> address_hash(std::string_view name) {
  for (const AddressHash hash : all_address_hashes) {
    if (name == to_string(hash)) return hash;
  }
  return std::nullopt;
}

std::string_view prefix_of(AddressForm form) {
  switch (form) {
    case AddressForm::plain:
      return "";
    case AddressForm::sha256:
      return "sha256:";
    case AddressForm::md5:
      return "md5:";
    case AddressForm::keyed:
      return "hmac:";
    case AddressForm::keyed_sha256:
      return "hmac:sha256:";
    case AddressForm::keyed_md5:
      return "hmac:md5:";
  }
  return "invalid:";
}

AddressForm form_of(std::string_view stored) {
  for (const AddressForm form : {AddressForm::keyed_sha256, AddressForm::keyed_md5,
                                 AddressForm::keyed, AddressForm::sha256, AddressForm::md5}) {
    if (stored.starts_with(prefix_of(form))) return form;
  }
  return AddressForm::plain;
}

bool is_keyed(AddressForm form) {
  switch (form) {
    case AddressForm::plain:
    case AddressForm::sha256:
    case AddressForm::md5:
      return false;
    case AddressForm::keyed:
    case AddressForm::keyed_sha256:
    case AddressForm::keyed_md5:
      return true;
  }
  return false;
}

AddressForm form_of(AddressHash hash) {
  switch (hash) {
    case AddressHash::sha256:
      return AddressForm::sha256;
    case AddressHash::md5:
      return AddressForm::md5;
  }
  return AddressForm::plain;
}

Result<std::string> form_of_digits(AddressHash hash, std::string_view digits) {
  const std::string text = lower_ascii(trim(digits));
  const bool is_hexadecimal =
      std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  if (is_hexadecimal && text.size() == digits_in(hash)) {
    return std::string(prefix_of(form_of(hash))) + text;
  }
  return fail(Code::syntax,
              fmt::format("address: expected {} hexadecimal digits of {}, found \"{}\"",
                          digits_in(hash), to_string(hash), for_log(digits, 80)));
}

std::string digits_of(AddressHash hash, std::string_view key) {
  switch (hash) {
    case AddressHash::sha256:
      return hexadecimal(octets_of(sha256(key)));
    case AddressHash::md5:
      return hexadecimal(md5(key));
  }
  return {};
}

bool is_exported_form(std::string_view text) {
  const AddressForm form = form_of(text);
  const std::string_view rest = text.substr(prefix_of(form).size());
  for (const AddressHash hash : all_address_hashes) {
    if (form == form_of(hash)) return form_of_digits(hash, rest) == text;
  }
  return is_keyed(form) && rest.size() == 2 * characters_of_keyed + 1 &&
         rest[characters_of_keyed] == ':' && is_base64url(rest.substr(0, characters_of_keyed)) &&
         is_base64url(rest.substr(characters_of_keyed + 1));
}

std::string AddressForms::keyed(AddressForm form, std::string_view text) const {
  if (!key_ || text.empty()) return {};
  const Sha256Digest digest = (*key_)(text);
  return std::string(prefix_of(form)) + to_base64url(octets_of(digest).substr(0, octets_kept));
}

std::string AddressForms::check_value() const {
  return key_ ? keyed(AddressForm::plain, check_text) : std::string();
}

std::string AddressForms::stored(std::string_view address) const {
  const AddressForm form = form_of(address);
  if (!key_ || icm::is_keyed(form)) return std::string(address);
  switch (form) {
    case AddressForm::sha256:
      return keyed(AddressForm::keyed_sha256, address);
    case AddressForm::md5:
      return keyed(AddressForm::keyed_md5, address);
    case AddressForm::plain:
    case AddressForm::keyed:
    case AddressForm::keyed_sha256:
    case AddressForm::keyed_md5:
      break;
  }
  return keyed(AddressForm::keyed, address);
}

std::string AddressForms::exported(std::string_view stored) const {
  if (!icm::is_keyed(form_of(stored))) return std::string(stored);
  return fmt::format("{}:{}", stored, check_value());
}

Result<std::string> AddressForms::taken_in(std::string_view address) const {
  if (!icm::is_keyed(form_of(address))) return std::string(address);
  const std::string end = ":" + check_value();
  if (is_keyed() && address.ends_with(end)) {
    return std::string(address.substr(0, address.size() - end.size()));
  }
  return fail(Code::syntax,
              fmt::format("address: expected one that is hashed under the key of this "
                          "store (store.hash_key_file), found \"{}\"",
                          for_log(address, 80)));
}

std::string AddressForms::in_form(AddressForm form, std::string_view key) const {
  const auto hashed = [&](AddressHash hash) {
    const std::string digits = digits_of(hash, key);
    return digits.empty() ? std::string() : std::string(prefix_of(form_of(hash))) + digits;
  };
  switch (form) {
    case AddressForm::plain:
      return std::string(key);
    case AddressForm::sha256:
      return hashed(AddressHash::sha256);
    case AddressForm::md5:
      return hashed(AddressHash::md5);
    case AddressForm::keyed:
      return keyed(form, key);
    case AddressForm::keyed_sha256:
      return keyed(form, hashed(AddressHash::sha256));
    case AddressForm::keyed_md5:
      return keyed(form, hashed(AddressHash::md5));
  }
  return {};
}

std::vector<std::string> AddressForms::all(const std::string& key) const {
  std::vector<std::string> forms{stored(key)};
  for (const AddressForm form : all_address_forms) {
    std::string text = in_form(form, key);
    if (!text.empty() && text != forms.front()) forms.push_back(std::move(text));
  }
  return forms;
}

std::vector<std::string> AddressForms::of_ledger(const std::string& key) const {
  std::vector<std::string> forms{stored(key)};
  if (forms.front() != key) forms.push_back(key);
  return forms;
}

AddressQuestion::AddressQuestion(const AddressForms& forms, const Mailbox& mailbox, bool siblings) {
  const auto ask = [&](const std::string& key) {
    for (std::string& form : forms.all(key)) {
      stored_.push_back(std::move(form));
      keys_.push_back(key);
    }
  };
  ask(mailbox.key());
  if (!siblings) return;
  for (const std::string& sibling : sibling_keys(mailbox)) ask(sibling);
}

std::vector<Suppression> AddressQuestion::named(std::vector<Suppression> found) const {
  for (Suppression& entry : found) {
    const auto place = std::ranges::find(stored_, entry.address);
    if (place == stored_.end()) continue;
    entry.address = keys_[static_cast<std::size_t>(place - stored_.begin())];
  }
  return found;
}

namespace {
constexpr std::string_view words_of_other_key = "its addresses are hashed under ";
}  // namespace

tl::unexpected<Error> other_hash_key(std::string_view place, std::string_view check_value) {
  return fail(Code::config, fmt::format("{}: {}{}, and nobody could be found in it; expected in "
                                        "store.hash_key_file the key that they were hashed under",
                                        place, words_of_other_key,
                                        check_value.empty() ? "a key" : "another key"));
}

bool is_other_hash_key(const Error& error) {
  return error.code == Code::config && error.text.find(words_of_other_key) != std::string::npos;
}

}  // namespace icm
