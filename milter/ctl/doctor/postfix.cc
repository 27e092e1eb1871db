// SPDX-License-Identifier: Apache-2.0
//
// The doctor on Postfix as a whole.
#include "milter/ctl/doctor/mail_server.h"

namespace icm::ctl::doctor {

Diagnosis unread(const Context& context) {
  return found(context.is_postfix_there ? Id("postfix.unread") : Id("postfix.unknown"), {},
               context.no_mail_server);
}

Diagnoses examine_postfix(const Context& context, Deadline deadline) {
  if (context.mail_server == nullptr) return {unread(context)};
  GateFindings gate = examine_gate(context, *context.mail_server, deadline);
  Diagnoses diagnoses = std::move(gate.diagnoses);
  add(diagnoses, examine_arrival(context, *context.mail_server, gate.listeners));
  if (diagnoses.empty()) {
    add(diagnoses, found("postfix.read", context.mail_server->configuration().directory,
                         "nothing of its wiring is wrong"));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
