// SPDX-License-Identifier: Apache-2.0
//
// One message judged without a mail server, by the very Session the daemon uses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "milter/decision.h"
#include "milter/mta.h"
#include "milter/world.h"
#include "policy/base/clock.h"
#include "policy/base/ip_address.h"
#include "policy/base/result.h"
#include "policy/config/config.h"
#include "policy/message/envelope.h"

namespace icm::ctl {

// The message and the SMTP dialogue that brings it.
struct OfflineMessage {
  std::string file;  // "-" is standard input
  // As in MAIL and RCPT, with or without angle brackets, ESMTP parameters behind a blank:
  // "news@shop.example BODY=8BITMIME". Nothing, or "<>", is the null sender.
  std::string mail_from;
  std::vector<std::string> recipients;
  Role role = Role::gate;        // gate or direct
  std::optional<Origin> origin;  // at the gate: what arrival found out; not set: nothing is known
  std::optional<IpAddress> client;
  std::string client_name;
  std::string helo;
  std::string login;
};

struct OfflineRecipient {
  std::string text;
  bool is_apple = false;
  Answer answer;
  std::optional<Decision> decision;  // when a policy had something to say
};

struct OfflineOutcome {
  std::vector<OfflineRecipient> recipients;
  std::optional<Decision> message;   // none when no recipient of Apple's was left: it was let go
  std::vector<std::string> changes;  // "add NAME: VALUE", as the mail server would be asked

  // What the daemon would ask besides and nobody can here: "throttle: …"; one sentence each.
  std::vector<std::string> left_out;

  // Whether every recipient would get the message now: nothing refused, deferred, held or taken
  // off.
  bool passes() const;
};

// Every policy that observes is made to act, on every message and whatever the date; its action and
// origins stay.
Config enforced(Config config);

// The World of the configuration over the suppression list it names, or over an empty one when
// there is no such file, which is not made; and over this resolver and these keys. The message need
// not leave from this host, so its name is not judged.
[[nodiscard]] Result<std::shared_ptr<const World>> offline_world(Config config,
                                                                 std::unique_ptr<Resolver> resolver,
                                                                 SealingKeys keys = {});

// The configuration under which a connection of ours plays `role`. When `origin` is set, the gate
// believes what arrival wrote.
Config for_offline_role(Config config, Role role, bool is_origin_known);

// Judges the message. The Error says why it could not be read.
[[nodiscard]] Result<OfflineOutcome> check_offline(const OfflineMessage& message,
                                                   std::shared_ptr<const World> world,
                                                   const Clock& clock);

}  // namespace icm::ctl
