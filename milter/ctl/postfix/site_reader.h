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

// The table as postmap has to be given it. A socket's path begins at the queue directory for
// Postfix's processes, in a chroot and outside, but where we are for postmap.
std::string seen_from_here(std::string_view table, const std::string& queue_directory);

// An address that no rule for single people is about.
std::string somebody_at(std::string_view domain);

// What one table of transport_maps answers, for those of the keys that it has. The Error names the
// table.
[[nodiscard]] Result<std::vector<Route>> ask_table(const PostfixPrograms& programs,
                                                   std::string_view table,
                                                   const std::vector<std::string>& keys,
                                                   const std::string& queue_directory,
                                                   Deadline deadline);

// "key<TAB>answer" lines of postmap -q.
std::vector<Route> read_routes(const std::string& table, std::string_view printed);

}  // namespace icm::ctl::postfix
