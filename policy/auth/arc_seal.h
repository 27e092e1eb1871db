// SPDX-License-Identifier: Apache-2.0
//
// Making the next ARC set (RFC 8617 §5.1). Pure: nothing is looked up, nothing is sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/arc_chain.h"
#include "policy/auth/auth_results.h"
#include "policy/auth/crypto.h"
#include "policy/base/result.h"
#include "policy/message/header.h"

namespace icm {

// Who seals, and what is signed.
struct ArcSealing {
  const PrivateKey& key;
  std::string domain;
  std::string selector;
  std::string authserv_id;
  std::uint64_t timestamp = 0;  // t= of both signatures, seconds since 1970
  std::vector<std::string>
      fields;  // h= of the AMS, literally; empty: sealed_fields() of the message
};

// The three values of a set, without leading blank, folded with CRLF + blank. They are put on top
// of the message in this order, the seal highest.
struct ArcSetValues {
  int instance = 0;
  std::string seal;
  std::string message;
  std::string results;
};

// What an AMS of ours signs of this header: every field that matters to a reader and is there, with
// all its repeats, and From, Sender, To, Cc, Subject, Date, Reply-To, Message-ID, MIME-Version,
// Content-Type and Content-Transfer-Encoding once more than they occur, so that none can be added.
// Never ARC fields, Authentication-Results, or what the next hop adds (RFC 8617 §4.1.2).
std::vector<std::string> sealed_fields(const HeaderList& headers);

// The next set for a message whose incoming chain is `chain`. `results` is the payload of the AAR
// behind the authserv-id ("spf=pass …; dkim=pass …", or "none"). `body_hash` is the relaxed hash of
// the whole body. An Error: the chain has ended, stands at 50, or could not be judged.
[[nodiscard]] Result<ArcSetValues> make_arc_set(const HeaderList& headers, const ArcHeaders& sets,
                                                const ArcResult& chain, std::string_view results,
                                                const Sha256Digest& body_hash,
                                                const ArcSealing& sealing);

// The payload of an AAR that says these results: printable ASCII, no comments, one blank at most
// between words. "none" without any.
std::string results_payload(std::vector<MethodResult> results);

// The payload of every Authentication-Results field under `authserv_id`, in the order of the
// header, joined: what §5.1 step 1 puts into the AAR. "none" when there is no such field or none
// with a result. Comments are kept unless they hold a semicolon or a quote, which some readers trip
// over; folds and runs of blanks become one blank.
std::string collect_results(const HeaderList& headers, std::string_view authserv_id);

}  // namespace icm
