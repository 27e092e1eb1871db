// SPDX-License-Identifier: Apache-2.0
//
// Is the key that the DNS publishes the one that signs here? And the record to publish.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"

namespace icm {

struct KeyPublication {
  enum class State {
    match,       // verifiers find our key
    missing,     // no record
    other_key,   // a key, and not ours
    revoked,     // p= is empty
    no_sha256,   // h= leaves it out
    not_email,   // s= leaves it out
    testing,     // ours, but t=y: verifiers may treat what it signs as unsigned
    unreadable,  // no key record at all
    several,     // more than one record: a verifier may take any (RFC 6376 §3.6.2.2)
    unknown,     // the DNS did not answer: nothing is said of the key
  };
  State state = State::unknown;
  std::string name;      // "arc1._domainkey.example.org"
  std::string problem;   // for the administrator, may quote the record; empty for a match
  std::string key_size;  // of what is published: "rsa, 2048 bits"; empty when there is none
  bool operator==(const KeyPublication&) const = default;
};

std::string_view to_string(KeyPublication::State state);  // "match", "other-key", …

// Asks for SELECTOR._domainkey.DOMAIN, by `deadline`.
KeyPublication check_publication(const std::string& domain, const std::string& selector,
                                 const PublicKey& key, Resolver& resolver, Deadline deadline);

// "rsa, 2048 bits"
std::string key_size(KeyType type, int bits);

// The value of the TXT record: "v=DKIM1; k=rsa; p=…" (RFC 6376 §3.6.1).
std::string key_record(const PrivateKey& key);

// `text` in pieces of at most 255 octets, as a TXT record holds it (RFC 1035 §3.3.14).
std::vector<std::string> txt_chunks(std::string_view text);

// The record as a line of a zone file: NAME. IN TXT ( "…" "…" ).
std::string zone_line(const std::string& name, std::string_view text);

}  // namespace icm
