// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/token_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "policy/base/text.h"
#include "policy/store/store.h"
#include "policy/unsubscribe/token.h"

namespace icm {
namespace {

constexpr std::string_view base32_letters = "abcdefghijklmnopqrstuvwxyz234567";

// By number, from 1; 0 is a domain that is spelled out. Never change what stands here: tokens live
// as long as the mail they are in.
constexpr std::array<std::string_view, 5> known_domains = {
    "icloud.com", "me.com", "mac.com", "privaterelay.appleid.com", "private.icloud.com"};
constexpr std::array<std::string_view, 3> scope_kinds = {"global", "stream:", "list:"};

constexpr unsigned packed_bit = 1u << 5;
constexpr unsigned unused_bits = 0xc0u;

// Symbols 1 to 39 of packed text; 0 ends a field.
constexpr std::string_view symbols = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
constexpr unsigned radix = 40;  // 40^3 fits into two octets

std::optional<std::string> packed(std::string_view text) {
  std::vector<unsigned> numbers;
  for (const char c : text) {
    const std::size_t at = symbols.find(c);
    if (c != '\0' && at == std::string_view::npos) return std::nullopt;
    numbers.push_back(c == '\0' ? 0u : static_cast<unsigned>(at) + 1);
  }
  std::string octets;
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    if (i + 1 == numbers.size()) {  // one alone needs one octet
      octets += static_cast<char>(numbers[i]);
      break;
    }
    const unsigned third = i + 2 < numbers.size() ? numbers[i + 2] : 0;
    const unsigned value = (numbers[i] * radix + numbers[i + 1]) * radix + third;
    octets += static_cast<char>(value >> 8);
    octets += static_cast<char>(value & 0xffu);
  }
  return octets;
}

std::optional<std::string> unpacked(std::string_view octets) {
  std::string text;
  const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(octets[at]); };
  const auto add = [&](unsigned number) { text += number == 0 ? '\0' : symbols[number - 1]; };
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    if (i + 1 == octets.size()) {
      if (octet(i) == 0 || octet(i) >= radix) return std::nullopt;
      add(octet(i));
      break;
    }
    const unsigned value = octet(i) * 256u + octet(i + 1);
    if (value >= radix * radix * radix) return std::nullopt;
    add(value / (radix * radix));
    add(value / radix % radix);
    add(value % radix);
  }
  // No field is empty, so a 0 at the end fills up the last three.
  if (text.ends_with('\0')) text.pop_back();
  return text;
}

}  // namespace

std::string to_base32(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : octets) {
    bits = (bits << 8 | static_cast<std::uint8_t>(c)) & 0xfffu;
    for (count += 8; count >= 5; count -= 5) text += base32_letters[bits >> (count - 5) & 31u];
  }
  if (count > 0) text += base32_letters[bits << (5 - count) & 31u];
  return text;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string octets;
  octets.reserve(text.size() * 5 / 8);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = base32_letters.find(lower_ascii(c));
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfffu;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    octets += static_cast<char>(bits >> count & 0xffu);
  }
  // One text for the same octets only: no bits left that say nothing, no letters that say nothing.
  const bool has_rest = count >= 5 || (bits & ((1u << count) - 1)) != 0;
  if (has_rest) return std::nullopt;
  return octets;
}

std::string to_plain(const UnsubscribeWish& wish) {
  const std::size_t at = wish.address.rfind('@');
  std::string text = wish.address.substr(0, at);
  const std::string_view domain = std::string_view(wish.address).substr(at + 1);
  const auto known = std::find(known_domains.begin(), known_domains.end(), domain);
  unsigned flags = 0;
  if (known == known_domains.end()) {
    text += '\0';
    text += domain;
  } else {
    flags = static_cast<unsigned>(std::distance(known_domains.begin(), known)) + 1;
  }
  for (unsigned kind = 1; kind < scope_kinds.size(); ++kind) {
    if (!wish.scope.starts_with(scope_kinds[kind])) continue;
    flags |= kind << 3;
    text += '\0';
    text += std::string_view(wish.scope).substr(scope_kinds[kind].size());
  }
  const std::optional<std::string> short_text = packed(text);
  if (short_text) flags |= packed_bit;
  return static_cast<char>(flags) + (short_text ? *short_text : text);
}

std::optional<UnsubscribeWish> from_plain(std::string_view plain) {
  if (plain.empty()) return std::nullopt;
  const unsigned flags = static_cast<std::uint8_t>(plain.front());
  const unsigned domain = flags & 7u;
  const unsigned kind = flags >> 3 & 3u;
  if ((flags & unused_bits) != 0 || domain > known_domains.size() || kind >= scope_kinds.size()) {
    return std::nullopt;
  }
  const std::optional<std::string> text = (flags & packed_bit) != 0
                                              ? unpacked(plain.substr(1))
                                              : std::optional(std::string(plain.substr(1)));
  if (!text) return std::nullopt;
  const std::vector<std::string_view> fields = split(*text, '\0');
  const std::size_t expected = 1u + (domain == 0 ? 1u : 0u) + (kind == 0 ? 0u : 1u);
  if (fields.size() != expected) return std::nullopt;

  UnsubscribeWish wish;
  wish.address = fields.front();
  wish.address += '@';
  wish.address += domain == 0 ? fields[1] : known_domains[domain - 1];
  wish.scope = scope_kinds[kind];
  if (kind != 0) wish.scope += fields.back();
  const auto mailbox = Mailbox::parse(wish.address);
  const auto scope = suppression_scope(wish.scope);
  if (!mailbox || mailbox->key() != wish.address || !scope || *scope != wish.scope ||
      to_plain(wish) != plain) {
    return std::nullopt;
  }
  return wish;
}

}  // namespace icm
