// SPDX-License-Identifier: Apache-2.0
//
// SealingKeys: the private keys of arc_sealing.keys, and which of them seals a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/base/result.h"
#include "policy/config/arc_sealing_config.h"

namespace icm {

struct SealingKey {
  std::string domain;
  std::string selector;
  PrivateKey key;
  std::string file;  // as configured: "/etc/…/arc1.pem", "credential:arc1"
};

// Immutable, safe from any thread.
class SealingKeys {
 public:
  // Without any key.
  SealingKeys() = default;

  // Reads every file; "credential:NAME" is NAME in `credentials_directory` (systemd's
  // CREDENTIALS_DIRECTORY; empty when there is none). The Error has a line for each file that
  // cannot be used, beginning with the option's path.
  [[nodiscard]] static Result<SealingKeys> load(const std::vector<SealingKeyConfig>& configs,
                                                const std::string& credentials_directory);

  // The key for mail to this domain over the listener with this {daemon_name}: one that names both,
  // the recipient, the listener, neither. Null when there is none. Lives as long as this.
  const SealingKey* choose(std::string_view recipient_domain, std::string_view listener) const;

  // In the order of the configuration, one for each of its entries.
  const std::vector<SealingKey>& all() const { return keys_; }

  // What is worth knowing of keys that can be used: too short, of a kind that few verify.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Scope {
    std::vector<std::string> recipients;
    std::vector<std::string> listeners;
  };
  std::vector<SealingKey> keys_;
  std::vector<Scope> scopes_;  // one for each key
  std::vector<std::string> warnings_;
};

// Where a configured key lies: its path, or that of the credential.
[[nodiscard]] Result<std::string> key_path(const std::string& file,
                                           const std::string& credentials_directory);

}  // namespace icm
