// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/token.h"

#include <algorithm>

#include "policy/unsubscribe/token_text.h"

namespace icm {
namespace {

constexpr char token_version = 'a';
constexpr char mark_version = 'b';
constexpr std::size_t tag_octets = 10;

// Each use of a key has a key of its own, so that what one gives away is nothing to the others.
HmacSha256 derived(std::string_view key, std::string_view purpose) {
  return HmacSha256(octets_of(HmacSha256(key)(purpose)));
}

std::string cut(const Sha256Digest& digest) {
  return std::string(octets_of(digest).substr(0, tag_octets));
}

// `text` under the stream that belongs to this tag; twice is `text` again.
std::string masked(const HmacSha256& stream, std::string_view tag, std::string_view text) {
  std::string result(text);
  std::string block(tag);
  block += '\0';
  for (std::size_t begin = 0; begin < text.size(); begin += sizeof(Sha256Digest)) {
    const Sha256Digest mask = stream(block);
    const std::size_t size = std::min(mask.size(), text.size() - begin);
    for (std::size_t i = 0; i < size; ++i) {
      result[begin + i] = static_cast<char>(static_cast<unsigned char>(text[begin + i]) ^ mask[i]);
    }
    ++block.back();  // of at most most_octets / 32 blocks
  }
  return result;
}

}  // namespace

UnsubscribeTokens::UnsubscribeTokens(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    keys_.push_back({derived(key, "icloud-milter unsubscribe token 1: tag"),
                     derived(key, "icloud-milter unsubscribe token 1: stream"),
                     derived(key, "icloud-milter unsubscribe token 1: mark")});
  }
}

std::string UnsubscribeTokens::seal(const Keys& keys, std::string_view plain) {
  const std::string tag = cut(keys.tag(plain));
  return token_version + to_base32(tag + masked(keys.stream, tag, plain));
}

std::optional<std::string> UnsubscribeTokens::unseal(const Keys& keys, std::string_view sealed) {
  const std::string_view tag = sealed.substr(0, tag_octets);
  std::string plain = masked(keys.stream, tag, sealed.substr(tag_octets));
  if (!equal_secrets(cut(keys.tag(plain)), tag)) return std::nullopt;
  return plain;
}

std::string UnsubscribeTokens::mark_of(const Keys& keys, std::string_view plain) {
  return mark_version + to_base32(cut(keys.mark(plain)));
}

std::string UnsubscribeTokens::mint(const Mailbox& mailbox, std::string_view scope) const {
  return seal(keys_.front(), to_plain({mailbox.key(), std::string(scope)}));
}

std::string UnsubscribeTokens::mint_mark(const Mailbox& mailbox, std::string_view scope) const {
  return mark_of(keys_.front(), to_plain({mailbox.key(), std::string(scope)}));
}

Result<UnsubscribeWish> UnsubscribeTokens::read(std::string_view token) const {
  const auto refuse = [](std::string_view why) { return fail(Code::syntax, std::string(why)); };
  if (token.size() > most_octets) return refuse("the token is too long to be one of ours");
  if (token.empty() || (token.front() | 0x20) != token_version) {
    return refuse("this is no token, or one of a later version");
  }
  const std::optional<std::string> sealed = from_base32(token.substr(1));
  if (!sealed || sealed->size() <= tag_octets) return refuse("the token is not whole");
  // All keys are tried, whichever fits: time says nothing.
  std::optional<std::string> plain;
  for (const Keys& keys : keys_) {
    if (auto found = unseal(keys, *sealed)) plain = std::move(found);
  }
  if (!plain) return refuse("the token is not whole, or its key is no longer kept");
  std::optional<UnsubscribeWish> wish = from_plain(*plain);
  if (!wish) return refuse("the token holds what this version does not write");
  return *std::move(wish);
}

std::optional<UnsubscribeWish> UnsubscribeTokens::read_mark(
    std::string_view mark, const Mailbox& mailbox, const std::vector<std::string>& scopes) const {
  std::string folded;
  for (const char c : mark.substr(0, most_octets)) {
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  std::optional<UnsubscribeWish> found;
  for (const std::string& scope : scopes) {
    const UnsubscribeWish wish{mailbox.key(), scope};
    const std::string plain = to_plain(wish);
    for (const Keys& keys : keys_) {
      if (equal_secrets(mark_of(keys, plain), folded) && !found) found = wish;
    }
  }
  return found;
}

}  // namespace icm
