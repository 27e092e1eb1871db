// SPDX-License-Identifier: Apache-2.0
//
// Validating an ARC chain (RFC 8617 §5.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/arc_headers.h"
#include "policy/auth/key_record.h"
#include "policy/base/deadline.h"
#include "policy/base/domain.h"

namespace icm {

enum class ArcStatus {
  none,  // no ARC field at all
  pass,
  fail,
  temp_error,  // a key could not be fetched: the chain may be whole, nobody can say now
};
std::string_view to_string(ArcStatus status);

struct ArcSealer {
  int instance = 0;
  std::string domain;
  std::string selector;
  std::string dmarc;  // what its ARC-Authentication-Results says of DMARC; empty when nothing
  bool operator==(const ArcSealer&) const = default;
};

struct ArcResult {
  ArcStatus status = ArcStatus::none;
  int instance = 0;     // of the newest set; the highest seen when the sets are no chain
  int oldest_pass = 0;  // §5.2 step 5: instance of the oldest AMS that still verifies; 0: all do
  bool ended = false;   // the newest seal says cv=fail; nobody may seal again
  bool seals_hold = false;         // see ArcVerifier::seals_outlive_change()
  std::vector<ArcSealer> sealers;  // oldest first; empty when the sets are no chain
  std::string reason;              // why fail or temp_error, in words
};

// RFC 8617 §7.2.1: the sealer on whose word a message may be taken to have passed DMARC before it
// was forwarded. The chain passes; from the newest set down every sealer is in `trusted`, and the
// first of them that saw DMARC pass is the one. nullptr when nobody vouches.
const ArcSealer* voucher_of(const ArcResult& chain, const std::vector<Domain>& trusted);

// Judges the ARC sets of one message. References outlive it. Not synchronised.
class ArcVerifier {
 public:
  // After the last header field: reads the sets, asks `hashes` for what they need of the body, and
  // begins to fetch their keys.
  ArcVerifier(const HeaderList& headers, KeyDirectory& keys, BodyHashes& hashes);

  // After hashes.finish(), once. At most 100 signatures are verified; those of the newest set
  // whatever the time, the others as long as there is some before `deadline`.
  ArcResult finish(Deadline deadline);

  // After finish(): whether nothing but the newest AMS fails, so that the chain was whole before
  // the message itself was changed. Looks up the keys of all seals then.
  bool seals_outlive_change(Deadline deadline) const;

  const ArcHeaders& sets() const { return arc_; }

 private:
  struct Failure {
    ArcStatus status = ArcStatus::fail;
    std::string reason;
  };
  std::optional<Failure> check_message_signature(std::size_t set, Deadline deadline) const;
  std::optional<Failure> check_seal(std::size_t set, Deadline deadline) const;
  std::optional<Failure> check_seals(Deadline deadline) const;
  Failure out_of_time() const;
  std::optional<Failure> check_key(const std::string& domain, const std::string& selector,
                                   SignatureAlgorithm algorithm, const Sha256Digest& digest,
                                   std::string_view signature, Deadline deadline) const;

  const HeaderList& headers_;
  KeyDirectory& keys_;
  const BodyHashes& hashes_;
  ArcHeaders arc_;
  std::vector<std::size_t> tickets_;  // of the body hashes, one per set
  bool is_changed_ = false;           // the newest AMS fails
};

// The octets that the seal of the last of `sets` signs (§5.1.1): every set in order, each field in
// relaxed form, the last seal without its b= and final CRLF. With cv=fail a seal covers its own set
// only (§5.1.2), which is then all of `sets`.
std::string seal_scope(const HeaderList& headers, const std::vector<ArcSet>& sets,
                       std::size_t last);

}  // namespace icm
