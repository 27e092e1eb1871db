// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/crypto.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <utility>

#include "policy/auth/md5.h"
#include "policy/base/handle.h"

namespace icm {
namespace {

using EvpKey = Handle<EVP_PKEY, EVP_PKEY_free>;
using EvpKeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using EvpDigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using EvpMac = Handle<EVP_MAC, EVP_MAC_free>;
using EvpMacContext = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

void free_bio(BIO* bio) { BIO_free(bio); }
using Bio = Handle<BIO, free_bio>;

// Fetched once: EVP_sha256() makes OpenSSL 3 look the algorithm up under a lock at every use.
const EVP_MD* sha256_algorithm() {
  static const Handle<EVP_MD, EVP_MD_free> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return algorithm.get();
}

const std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// A context ready to verify or sign with this key; copies of it are what each use consumes.
EvpKeyContext prepared(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  EvpKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool ready = context != nullptr && init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), sha256_algorithm()) == 1;
  return ready ? std::move(context) : nullptr;
}

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

// Whoever signs chooses the key, and with it the work of verifying: milliseconds each beyond these.
constexpr int most_rsa_bits = 8192;
constexpr int most_exponent_bits = 64;

bool has_short_exponent(const EVP_PKEY* key) {
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return false;
  const int bits = BN_num_bits(exponent);
  BN_free(exponent);
  return bits <= most_exponent_bits;
}

}  // namespace

std::string md5(std::string_view octets) {
  static const Handle<EVP_MD, EVP_MD_free> algorithm(EVP_MD_fetch(nullptr, "MD5", nullptr));
  constexpr std::size_t size = 16;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const bool is_made = algorithm != nullptr &&
                       EVP_Digest(octets.data(), octets.size(), digest.data(), &length,
                                  algorithm.get(), nullptr) == 1 &&
                       length == size;
  return is_made ? std::string(reinterpret_cast<const char*>(digest.data()), size) : std::string();
}

struct Sha256::Context {
  EvpDigestContext digest{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex2(context_->digest.get(), sha256_algorithm(), nullptr);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;

void Sha256::update(std::string_view octets) {
  EVP_DigestUpdate(context_->digest.get(), octets.data(), octets.size());
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  EVP_DigestFinal_ex(context_->digest.get(), digest.data(), nullptr);
  return digest;
}

Sha256Digest sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

struct HmacSha256::Key {
  EvpMacContext context;  // copies of it are what each use consumes
};

HmacSha256::HmacSha256(std::string_view key) {
  static const EvpMac algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  auto made = std::make_shared<Key>();
  made->context.reset(EVP_MAC_CTX_new(algorithm.get()));
  EVP_MAC_init(made->context.get(), bytes(key), key.size(), parameters.data());
  key_ = std::move(made);
}

Sha256Digest HmacSha256::operator()(std::string_view octets) const {
  const EvpMacContext context(EVP_MAC_CTX_dup(key_->context.get()));
  Sha256Digest digest{};
  std::size_t size = 0;
  EVP_MAC_update(context.get(), bytes(octets), octets.size());
  EVP_MAC_final(context.get(), digest.data(), &size, digest.size());
  return digest;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "rsa";
    case KeyType::ed25519:
      return "ed25519";
  }
  return "invalid";
}

struct PublicKey::Key {
  EvpKey key;
  EvpKeyContext verifier;  // rsa only
};

PublicKey::PublicKey(KeyType type, int bits, std::shared_ptr<const Key> key)
    : type_(type), bits_(bits), key_(std::move(key)) {}

Result<PublicKey> PublicKey::from_octets(KeyType type, std::string_view octets) {
  constexpr std::size_t max_octets = 8192;  // an RSA key of 16 kbit needs a quarter of it
  if (octets.size() > max_octets)
    return fail(Code::syntax, "public key is larger than 8192 octets");
  auto key = std::make_shared<Key>();
  if (type == KeyType::ed25519) {
    if (octets.size() != 32) {
      return fail(Code::syntax,
                  fmt::format("expected 32 octets of ed25519 key, got {}", octets.size()));
    }
    key->key.reset(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(octets), octets.size()));
  } else {
    const std::uint8_t* at = bytes(octets);
    key->key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(octets.size())));
    if (key->key == nullptr) {
      at = bytes(octets);
      key->key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(octets.size())));
    }
  }
  if (key->key == nullptr)
    return fail(Code::syntax, fmt::format("public key cannot be read: {}", last_error()));
  if (type == KeyType::rsa) {
    if (EVP_PKEY_get_base_id(key->key.get()) != EVP_PKEY_RSA)
      return fail(Code::syntax, "public key is not an RSA key");
    key->verifier = prepared(key->key.get(), EVP_PKEY_verify_init);
    if (key->verifier == nullptr)
      return fail(Code::syntax, fmt::format("public key cannot be used: {}", last_error()));
  }
  const int bits = EVP_PKEY_get_bits(key->key.get());
  if (type == KeyType::rsa && (bits > most_rsa_bits || !has_short_exponent(key->key.get()))) {
    return fail(Code::syntax,
                fmt::format("RSA key of {} bits: expected at most {}, and an exponent "
                            "of at most {} bits",
                            bits, most_rsa_bits, most_exponent_bits));
  }
  return PublicKey(type, type == KeyType::ed25519 ? 256 : bits, std::move(key));
}

bool PublicKey::verifies(const Sha256Digest& digest, std::string_view signature) const {
  bool good = false;
  if (type_ == KeyType::rsa) {
    const EvpKeyContext context(EVP_PKEY_CTX_dup(key_->verifier.get()));
    good = context != nullptr && EVP_PKEY_verify(context.get(), bytes(signature), signature.size(),
                                                 digest.data(), digest.size()) == 1;
  } else {
    const EvpDigestContext context(EVP_MD_CTX_new());
    good = context != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_->key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), digest.data(),
                            digest.size()) == 1;
  }
  ERR_clear_error();
  return good;
}

bool PublicKey::operator==(const PublicKey& other) const {
  return type_ == other.type_ && EVP_PKEY_eq(key_->key.get(), other.key_->key.get()) == 1;
}

struct PrivateKey::Key {
  EvpKey key;
  EvpKeyContext signer;  // rsa only
};

PrivateKey::PrivateKey(KeyType type, int bits, std::shared_ptr<const Key> key)
    : type_(type), bits_(bits), key_(std::move(key)) {}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto key = std::make_shared<Key>();
  // An empty passphrase, so that an encrypted key is an error and never a question at a terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  key->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key->key == nullptr) {
    return fail(Code::config, fmt::format("expected a private key in PEM without a passphrase: {}",
                                          last_error()));
  }
  const int id = EVP_PKEY_get_base_id(key->key.get());
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_ED25519) {
    return fail(Code::config, "expected an RSA or ed25519 private key");
  }
  const KeyType type = id == EVP_PKEY_RSA ? KeyType::rsa : KeyType::ed25519;
  if (type == KeyType::rsa) {
    key->signer = prepared(key->key.get(), EVP_PKEY_sign_init);
    if (key->signer == nullptr)
      return fail(Code::config, fmt::format("private key cannot be used: {}", last_error()));
  }
  const int bits = EVP_PKEY_get_bits(key->key.get());
  return PrivateKey(type, type == KeyType::ed25519 ? 256 : bits, std::move(key));
}

Result<PrivateKey> PrivateKey::generate(KeyType type, int bits) {
  const EvpKey made(type == KeyType::rsa
                        ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits))
                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (made == nullptr)
    return fail(Code::internal, fmt::format("cannot make a key: {}", last_error()));
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return from_pem(std::string_view(text, static_cast<std::size_t>(size)));
}

Result<std::string> PrivateKey::sign(const Sha256Digest& digest) const {
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_->key.get())), '\0');
  std::size_t size = signature.size();
  auto* const to = reinterpret_cast<std::uint8_t*>(signature.data());
  bool done = false;
  if (type_ == KeyType::rsa) {
    const EvpKeyContext context(EVP_PKEY_CTX_dup(key_->signer.get()));
    done = context != nullptr &&
           EVP_PKEY_sign(context.get(), to, &size, digest.data(), digest.size()) == 1;
  } else {
    const EvpDigestContext context(EVP_MD_CTX_new());
    done = context != nullptr &&
           EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->key.get()) == 1 &&
           EVP_DigestSign(context.get(), to, &size, digest.data(), digest.size()) == 1;
  }
  if (!done) return fail(Code::internal, fmt::format("cannot sign: {}", last_error()));
  signature.resize(size);
  return signature;
}

std::string PrivateKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

std::string PrivateKey::public_octets() const {
  std::uint8_t* der = nullptr;
  if (type_ == KeyType::ed25519) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_->key.get(), reinterpret_cast<std::uint8_t*>(raw.data()),
                                &size);
    return raw;
  }
  const int size = i2d_PUBKEY(key_->key.get(), &der);
  std::string octets(reinterpret_cast<const char*>(der),
                     static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return octets;
}

PublicKey PrivateKey::public_key() const { return *PublicKey::from_octets(type_, public_octets()); }

std::string to_base64(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(text.data()), bytes(octets),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  // EVP_DecodeBlock takes blanks and dashes that RFC 4648 does not.
  if (text.substr(0, text.size() - padding).find_first_not_of(alphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string octets(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<std::uint8_t*>(octets.data()), bytes(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  octets.resize(static_cast<std::size_t>(size) - padding);
  return octets;
}

std::string_view octets_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace icm
