// SPDX-License-Identifier: Apache-2.0
//
// What Apple tells of people who signed in with Apple (server-to-server notifications): the one
// signal of consent that Apple itself gives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/web_token.h"
#include "policy/base/clock.h"
#include "policy/base/mailbox.h"
#include "policy/base/result.h"
#include "policy/store/store.h"

namespace icm {

struct RelayEvent {
  enum class Type {
    email_disabled,   // mail to the relay address is no longer passed on
    email_enabled,    // it is again
    consent_revoked,  // he no longer uses his Apple account here
    account_delete,   // the account goes, and its relay addresses with it
    unknown,          // a later invention of Apple's
  };
  Type type = Type::unknown;
  std::string type_name;         // as Apple writes it
  std::string id;                // jti
  std::string subject;           // sub: the person, as this developer's team knows him
  std::optional<Mailbox> email;  // Apple gives it with the first two types alone
  WallTime time{};               // event_time
  bool is_expired = false;       // exp had passed when it was read
};

std::string_view to_string(RelayEvent::Type type);  // "email-disabled"

// Reads a signed token as Apple sends it. Code::permanent for one that is not to be believed: not
// signed by `keys`, not issued by Apple, for none of `client_ids`, of the future. Code::syntax for
// one that lacks what an event must have.
[[nodiscard]] Result<RelayEvent> read_relay_event(std::string_view token, const WebKeySet& keys,
                                                  const std::vector<std::string>& client_ids,
                                                  WallTime now);

// The same of a payload whose signature was verified.
[[nodiscard]] Result<RelayEvent> read_relay_claims(std::string_view payload,
                                                   const std::vector<std::string>& client_ids,
                                                   WallTime now);

// What stands on the suppression list because of an event that ends mail; nothing for email-enabled
// and unknown ones. All of it is global: what is switched off or taken back is mail of this
// developer, whatever stream it is of.
//   email-disabled   relay-off: ends with email-enabled
//   consent-revoked  unsubscribe: he asked, for good
//   account-delete   hard-bounce: the address is gone, and nobody asked that its history be erased
std::optional<Suppression> suppression_of(const RelayEvent& event, const Mailbox& mailbox);

}  // namespace icm
