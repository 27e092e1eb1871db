// SPDX-License-Identifier: Apache-2.0
//
// The configuration of one instance of Postfix as Postfix itself sees it: what postconf(1) says,
// and nothing read by ourselves.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/milter_list.h"
#include "milter/ctl/postfix/postfix_programs.h"
#include "policy/base/result.h"

namespace icm::ctl::postfix {

// One entry of master.cf (master(5)).
struct Service {
  std::string name;                              // "smtp", "127.0.0.1:10027"
  std::string type;                              // "inet", "unix", "pass", "unix-dgram"
  std::string chroot;                            // "y", "n" or "-"
  std::string command;                           // "smtpd"
  std::string arguments;                         // what stands behind it, on one line
  std::map<std::string, std::string> overrides;  // -o, with $names expanded

  std::string key() const { return name + "/" + type; }  // as postconf -M and -P call it
  bool operator==(const Service&) const = default;
};

struct Configuration {
  std::string directory;
  std::map<std::string, std::string> parameters;  // all of them, with $names expanded
  std::map<std::string, std::string> own;         // those that main.cf sets, as they stand there
  std::vector<Service> services;                  // as in master.cf
  std::vector<std::string> warnings;              // what postconf complained about, each once

  // "" where Postfix knows no such parameter.
  std::string_view value(std::string_view name) const;

  // As that service has it: its -o, else main.cf.
  std::string_view value_for(const Service& service, std::string_view name) const;

  bool is_chrooted(const Service& service) const;

  // The service of that name and type, or null.
  const Service* service(std::string_view name, std::string_view type) const;

  std::string_view queue_directory() const { return value("queue_directory"); }
};

// Asks postconf four times. An Error says which of them failed, and why.
[[nodiscard]] Result<Configuration> read_configuration(const PostfixPrograms& programs);

// What postconf prints, for read_configuration(): "name = value" lines; -M; -P -x into `services`.
[[nodiscard]] Result<std::map<std::string, std::string>> read_parameters(std::string_view printed);
[[nodiscard]] Result<std::vector<Service>> read_services(std::string_view printed);
[[nodiscard]] Status read_overrides(std::string_view printed, std::vector<Service>& services);

// One place where mail comes in by SMTP: a service that runs smtpd.
struct Listener {
  const Service* service = nullptr;  // of the Configuration
  std::vector<MilterEntry> milters;  // none where receive_override_options has no_milters
  bool has_own_milters = false;      // by -o, not those of main.cf
  std::string daemon_name;           // milter_macro_daemon_name
  std::string default_action;        // milter_default_action
  std::string content_filter;
};

// Every smtpd, also behind postscreen (type pass); `configuration` has to outlive them.
std::vector<Listener> listeners_of(const Configuration& configuration);

// These, and what takes mail in otherwise: pickup(8) and qmqpd(8).
std::vector<Listener> entrances_of(const Configuration& configuration);

}  // namespace icm::ctl::postfix
