// SPDX-License-Identifier: Apache-2.0
//
// Authenticator: who really sent this? Runs SPF, DKIM, ARC and DMARC over one message, as a
// receiver does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/arc_chain.h"
#include "policy/auth/dkim.h"
#include "policy/auth/dmarc.h"
#include "policy/auth/key_record.h"
#include "policy/auth/organizational_domain.h"
#include "policy/auth/spf.h"
#include "policy/auth/spf_publication.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/message/header.h"
#include "policy/message/structured.h"

namespace icm {

// What authentication looks things up in, parsed records kept. One per World; safe from any thread.
struct AuthSources {
  AuthSources(Resolver& dns, PublicSuffixList list)
      : resolver(dns), spf(dns), keys(dns), dmarc(dns), suffixes(std::move(list)) {}
  Resolver& resolver;
  SpfDirectory spf;
  KeyDirectory keys;
  DmarcDirectory dmarc;
  PublicSuffixList suffixes;
};

// What shall be found out about a message.
struct AuthNeeds {
  bool sender = false;   // SPF, DKIM and DMARC
  bool arc = false;      // whether its ARC chain holds
  bool sealing = false;  // what the next set needs: the relaxed hash of the whole body, and whether
                         // the seals of a chain hold where the message has changed
  bool any() const { return sender || arc || sealing; }
  AuthNeeds operator|(const AuthNeeds& other) const {
    return {sender || other.sender, arc || other.arc, sealing || other.sealing};
  }
};

// What SPF is asked: the sender once, and each address the message may come from.
struct SpfQuestions {
  std::vector<IpAddress> clients;  // our egress addresses, or at arrival the client's own
  std::string helo;                // the name that goes with them
  std::string mail_from;           // empty for the null reverse-path
  std::string receiver = "unknown";
};

struct ClientSpf {
  IpAddress client;
  SpfResult result;
};

// Everything that was found out; what was not asked for is "none" or empty.
struct Authentication {
  std::vector<ClientSpf> spf;    // one per address asked for; empty when there was none
  std::vector<DkimResult> dkim;  // one per signature, in the order of the header
  ArcResult arc;
  DmarcResult dmarc;  // with the weakest SPF result: what must hold from every address
  std::optional<Sha256Digest> body_hash;

  // The result that is furthest from pass; "none" when SPF was not asked.
  SpfResult weakest_spf() const;
};

// One message: made after the last header field, fed the body, finished once. References outlive
// it. Not synchronised.
class Authenticator {
 public:
  // Begins the lookups that the header names: keys, and the DMARC records of `authors` and of those
  // who signed.
  Authenticator(const HeaderList& headers, const Result<std::vector<Address>>& authors,
                AuthSources& sources, AuthNeeds needs);

  // False when nothing needs the body.
  bool wants_body() const { return !hashes_.empty(); }
  void body(std::string_view chunk) { hashes_.feed(chunk); }

  // By `deadline`: SPF gets two fifths of the time, keys as much, DMARC what is left. Once.
  Authentication finish(const SpfQuestions& questions, WallTime now, Deadline deadline);

  // The same message as it is seen by somebody it comes to by other addresses: SPF and DMARC anew.
  Authentication seen_otherwise(Authentication found, const SpfQuestions& questions, WallTime now,
                                Deadline deadline) const;

 private:
  void ask_spf(const SpfQuestions& questions, WallTime now, Deadline deadline,
               Authentication& found) const;
  void judge_alignment(Deadline deadline, Authentication& found) const;

  AuthSources& sources_;
  const Result<std::vector<Address>>& authors_;
  BodyHashes hashes_;
  std::optional<DkimVerifier> dkim_;  // these exist where they are asked for
  std::optional<ArcVerifier> arc_;
  std::optional<std::size_t> whole_body_;  // ticket of its hash
};

// At the end of the header: begins the lookups that tell whether the envelope sender's domain is of
// the organization of From.
void prefetch_alignment(const Result<std::vector<Address>>& authors, const SpfQuestions& questions,
                        AuthSources& sources);

// At MAIL: begins the lookup that every SPF answer starts with.
void prefetch_spf(const SpfQuestions& questions, AuthSources& sources);

}  // namespace icm
