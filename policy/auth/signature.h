// SPDX-License-Identifier: Apache-2.0
//
// The signature engine: what DKIM-Signature (RFC 6376) and ARC-Message-Signature (RFC 8617 §4.1.2)
// have in common. Reading the tags, hashing the header and the body; no keys, no DNS.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/canonical.h"
#include "policy/auth/crypto.h"
#include "policy/auth/tag_list.h"
#include "policy/base/domain.h"
#include "policy/base/result.h"
#include "policy/message/header.h"

namespace icm {

// The octets of a b=, in which blanks and folds mean nothing (RFC 6376 §3.5). Nothing when it is no
// base64. RFC 2045 §6.8 has "=" fill the last four up, and RFC 6376 §2.10 takes its base64 from
// there; libopendkim and Mail::DKIM do without, so would a receiver that has them.
std::optional<std::string> signature_octets(std::string_view value);

enum class SignatureKind {
  dkim,         // v=1, From must be signed, i= is an identity
  arc_message,  // v= means nothing, i= is the instance, ARC-Seal must not be signed
};

// The algorithm of a=; SHA-256 always (RFC 8301 §3.1 retired rsa-sha1).
enum class SignatureAlgorithm { rsa_sha256, ed25519_sha256 };
std::string_view to_string(SignatureAlgorithm algorithm);
[[nodiscard]] Result<SignatureAlgorithm> parse_signature_algorithm(std::string_view name);  // a=
KeyType key_type(SignatureAlgorithm algorithm);

inline constexpr std::size_t max_signed_fields = 500;  // in h=; more are an Error
inline constexpr int max_arc_instances = 50;           // RFC 8617 §4.2.1

// i= of ARC: position = 1*2DIGIT, from 1 to 50 (RFC 8617 §4.2.1).
[[nodiscard]] Result<int> parse_arc_instance(std::string_view text);

// The tags of one signature field, checked.
struct SignatureTags {
  SignatureAlgorithm algorithm = SignatureAlgorithm::rsa_sha256;
  Canonicalization header_form = Canonicalization::simple;
  Canonicalization body_form = Canonicalization::simple;
  std::string domain;                        // d=, lower case, A-labels (RFC 8616 §3)
  std::string selector;                      // s=, the same
  std::string identity;                      // i= of DKIM as written, "@d" when absent
  int instance = 0;                          // i= of ARC
  std::vector<std::string> fields;           // h=, lower case, in order, repeats kept
  std::optional<std::uint64_t> body_length;  // l=
  std::optional<std::uint64_t> signed_at;    // t=, seconds since 1970
  std::optional<std::uint64_t> expires_at;   // x=
  std::string body_hash;                     // bh=, decoded
  std::string signature;                     // b=, decoded
};

// Reads the value of one field. The Error says which tag is wrong; it is a PERMFAIL of RFC 6376
// §6.1.1.
[[nodiscard]] Result<SignatureTags> parse_signature(std::string_view field_value,
                                                    SignatureKind kind);

// The field's value with the value of b= cut out, blanks around it included (RFC 6376 §3.7).
std::string without_signature(std::string_view field_value);

// The hash that b= signs: the fields of h= from the bottom up, then the signature field itself
// without its b= and final CRLF (§3.7). `own` is the index of the signature field, which h= never
// means (§3.5 "h=").
Sha256Digest hash_header(const HeaderList& headers, const SignatureTags& tags, std::size_t own);

// The same over a field that is not in the header yet: for signing.
Sha256Digest hash_header(const HeaderList& headers, const SignatureTags& tags,
                         const HeaderField& own);

// Hashes of one body: each distinct canonical form and length once. Not synchronised.
class BodyHashes {
 public:
  BodyHashes();
  ~BodyHashes();
  BodyHashes(BodyHashes&&) noexcept;

  // Asks for a hash before the first chunk; the same question gets the same ticket.
  std::size_t want(Canonicalization form, std::optional<std::uint64_t> length);
  bool empty() const;

  void feed(std::string_view chunk);
  void finish();

  // After finish().
  const Sha256Digest& digest(std::size_t ticket) const;

  // Octets of the whole canonical body in the ticket's form, whatever its length limit.
  std::uint64_t canonical_size(std::size_t ticket) const;

 private:
  struct Form;
  struct Hash;
  std::vector<std::unique_ptr<Form>> forms_;
  std::vector<std::unique_ptr<Hash>> hashes_;
};

}  // namespace icm
