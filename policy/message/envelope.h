// SPDX-License-Identifier: Apache-2.0
//
// Envelope: what SMTP said about a message, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/ip_address.h"
#include "policy/base/mailbox.h"

namespace icm {

// Where in the mail server the connection comes from.
enum class Role {
  arrival,  // mail as it enters: submission, port 25, sendmail(1); nothing is refused by Apple's
            // rules
  gate,     // the hop before the exit, with final sender and recipients
  direct,   // arrival and gate in one pass, for a site without aliases and forwards
};

// How the message came to us.
enum class Origin {
  unknown,     // nobody who is trusted has said
  submission,  // from a client that authenticated itself
  relay,       // from a host of our own network
  local,       // made on this host: sendmail(1), cron, bounces of the mail server
  forwarded,   // came in from outside and goes on to Apple
};

inline constexpr Role all_roles[] = {Role::arrival, Role::gate, Role::direct};
inline constexpr Origin all_origins[] = {Origin::unknown, Origin::submission, Origin::relay,
                                         Origin::local, Origin::forwarded};
std::string_view to_string(Role role);
std::string_view to_string(Origin origin);

struct Recipient {
  std::string text;                // as given in RCPT, without angle brackets
  std::optional<Mailbox> mailbox;  // absent when RCPT named no mailbox
  std::optional<std::string>
      original;           // ORCPT (RFC 3461 §4.2), decoded, when it was given as rfc822
  bool is_apple = false;  // decided once, by policy/recipients
  bool operator==(const Recipient&) const = default;
};

struct Envelope {
  Role role = Role::gate;
  Origin origin = Origin::unknown;
  std::string origin_reason;        // why `origin` was chosen, in words
  std::optional<IpAddress> client;  // absent for a Unix socket or an unknown family
  std::string client_name;          // the name the mail server found for it, may be "[192.0.2.1]"
  std::string helo;
  std::string listener;  // of the mail server, by {daemon_name}
  std::string login;     // SASL name; empty when the client did not authenticate
  std::string stream;    // at the gate: the declared stream that arrival knew by its login
  ReversePath reverse_path;
  bool smtputf8 = false;                       // MAIL parameter SMTPUTF8 (RFC 6531 §3.4)
  bool eight_bit_mime = false;                 // MAIL parameter BODY=8BITMIME (RFC 6152 §2)
  std::optional<std::uint64_t> declared_size;  // MAIL parameter SIZE (RFC 1870 §6)
  std::vector<Recipient> recipients;
  std::string queue_id;  // empty as long as the mail server has given none
};

}  // namespace icm
