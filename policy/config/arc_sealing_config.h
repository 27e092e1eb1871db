// SPDX-License-Identifier: Apache-2.0
//
// ArcSealingConfig: the `arc_sealing` section of milter.conf; a part of config.h.
#pragma once

#include <string>
#include <vector>

#include "policy/config/policy_options.h"

namespace icm {

// Which mail for Apple gets an ARC set.
enum class SealWhen { forwarded, always, never };

// What happens to forwarded mail whose refusal no seal can prevent.
enum class Rescue {
  let_go,  // it goes on, sealed
  hold,    // the mail server's hold queue
  refuse,  // the sender is told why
};

// A key and the mail it seals.
struct SealingKeyConfig {
  std::string domain;
  std::string selector;
  std::string file;
  std::vector<std::string> recipients;
  std::vector<std::string> listeners;
  bool operator==(const SealingKeyConfig&) const = default;
};

template <class Visitor>
void describe(SealingKeyConfig& c, Visitor& visit) {
  visit.domain_name("domain", c.domain, "Domain that seals (d=); mostly that of this host.");
  visit.selector("selector", c.selector,
                 "Selector of the key (s=): its record stands at SELECTOR._domainkey.DOMAIN.");
  visit.key_file("file", c.file,
                 "Private key in PEM, RSA or ed25519; readable by the daemon's user and group at "
                 "most. credential:NAME is the credential NAME of the systemd unit "
                 "(LoadCredential=).");
  visit.domain_names("recipients", c.recipients,
                     "Recipient domains whose mail it seals; none means any.");
  visit.texts("listeners", c.listeners,
              "Values of {daemon_name} for listeners whose mail it seals; none means any.");
}

// The key that the commented example shows.
SealingKeyConfig example_sealing_key();

struct ArcSealingConfig : PolicyConfig {
  SealWhen seal = SealWhen::forwarded;
  Rescue rescue = Rescue::let_go;
  std::vector<SealingKeyConfig> keys;
  ArcSealingConfig() {
    mode = Mode::off;  // there is no key yet
    origins.assign(std::begin(all_origins), std::end(all_origins));
    on_error = OnError::defer;
  }
  bool operator==(const ArcSealingConfig&) const = default;
};

template <class Visitor>
void describe(ArcSealingConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.choice("seal", c.seal,
               "Which mail for Apple is sealed: what came from outside and goes on (forwarded), "
               "all of it, or none.");
  visit.choice("rescue", c.rescue,
               "What happens to forwarded mail that Apple would refuse in spite of a seal: it goes "
               "on (let_go), waits in the mail server's hold queue, or is refused.");
  visit.list("keys", c.keys, example_sealing_key(),
             "Keys that seal. Of several the one that says most about a message is taken: both "
             "recipients and listeners, recipients, listeners, neither.");
}

}  // namespace icm
