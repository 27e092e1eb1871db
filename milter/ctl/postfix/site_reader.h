// SPDX-License-Identifier: Apache-2.0
//
// Asks this host for all that a plan is made from.
#pragma once

#include "milter/ctl/postfix/config_files.h"
#include "milter/ctl/postfix/wiring_plan.h"

namespace icm::ctl::postfix {

struct SiteFiles {
  ConfigFile main_cf;
  ConfigFile master_cf;
};

[[nodiscard]] Result<SiteFiles> read_files(const PostfixPrograms& programs);

// `milter` is milter.conf.
[[nodiscard]] Result<Site> read_site(const PostfixPrograms& programs, const SiteFiles& files,
                                     const Config& milter, std::uint16_t gate_port);

// The same for the files as they would be: put into a directory of their own below that of the
// attachment and shown to postconf, which gives what Postfix would make of them.
[[nodiscard]] Result<Site> read_trial_site(const PostfixPrograms& programs, const Site& site,
                                           const std::vector<Insertion>& insertions,
                                           const Config& milter, std::uint16_t gate_port);

}  // namespace icm::ctl::postfix
