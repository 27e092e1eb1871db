// SPDX-License-Identifier: Apache-2.0
//
// The parts of the area `domain`: one domain each.
#pragma once

#include <string>

#include "milter/ctl/doctor/context.h"
#include "policy/auth/dmarc.h"

namespace icm::ctl::doctor {

void examine_spf(const Context& context, const std::string& domain, Deadline deadline,
                 Diagnoses& diagnoses);
void examine_mail_from(const Context& context, const std::string& domain, Deadline deadline,
                       Diagnoses& diagnoses);
void examine_dkim(const Context& context, const std::string& domain, Deadline deadline,
                  Diagnoses& diagnoses);

// Gives back what applies to mail of the domain that passes SPF.
DmarcVerdict examine_dmarc(const Context& context, const std::string& domain, Deadline deadline,
                           Diagnoses& diagnoses);

// What logos in Apple Mail ask for: BIMI, and Apple's own Branded Mail.
void examine_logos(const Context& context, const std::string& domain, const DmarcVerdict& dmarc,
                   Deadline deadline, Diagnoses& diagnoses);

// Whether Apple knows the domain for mail to private relay addresses.
void examine_relay_source(const Context& context, const std::string& domain, Diagnoses& diagnoses);

}  // namespace icm::ctl::doctor
