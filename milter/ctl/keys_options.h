// SPDX-License-Identifier: Apache-2.0
//
// What the words of icloud-milterctl keys are given, and the keys that they are about.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/command.h"
#include "milter/ctl/dns_option.h"
#include "policy/auth/key_file.h"
#include "policy/config/config.h"

namespace icm::ctl {

struct KeysOptions {
  DnsOption dns;            // with --config
  std::string credentials;  // where systemd put them
  std::string file;         // a key beside the configuration, or the one to make
  std::string domain;
  std::string selector;
  std::string algorithm = "rsa";
  int bits = 0;  // 0: what is good
  bool json = false;
};

Exit keys_generate(const KeysOptions& options);
Exit keys_list(const KeysOptions& options);
Exit keys_dns(const KeysOptions& options);
Exit keys_check(const KeysOptions& options);

struct NamedKey {
  SealingKeyConfig config;
  Result<KeyFile> file;
  std::string name() const;  // of its record
};

// The key of --key, or every key of the configuration. An Error when there is none, or when the
// command line or the configuration is wrong.
[[nodiscard]] Result<std::vector<NamedKey>> named_keys(const KeysOptions& options);

// The same without those whose record was there before.
std::vector<NamedKey> one_for_each_record(std::vector<NamedKey> keys);

// Says on standard error what is wrong with the key's file, if anything. False when it cannot be
// used.
bool complain_of(const NamedKey& key);

// A domain and a selector as milter.conf takes them; the Error names the option.
[[nodiscard]] Result<SealingKeyConfig> record_of(const KeysOptions& options);

}  // namespace icm::ctl
