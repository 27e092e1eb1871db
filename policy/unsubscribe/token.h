// SPDX-License-Identifier: Apache-2.0
//
// UnsubscribeTokens: the part of an unsubscribe address that says who wants to leave what, and that
// nobody else can write (RFC 8058 §3.1: opaque and hard to forge).
//
// A token carries the address itself, encrypted: whoever keeps it needs no list of what was minted,
// it works as long as its key is kept, and neither the log of a web server nor a forwarded mail
// shows an address. It is the same each time for the same address and scope. It has no end and may
// be used again: unsubscribing twice changes nothing, and links in old mail have to work.
//
// Form, version 1: "a" and, in the letters of RFC 4648 §6 in lower case without padding, ten octets
// of tag and the ciphertext. The tag is HMAC-SHA-256 of the plaintext, cut to the 80 bits that RFC
// 2104 §5 asks for at least; the ciphertext is the plaintext under the stream HMAC-SHA-256(tag,
// block number) of another key: Rogaway and Shrimpton's synthetic IV (2006), as RFC 5297 builds it
// of CMAC, where sixteen octets of tag would leave too little of a local part. Letters and digits
// of one case pass through everything that mail and web do to addresses.
//
// Plaintext: an octet (bits 0-2 a well-known domain, 3-4 the kind of scope, 5 packed), then local
// part, domain unless it is well-known, and name of the scope unless it is global, each field ended
// by 0 but the last. Packed, three symbols of a-z 0-9 . - _ and 0 make two octets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/base/mailbox.h"
#include "policy/base/result.h"

namespace icm {

// What the holder of a token may do: end the mail of this scope to this address.
struct UnsubscribeWish {
  std::string address;  // Mailbox::key()
  std::string scope;    // as suppression_scope() writes it
  bool operator==(const UnsubscribeWish&) const = default;
};

// Immutable, cheap to copy, safe from any thread.
class UnsubscribeTokens {
 public:
  static constexpr std::size_t most_octets = 1024;  // of a token, whatever it is made of

  // The keys as octets (read_secret_keys), at least one. The first mints, all of them read: so keys
  // are rotated.
  explicit UnsubscribeTokens(const std::vector<std::string>& keys);

  // `scope` must come from suppression_scope().
  std::string mint(const Mailbox& mailbox, std::string_view scope) const;

  // A mark of fixed length for the same wish, which proves the address but does not carry it: for
  // where a token does not fit. Whoever reads it must be told the address beside it.
  std::string mint_mark(const Mailbox& mailbox, std::string_view scope) const;

  // Code::syntax for whatever we did not mint; its text says nothing of what is inside, and finding
  // out takes as long for a good tag as for a bad one. Letters may be in any case.
  [[nodiscard]] Result<UnsubscribeWish> read(std::string_view token) const;

  // The first of `scopes` for which `mark` was minted with this address.
  std::optional<UnsubscribeWish> read_mark(std::string_view mark, const Mailbox& mailbox,
                                           const std::vector<std::string>& scopes) const;

 private:
  struct Keys {
    HmacSha256 tag;
    HmacSha256 stream;
    HmacSha256 mark;
  };
  static std::string seal(const Keys& keys, std::string_view plain);
  static std::optional<std::string> unseal(const Keys& keys, std::string_view sealed);
  static std::string mark_of(const Keys& keys, std::string_view plain);
  std::vector<Keys> keys_;
};

}  // namespace icm
