// SPDX-License-Identifier: Apache-2.0
//
// What the doctor's organs have in common: the site they look at, and the time each may take.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "milter/ctl/doctor/diagnosis.h"
#include "policy/auth/authenticator.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/config/config.h"
#include "policy/config/config_reader.h"

namespace icm::ctl::doctor {

// What the administrator wants looked at beyond what the configuration names.
struct Questions {
  std::vector<std::string> domains;
  std::vector<std::string> selectors;   // "news", or "news._domainkey.corp.example"
  std::vector<std::string> blocklists;  // zones
  std::string postfix_directory;        // empty: where postconf looks by itself
};

class MailServer;

// References outlive the examination.
struct Context {
  const Config& config;
  const std::string& config_file;
  const std::vector<ConfigProblem>& warnings;  // of reading it
  const Questions& questions;
  AuthSources& sources;  // the DNS
  WallTime now;
  std::string credentials;                  // systemd's CREDENTIALS_DIRECTORY
  std::optional<uid_t> daemon{};            // whose user it is, where the daemon said its process
  std::string host{};                       // what this host calls itself
  const MailServer* mail_server = nullptr;  // null: nothing is known of it,
  std::string no_mail_server{};             // for this reason,
  bool is_postfix_there = false;            // though there is a Postfix
  bool is_hermetic = false;                 // --zone: nothing outside this host is asked

  // Whether `path` is kept from this process alone, which is neither root nor the daemon's user:
  // what cannot be seen then says nothing of the daemon.
  bool is_hidden(const std::string& path) const;

  // Whether a warning of the configuration is about the way out: the area egress tells those.
  static bool is_about_egress(const ConfigProblem& warning);
};

// Each looks at one area and returns by `deadline`.
Diagnoses examine_configuration(const Context& context, Deadline deadline);
Diagnoses examine_daemon(const Context& context, Deadline deadline);

// The user of the running daemon; nothing when it does not say its process.
std::optional<uid_t> user_of_daemon(const Config& config, Deadline deadline);
Diagnoses examine_socket(const Context& context, Deadline deadline);
Diagnoses examine_postfix(const Context& context, Deadline deadline);
Diagnoses examine_egress(const Context& context, Deadline deadline);
Diagnoses examine_domains(const Context& context, Deadline deadline);
Diagnoses examine_blocklists(const Context& context, Deadline deadline);
Diagnoses examine_clock(const Context& context, Deadline deadline);
Diagnoses examine_disk(const Context& context, Deadline deadline);
Diagnoses examine_store(const Context& context, Deadline deadline);
Diagnoses examine_keys(const Context& context, Deadline deadline);
Diagnoses examine_unsubscribe(const Context& context, Deadline deadline);
Diagnoses examine_icloud_relay(const Context& context, Deadline deadline);

}  // namespace icm::ctl::doctor
