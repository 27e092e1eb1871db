// SPDX-License-Identifier: Apache-2.0
//
// What signatures are made of: SHA-256, HMAC, public keys that verify, private keys that sign,
// base64. With crypto.cc the only user of OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Hashes a stream. Not synchronised.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;

  void update(std::string_view octets);
  Sha256Digest finish();  // once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Sha256Digest sha256(std::string_view octets);

// HMAC-SHA-256 (RFC 2104) under one key. Immutable, cheap to copy, safe from any thread.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  Sha256Digest operator()(std::string_view octets) const;

 private:
  struct Key;
  std::shared_ptr<const Key> key_;
};

// Whether both hold the same octets, in a time that depends on their lengths alone.
bool equal_secrets(std::string_view a, std::string_view b);

enum class KeyType { rsa, ed25519 };
std::string_view to_string(KeyType type);  // "rsa", "ed25519": the words of k= (RFC 6376, RFC 8463)

// Immutable, cheap to copy, safe from any thread.
class PublicKey {
 public:
  // The octets of p=: for rsa a SubjectPublicKeyInfo or a bare RSAPublicKey in DER (RFC 6376
  // §3.6.1 and its erratum 3017), for ed25519 the 32 octets themselves (RFC 8463 §4).
  [[nodiscard]] static Result<PublicKey> from_octets(KeyType type, std::string_view octets);

  KeyType type() const { return type_; }
  int bits() const { return bits_; }

  // RSASSA-PKCS1-v1_5 with SHA-256 over the digest's input, or PureEdDSA over the digest itself
  // (RFC 8463 §3).
  bool verifies(const Sha256Digest& digest, std::string_view signature) const;

  bool operator==(const PublicKey& other) const;

 private:
  struct Key;
  PublicKey(KeyType type, int bits, std::shared_ptr<const Key> key);
  KeyType type_;
  int bits_;
  std::shared_ptr<const Key> key_;
};

// Immutable, cheap to copy, safe from any thread. Never printed.
class PrivateKey {
 public:
  // PKCS#1 or PKCS#8 in PEM, without a passphrase.
  [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);
  [[nodiscard]] static Result<PrivateKey> generate(KeyType type, int bits = 2048);

  KeyType type() const { return type_; }
  int bits() const { return bits_; }
  [[nodiscard]] Result<std::string> sign(const Sha256Digest& digest) const;

  std::string to_pem() const;         // PKCS#8
  std::string public_octets() const;  // what goes into p=, before base64
  PublicKey public_key() const;

 private:
  struct Key;
  PrivateKey(KeyType type, int bits, std::shared_ptr<const Key> key);
  KeyType type_;
  int bits_;
  std::shared_ptr<const Key> key_;
};

// RFC 4648 §4 with padding.
std::string to_base64(std::string_view octets);

// Strict: the alphabet and right padding only; blanks must have been taken out before.
std::optional<std::string> from_base64(std::string_view text);

std::string_view octets_of(const Sha256Digest& digest);

}  // namespace icm
