// SPDX-License-Identifier: Apache-2.0
//
// DKIM: every signature of a message, each with what it covers (RFC 6376, 8301, 8463, 8616).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/key_record.h"
#include "policy/auth/signature.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/message/header.h"

namespace icm {

// RFC 8601 §2.7.1.
enum class DkimStatus {
  none,  // there is no signature; never the status of one
  pass,
  fail,        // the body or the header is not what was signed
  policy,      // good, but not acceptable to us
  neutral,     // not looked at: more signatures than are judged
  temp_error,  // the key could not be fetched; asking again may help
  perm_error,  // it can never verify: syntax, no key, revoked, expired, too weak
};
std::string_view to_string(DkimStatus status);

// How far one signature covers the fields of one name.
struct FieldCoverage {
  std::size_t present = 0;  // such fields in the message
  std::size_t named = 0;    // times h= names it
  bool whole() const { return present > 0 && named >= present; }
  bool oversigned() const { return named > present; }  // one more cannot be added unseen
};

struct DkimResult {
  DkimStatus status = DkimStatus::neutral;
  std::string reason;                 // why not pass, in words; for the log and reason= of RFC 8601
  std::optional<SignatureTags> tags;  // absent when the field could not be read
  std::string domain;                 // d= and s= as far as they could be read
  std::string selector;
  int key_bits = 0;              // 0 until a key was seen
  bool testing = false;          // the key says t=y
  std::uint64_t body_size = 0;   // of the whole canonical body; compare with tags->body_length
  std::size_t header_index = 0;  // where the field stands

  FieldCoverage coverage(const HeaderList& headers, std::string_view name) const;
  bool leaves_body_uncovered() const {
    return tags && tags->body_length && *tags->body_length < body_size;
  }
};

struct DkimLimits {
  std::size_t signatures = 16;  // judged; further ones are neutral
  int min_rsa_bits = 1024;      // RFC 8301 §3.2: shorter keys MUST NOT be considered valid
};

// Judges the DKIM signatures of one message. References outlive it. Not synchronised.
class DkimVerifier {
 public:
  // After the last header field: reads the signatures, asks `hashes` for what they need of the
  // body, and begins to fetch their keys.
  DkimVerifier(const HeaderList& headers, KeyDirectory& keys, BodyHashes& hashes,
               DkimLimits limits = {});

  // d= of the signatures that are still to be judged, in order.
  std::vector<std::string> domains() const;

  // After hashes.finish(), once. One result per DKIM-Signature, in the order of the header.
  std::vector<DkimResult> finish(WallTime now, Deadline deadline);

 private:
  struct Candidate {
    DkimResult result;
    std::size_t ticket = 0;  // of the body hash
    bool pending = false;    // still to be verified
  };
  void verify(Candidate& candidate, WallTime now, Deadline deadline) const;

  const HeaderList& headers_;
  KeyDirectory& keys_;
  const BodyHashes& hashes_;
  DkimLimits limits_;
  std::vector<Candidate> candidates_;
};

// Whether `record` may vouch for a signature with these tags and does: nullopt when it does,
// otherwise the status and the reason. What DKIM and ARC share (RFC 6376 §6.1.2, §6.1.3).
struct KeyObjection {
  DkimStatus status = DkimStatus::fail;
  std::string reason;
};
std::optional<KeyObjection> objection_of(const KeyRecord& record, SignatureAlgorithm algorithm,
                                         const Sha256Digest& digest, std::string_view signature,
                                         int min_rsa_bits);

}  // namespace icm
