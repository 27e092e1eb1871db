// SPDX-License-Identifier: Apache-2.0
//
// ConsentConfig, InactiveConfig: the `consent` and `inactive` sections of milter.conf; a part of
// config.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "policy/config/policy_options.h"

namespace icm {

struct ConsentConfig : PolicyConfig {
  std::vector<std::string> streams;
  ConsentConfig() {
    mode = Mode::off;  // there is no ledger yet
    on_error = OnError::defer;
  }
  bool operator==(const ConsentConfig&) const = default;
};

template <class Visitor>
void describe(ConsentConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.texts("streams", c.streams,
              "Names of the bulk streams whose subscribers are in the ledger; none means all bulk "
              "mail, that of no declared stream included.");
}

struct InactiveConfig : PolicyConfig {
  std::chrono::seconds after{std::chrono::hours{24 * 180}};
  InactiveConfig() { mode = Mode::off; }
  bool operator==(const InactiveConfig&) const = default;
};

template <class Visitor>
void describe(InactiveConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.span("after", c.after, std::chrono::hours{24}, std::chrono::hours{24 * 3650},
             "How long ago the last click, reply, log-in or purchase may be, or the consent where "
             "there was none since. A stream may have its own (streams, inactive_after).");
}

}  // namespace icm
