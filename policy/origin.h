// SPDX-License-Identifier: Apache-2.0
//
// Origin: how a message came to us. At arrival the connection shows it, and the answer is written
// into our own Authentication-Results; at the gate, where every client is the mail server itself,
// it is read there again.
//
// A message is *forwarded* when it came in from outside, when it carries an ARC set and nobody here
// vouches for its sender, when a discussion list that no stream declares sends it without a login
// (Mailman on this host: a refusal would bounce to the list's owner, or strike members off, for
// what others wrote), or when every recipient at the gate replaced another one (ORCPT, RFC 3461
// §4.2) and the author is none of ours. An ARC set alone does not make a login's mail forwarded:
// hosted systems seal all they send, and anybody can write three fields. Nor does one redirected
// recipient when the message also goes to one that was named as such: who may name an Apple
// recipient here is no stranger.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/auth_results.h"
#include "policy/config/config.h"
#include "policy/inspection.h"
#include "policy/message/envelope.h"

namespace icm {

// How the mail server got the message.
enum class Transport {
  smtp,
  internal,  // no SMTP client: sendmail(1), cron, the mail server's own notices
};

struct OriginDecision {
  Origin origin = Origin::unknown;
  std::string reason;  // in words, for the log; may quote the login, addresses, header fields
  bool operator==(const OriginDecision&) const = default;
};

// What the connection and MAIL show, for the roles arrival and direct:
//   submission  the client authenticated itself
//   local       no SMTP client, or one on a loopback address
//   relay       the client is in arrival.trusted_networks
//   forwarded   any other address: it comes from outside
// At the gate it is unknown: the client there is the mail server itself. A listener where a content
// filter hands mail back from this host must not have the milter, or all mail would be local.
OriginDecision origin_of_connection(const ArrivalConfig& arrival, const Envelope& envelope,
                                    Transport transport);

// The same for a whole message; `message` has seen its header, with the fields that arrival removes
// still in it.
// At arrival and direct: local and relayed mail that our own Authentication-Results (for relayed
// mail those of arrival.other_ids, too) calls outside mail stays that (a redirecting mailbox or
// another host hands it in again). At the gate: the topmost Authentication-Results under
// `authserv_id`, believed only when arrival.covered is set; then a null reverse path without that
// field, which is the mail server's own bounce; then what the header and ORCPT show.
OriginDecision origin_of_message(const Config& config, std::string_view authserv_id,
                                 const Envelope& envelope, Transport transport,
                                 const Inspection& message);

// The body of the Authentication-Results field that arrival puts on top (RFC 8601 §2.7.4):
// "ID; auth=pass policy.origin=submission" for a login, with " policy.stream=NAME" when a declared
// stream has that login, and " smtp.auth=LOGIN" if arrival.show_login;
// "ID; auth=none policy.origin=WORD" otherwise, WORD being local, relay, outside or unknown.
// "policy" is the ptype that RFC 8601 §2.4 leaves to an administrative domain.
// `more` follows: what authentication found out about mail from outside.
std::string arrival_results(const Config& config, std::string_view authserv_id,
                            const Envelope& envelope, std::vector<MethodResult> more = {});

// What our own Authentication-Results fields and those of arrival.other_ids say of a message's
// sender, in the order of the header, `auth` left out; at most 100 results. Empty where they are
// not to be believed (see origin_of_message).
std::vector<MethodResult> results_of_arrival(const Config& config, std::string_view authserv_id,
                                             const HeaderList& headers);

// Those of arrival.other_ids alone, for mail that enters here from one of arrival.trusted_networks.
std::vector<MethodResult> results_of_other_hosts(const Config& config, std::string_view authserv_id,
                                                 const HeaderList& headers);

// What the field says of the stream, for Envelope::stream: a login is known at arrival alone.
// Empty when it names none or is not to be believed (see origin_of_message).
std::string stream_of_arrival(const Config& config, std::string_view authserv_id,
                              const HeaderList& headers);

}  // namespace icm
