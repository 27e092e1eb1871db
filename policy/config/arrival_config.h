// SPDX-License-Identifier: Apache-2.0
//
// ArrivalConfig: the `arrival` section of milter.conf; a part of config.h.
#pragma once

#include <string>
#include <vector>

#include "policy/base/domain.h"
#include "policy/base/ip_address.h"

namespace icm {

struct ArrivalConfig {
  std::string authserv_id;
  std::vector<std::string> other_ids;
  bool covered = false;
  std::vector<IpRange> trusted_networks;
  bool authenticate = true;
  std::vector<Domain> trusted_sealers;
  bool show_client = true;
  bool show_login = false;
  bool operator==(const ArrivalConfig&) const = default;
};

template <class Visitor>
void describe(ArrivalConfig& c, Visitor& visit) {
  visit.text("authserv_id", c.authserv_id,
             "Our name in Authentication-Results (RFC 8601 section 2.2); empty means the host "
             "name. Fields that claim it are removed at arrival.");
  visit.texts("other_ids", c.other_ids,
              "Names under which other hosts of ours write Authentication-Results. Such fields are "
              "believed in mail from trusted_networks, and removed from all other mail.");
  visit.flag("covered", c.covered,
             "Set when every smtpd and non_smtpd_milters has the milter: only then can the gate "
             "believe an Authentication-Results field under our name.");
  visit.ranges("trusted_networks", c.trusted_networks,
               "Networks whose hosts relay through us without authentication; their mail counts as "
               "ours, not as forwarded.");
  visit.flag("authenticate", c.authenticate,
             "Whether mail from outside is authenticated (SPF of its client, DKIM, DMARC, ARC) and "
             "the results are written into Authentication-Results.");
  visit.domains("trusted_sealers", c.trusted_sealers,
                "Domains (d=) whose ARC sets are believed. When DMARC does not pass, and the chain "
                "does, the newest of them that saw it pass is named as policy.vouched-by.");
  visit.flag("show_client", c.show_client,
             "Whether those results name the client's address (smtp.remote-ip). It leaves with the "
             "message.");
  visit.flag("show_login", c.show_login,
             "Whether Authentication-Results names the SASL login of a submission. It leaves with "
             "the message.");
}

}  // namespace icm
