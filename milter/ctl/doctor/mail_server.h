// SPDX-License-Identifier: Apache-2.0
//
// MailServer: the Postfix of this site as the doctor looks at it: its configuration, which of its
// listeners are ours, and where it sends a domain's mail.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/doctor/context.h"
#include "milter/ctl/postfix/configuration.h"
#include "milter/ctl/postfix/filter_tables.h"
#include "milter/ctl/postfix/postfix_programs.h"
#include "milter/ctl/postfix/routes.h"

namespace icm::ctl::doctor {

// "5m" or "300" in Postfix's notation (postconf(5)); `unit` is that of a bare number.
std::optional<std::chrono::seconds> parse_postfix_time(std::string_view text);

class MailServer {
 public:
  // Asks postconf. The Error says why nothing is known of it.
  [[nodiscard]] static Result<MailServer> read(const std::string& directory);

  const postfix::Configuration& configuration() const { return configuration_; }

  // Asks postfix(1), which answers root alone.
  bool is_running() const;

  // The first of our own among these milters; null when there is none.
  static const postfix::MilterEntry* ours(const std::vector<postfix::MilterEntry>& milters,
                                          const Config& config, const MailServer& server);

  // Where mail for somebody at each of these domains goes, and for single people there; the Error
  // names the table that cannot be asked, or does not answer by `deadline` or in the time that mail
  // would wait for it.
  [[nodiscard]] Result<postfix::Routes> routes_of(const std::vector<std::string>& domains,
                                                  Deadline deadline) const;
  postfix::SingleRoutes routes_of_people(const std::vector<std::string>& domains,
                                         const Config& config, Deadline deadline) const;
  postfix::FilterLines filter_lines(const Config& config, Deadline deadline) const;

  // What a look-up table says of the key.
  [[nodiscard]] Result<std::optional<std::string>> look_up(const std::string& table,
                                                           const std::string& key,
                                                           Deadline deadline) const;

 private:
  MailServer(postfix::PostfixPrograms programs, postfix::Configuration configuration)
      : programs_(std::move(programs)), configuration_(std::move(configuration)) {}
  postfix::PostfixPrograms programs_;
  postfix::Configuration configuration_;
};

// That nothing is known of it, a fault where there is a Postfix that should have been looked at.
Diagnosis unread(const Context& context);

// The parts of the area postfix.
struct GateFindings {
  Diagnoses diagnoses;
  std::vector<std::string> listeners;  // those that transport_maps lead to: "127.0.0.1:10027/inet"
};
GateFindings examine_gate(const Context& context, const MailServer& server, Deadline deadline);

// Whether the gate answers, and as the gate: it is asked.
Diagnoses examine_answer(const postfix::Listener& gate, Deadline deadline);

// What keeps a service of master.cf, which mail for Apple needs, from its work.
Diagnoses examine_service(const MailServer& server, const postfix::Service& service);
Diagnoses examine_exit(const Context& context, const MailServer& server,
                       const postfix::Listener& gate);
Diagnoses examine_arrival(const Context& context, const MailServer& server,
                          const std::vector<std::string>& gates);

}  // namespace icm::ctl::doctor
