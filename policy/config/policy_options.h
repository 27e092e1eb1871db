// SPDX-License-Identifier: Apache-2.0
//
// The sections of milter.conf that belong to policies: what all have in common, and what each adds.
// How options are declared is explained in policy/config/config.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/message/envelope.h"
#include "policy/verdict.h"

namespace icm {

// What an internal error of a policy does to the mail.
enum class OnError { accept, defer };

// Which of SPF and DKIM a message must pass.
enum class Required {
  both,  // what Apple asks of senders
  one,   // what DMARC asks of a message
};

// Which standard's verdict counts as the DMARC verdict.
enum class DmarcReading {
  rfc9989,  // the tree walk
  rfc7489,  // the public suffix list
};

// What every policy has: how far it goes, and on which mail.
struct PolicyConfig {
  Mode mode = Mode::observe;
  Disposition action = Disposition::reject;
  std::vector<Origin> origins = {Origin::submission, Origin::relay, Origin::local, Origin::unknown};
  OnError on_error = OnError::accept;
  int percent = 100;
  std::optional<WallTime> until;
  std::map<std::string, Mode> rules;  // rule without the policy's name, "post-missing"
  bool operator==(const PolicyConfig&) const = default;
};

template <class Visitor>
void describe_policy(PolicyConfig& c, Visitor& visit) {
  visit.choice("mode", c.mode, "off does not judge, observe only reports, enforce acts.");
  visit.choice("action", c.action,
               "What a violation does when enforced: reject, defer, quarantine (the mail server's "
               "hold queue) or tag (a header field is added).");
  visit.choices("origins", c.origins,
                "The mail it is enforced on, by how it came to us; other mail is only observed. "
                "submission: of a client that logged in; relay: from arrival.trusted_networks; "
                "local: made on this host; forwarded: from elsewhere; unknown: nobody wrote it "
                "down, as without arrival.covered.");
  visit.choice("on_error", c.on_error,
               "What happens to a message that could not be judged: accept or defer.");
  visit.number("percent", c.percent, 0, 100,
               "Share of messages it is enforced on; the same message always falls on the same "
               "side.");
  visit.time("until", c.until, "Enforced until this moment, only observed afterwards.");
  visit.modes("rules", c.rules, "Another mode for single rules, as {some-rule: observe}.");
}

struct FormatConfig : PolicyConfig {
  std::uint64_t max_size = 28319744;
  std::chrono::seconds date_future{std::chrono::hours{24}};
  std::chrono::seconds date_past{std::chrono::hours{24 * 7}};
  int max_received = 50;
  bool operator==(const FormatConfig&) const = default;
};

template <class Visitor>
void describe(FormatConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.size("max_size", c.max_size, 1024, 1ull << 40,
             "Largest message Apple takes, in octets on the wire.");
  visit.span("date_future", c.date_future, std::chrono::seconds{0}, std::chrono::hours{24 * 365},
             "How far ahead of now a Date may lie.");
  visit.span("date_past", c.date_past, std::chrono::hours{1}, std::chrono::hours{24 * 3650},
             "How old a Date may be; at least as long as the mail server keeps mail queued.");
  visit.number("max_received", c.max_received, 1, 1000,
               "Received fields above which it is a loop.");
}

struct ListUnsubscribeConfig : PolicyConfig {
  bool operator==(const ListUnsubscribeConfig&) const = default;
};

template <class Visitor>
void describe(ListUnsubscribeConfig& c, Visitor& visit) {
  describe_policy(c, visit);
}

struct AlignmentConfig : PolicyConfig {
  Required require = Required::both;
  DmarcReading dmarc = DmarcReading::rfc9989;
  int min_key_bits = 1024;
  bool operator==(const AlignmentConfig&) const = default;
};

template <class Visitor>
void describe(AlignmentConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.choice("require", c.require,
               "Whether SPF and DKIM must both pass, as Apple asks, or one of them.");
  visit.choice("dmarc", c.dmarc,
               "Whose DMARC verdict counts: that of RFC 9989 (tree walk) or of RFC 7489 (public "
               "suffix list). Where they differ, the log says so.");
  visit.number("min_key_bits", c.min_key_bits, 1024, 8192,
               "Length of the shortest RSA key whose DKIM signature is accepted (RFC 8301 section "
               "3.2).");
}

// icloud-milterctl relay-events import.
struct RelayEventsConfig {
  std::vector<std::string> client_ids;
  std::string keys_file = "/etc/icloud-milter/apple-keys.json";
  std::string journal = "/var/lib/icloud-milter/relay-events.journal";
  bool operator==(const RelayEventsConfig&) const = default;
};

template <class Visitor>
void describe(RelayEventsConfig& c, Visitor& visit) {
  visit.texts("client_ids", c.client_ids,
              "Identifiers of ours that Sign in with Apple's events must be for (aud): those of "
              "apps, and of services.");
  visit.path("keys_file", c.keys_file,
             "The keys that Apple signs with, as https://appleid.apple.com/auth/keys has them.");
  visit.path("journal", c.journal,
             "Which events were applied, so that none is twice; made when it is missing.");
}

struct PrivateRelayConfig : PolicyConfig {
  std::vector<std::string> sources;
  RelayEventsConfig events;
  bool operator==(const PrivateRelayConfig&) const = default;
};

template <class Visitor>
void describe(PrivateRelayConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.texts("sources", c.sources,
              "Domains and addresses registered with Apple's private email relay service, exactly "
              "as they are registered there: a domain does not stand for those below it.");
  visit.section("events", c.events, "What Apple tells of people who use the relay.");
}

struct SenderIdentityConfig : PolicyConfig {
  bool operator==(const SenderIdentityConfig&) const = default;
};

template <class Visitor>
void describe(SenderIdentityConfig& c, Visitor& visit) {
  describe_policy(c, visit);
}

struct SuppressionConfig : PolicyConfig {
  bool siblings = true;
  SuppressionConfig() {
    origins.assign(std::begin(all_origins), std::end(all_origins));
    on_error = OnError::defer;
  }
  bool operator==(const SuppressionConfig&) const = default;
};

template <class Visitor>
void describe(SuppressionConfig& c, Visitor& visit) {
  describe_policy(c, visit);
  visit.flag("siblings", c.siblings,
             "Whether an unsubscribe at one of icloud.com, me.com and mac.com also holds for the "
             "same name at the other two. Bounces are never widened.");
}

}  // namespace icm
