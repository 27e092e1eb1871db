// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/key_file.h"

#include <string_view>

namespace icm {
namespace {

constexpr SecretKind private_key = {
    .content = "a private key in PEM",
    .most_octets = 65536,  // RSA of 16 kbit in PEM needs a fifth of it
    .how_to_make = "\"icloud-milterctl keys generate\" makes a key"};
constexpr int most_rsa_bits = 8192;    // what our own verifier takes
constexpr int common_rsa_bits = 4096;  // what every verifier takes (RFC 8301 §3.2)

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Code::config, fmt::format("{}: {}", path, why));
}

// What people put there instead; OpenSSL's own words ("no start line") help nobody.
Result<PrivateKey> parse_pem(const std::string& path, std::string_view pem) {
  const auto has = [&](std::string_view word) { return pem.find(word) != std::string_view::npos; };
  if (has("-----BEGIN ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED")) {
    return refuse(path, fmt::format("the key has a passphrase, and nobody is there to type it in; "
                                    "take it off: openssl pkey -in {} -out NEW.pem",
                                    path));
  }
  if (!has("PRIVATE KEY-----")) {
    const std::string_view what = has("PUBLIC KEY-----")          ? "a public key"
                                  : has("-----BEGIN CERTIFICATE") ? "a certificate"
                                  : has("-----BEGIN ")            ? "something else in PEM"
                                                                  : "no PEM";
    return refuse(path, fmt::format("holds {}, expected \"-----BEGIN PRIVATE KEY-----\"", what));
  }
  if (has("-----BEGIN OPENSSH PRIVATE KEY-----")) {
    return refuse(path,
                  "holds a key of OpenSSH's own form, expected \"-----BEGIN PRIVATE "
                  "KEY-----\"; \"icloud-milterctl keys generate\" makes one");
  }
  auto key = PrivateKey::from_pem(pem);
  if (!key) return refuse(path, key.error().text);
  return key;
}

// That the key is one that seals: long enough for verifiers, and whole.
Status check_key(const std::string& path, const PrivateKey& key) {
  if (key.type() == KeyType::rsa && key.bits() < least_rsa_bits) {
    return refuse(path, fmt::format("RSA key of {} bits: verifiers take none below {} (RFC 8301 "
                                    "section 3.2), make one of {}",
                                    key.bits(), least_rsa_bits, good_rsa_bits));
  }
  if (key.type() == KeyType::rsa && key.bits() > most_rsa_bits) {
    return refuse(path, fmt::format("RSA key of {} bits: expected at most {}, and {} is enough",
                                    key.bits(), most_rsa_bits, good_rsa_bits));
  }
  const Sha256Digest digest = sha256("does this key verify what it signs?");
  const auto signature = key.sign(digest);
  const auto public_key = PublicKey::from_octets(key.type(), key.public_octets());
  if (!signature) return refuse(path, signature.error().text);
  if (!public_key) return refuse(path, public_key.error().text);
  if (!public_key->verifies(digest, *signature)) {
    return refuse(path, "the key is damaged: it does not verify what it signs");
  }
  return {};
}

// What is good enough to seal, and not as good as it should be.
std::string advice_on(const PrivateKey& key) {
  if (key.type() == KeyType::ed25519) {
    return "an ed25519 key: ARC knows rsa-sha256 alone (RFC 8617 section 4.1.2), so hardly any "
           "receiver verifies its seals";
  }
  if (key.bits() < good_rsa_bits) {
    return fmt::format("RSA key of {} bits: make one of {} (RFC 8301 section 3.2)", key.bits(),
                       good_rsa_bits);
  }
  if (key.bits() > common_rsa_bits) {
    return fmt::format(
        "RSA key of {} bits: verifiers need not take more than {} (RFC 8301 section "
        "3.2)",
        key.bits(), common_rsa_bits);
  }
  return {};
}

}  // namespace

Result<KeyFile> read_key_file(const std::string& path, KeyGuard guard) {
  ICM_TRY(const SecretText secret, read_secret(path, guard, private_key));
  ICM_TRY(PrivateKey key, parse_pem(path, secret.text));
  ICM_CHECK(check_key(path, key));
  std::vector<std::string> warnings;
  for (const std::string& warning : {secret.danger, advice_on(key)}) {
    if (!warning.empty()) warnings.push_back(fmt::format("{}: {}", path, warning));
  }
  return KeyFile{.key = std::move(key), .warnings = std::move(warnings)};
}

}  // namespace icm
