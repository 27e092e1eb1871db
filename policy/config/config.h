// SPDX-License-Identifier: Apache-2.0
//
// Config: everything milter.conf can say, as plain structs with the defaults in place. Each option
// is declared once, in the `describe` beside its struct: key, member, range, sentence. The reader,
// the commented example, the man page, `show` and `diff` all walk that declaration.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/domain.h"
#include "policy/base/ip_address.h"
#include "policy/config/arc_sealing_config.h"
#include "policy/config/arrival_config.h"
#include "policy/config/control_config.h"
#include "policy/config/dns_config.h"
#include "policy/config/ledger_config.h"
#include "policy/config/mailings_config.h"
#include "policy/config/metrics_config.h"
#include "policy/config/policy_options.h"
#include "policy/config/replies_config.h"
#include "policy/config/routing_config.h"
#include "policy/config/store_config.h"
#include "policy/config/throttle_config.h"
#include "policy/config/unsubscribe_config.h"
#include "policy/message/envelope.h"
#include "policy/verdict.h"

namespace icm {

inline constexpr std::string_view default_config_path = "/etc/icloud-milter/milter.conf";

// What happens at the direct role when a message for Apple and for others must be refused.
enum class MixedRefusal {
  remove,  // the Apple recipients are taken off and logged; the others get the message
  keep,    // everybody gets the message; the finding is logged
};

enum class LogDestination { automatic, syslog, standard_error };

enum class StreamKind { bulk, transactional };

// The names of an enum's values in milter.conf: every value that may be written there, in the order
// in which people are told of them. Disposition is an `action` there, so accept is not among its
// names.
template <class Enum>
struct EnumName {
  Enum value;
  std::string_view name;
};
template <class Enum>
const std::vector<EnumName<Enum>>& enum_names();
template <>
const std::vector<EnumName<OnError>>& enum_names<OnError>();
template <>
const std::vector<EnumName<Required>>& enum_names<Required>();
template <>
const std::vector<EnumName<DmarcReading>>& enum_names<DmarcReading>();
template <>
const std::vector<EnumName<MixedRefusal>>& enum_names<MixedRefusal>();
template <>
const std::vector<EnumName<LogDestination>>& enum_names<LogDestination>();
template <>
const std::vector<EnumName<StreamKind>>& enum_names<StreamKind>();
template <>
const std::vector<EnumName<Mode>>& enum_names<Mode>();
template <>
const std::vector<EnumName<Disposition>>& enum_names<Disposition>();
template <>
const std::vector<EnumName<Origin>>& enum_names<Origin>();
template <>
const std::vector<EnumName<SealWhen>>& enum_names<SealWhen>();
template <>
const std::vector<EnumName<Rescue>>& enum_names<Rescue>();
template <>
const std::vector<EnumName<ThrottlePer>>& enum_names<ThrottlePer>();
template <>
const std::vector<EnumName<ThrottleUnit>>& enum_names<ThrottleUnit>();
template <>
const std::vector<EnumName<ThrottleMail>>& enum_names<ThrottleMail>();
template <>
const std::vector<EnumName<ThrottlePreset>>& enum_names<ThrottlePreset>();
template <>
const std::vector<EnumName<ReplyEffect>>& enum_names<ReplyEffect>();
template <>
const std::vector<EnumName<StoreKind>>& enum_names<StoreKind>();
template <>
const std::vector<EnumName<WhileAway>>& enum_names<WhileAway>();
template <>
const std::vector<EnumName<RedisMode>>& enum_names<RedisMode>();

// ---- Declaring options ------------------------------------------------------------------------
//
// `describe(S&, Visitor&)` names every option of S once. What a Visitor offers, and what is written
// in the file for it (policy/config/option_form.h has the details):
//
//   text      any text on one line              texts    a list of texts
//   name      a word of the administrator's         addresses  a list of IP addresses
//   path      an absolute path, or empty        domains  a list of domain names
//   socket    an address the daemon listens on  ranges   a list of networks
//   socket_or_none  the same, or empty
//   word      one of some words                 servers  a list of name servers
//   flag      yes or no                         choice   the name of an enum's value
//   octal     permissions                       choices  a list of such names
//   number    a whole number within bounds      modes    rule: mode, for single rules of a policy
//   size      octets: 28319744, 20MiB           section  a struct with options of its own
//   span      seconds: 90s, 15m, 2h, 7d         list     a list of such structs, with an example
//   time      a moment, or never                policy   a section that is a policy's
//   domain_name, selector, key_file             domain_names  a list of domain names, as texts
//   secret_file, a key_file or empty            redis_servers, spans  lists of such

struct SocketConfig {
  std::string address = "unix:/var/spool/postfix/icloud-milter/milter.sock";
  std::string owner;
  std::string group = "postfix";
  int mode = 0660;
  bool operator==(const SocketConfig&) const = default;
};

template <class Visitor>
void describe(SocketConfig& c, Visitor& visit) {
  visit.socket("address", c.address, "Where the mail server finds the milter.");
  visit.text("owner", c.owner, "User that shall own a unix socket; empty keeps the daemon's user.");
  visit.text("group", c.group,
             "Group that shall own a unix socket; the mail server's user must be in it. Empty "
             "keeps the daemon's group.");
  visit.octal("mode", c.mode, 0, 0777, "Permissions of a unix socket, in octal.");
}

struct RolesConfig {
  std::vector<std::string> gate = {"ICLOUD-GATE"};
  std::vector<std::string> direct;
  std::vector<std::string> arrival;
  bool operator==(const RolesConfig&) const = default;
};

template <class Visitor>
void describe(RolesConfig& c, Visitor& visit) {
  visit.texts("gate", c.gate,
              "Values of {daemon_name} that mark a connection as the gate, the hop before the exit "
              "(Postfix: milter_macro_daemon_name).");
  visit.texts("direct", c.direct,
              "Values of {daemon_name} for listeners that are arrival and gate in one pass.");
  visit.texts(
      "arrival", c.arrival,
      "Values of {daemon_name} for listeners where mail comes in (Postfix: $myhostname where "
      "nothing else is set). Empty: every name that is in no other list. Else mail under a "
      "name that is in no list is deferred, so that a misspelt gate is noticed at once.");
}

struct AppleConfig {
  std::vector<Domain> domains;
  bool operator==(const AppleConfig&) const = default;
};

template <class Visitor>
void describe(AppleConfig& c, Visitor& visit) {
  visit.domains("domains", c.domains,
                "Further domains whose mail Apple takes, such as iCloud+ custom domains. "
                "icloud.com, me.com, mac.com, privaterelay.appleid.com and private.icloud.com are "
                "always known.");
}

struct EgressConfig {
  std::vector<IpAddress> addresses;
  std::string helo;
  bool operator==(const EgressConfig&) const = default;
};

template <class Visitor>
void describe(EgressConfig& c, Visitor& visit) {
  visit.addresses(
      "addresses", c.addresses,
      "Addresses our mail leaves from, as Apple sees them: behind a NAT the outer ones. "
      "SPF and reverse DNS are judged for each; without any they cannot be.");
  visit.text("helo", c.helo,
             "The name our mail server gives in HELO (Postfix: smtp_helo_name); empty means the "
             "host name.");
}

struct AuthenticationConfig {
  std::chrono::seconds deadline{5};
  bool enforce_disputed = false;
  bool operator==(const AuthenticationConfig&) const = default;
};

template <class Visitor>
void describe(AuthenticationConfig& c, Visitor& visit) {
  visit.span("deadline", c.deadline, std::chrono::seconds{1}, std::chrono::seconds{60},
             "Time to look up what authentication needs; what is not known by then is a temporary "
             "error (temperror).");
  visit.flag("enforce_disputed", c.enforce_disputed,
             "Whether a message is refused although an independent library (libspf2, libopendkim, "
             "libopendmarc) came to another result than we did.");
}

struct DirectConfig {
  MixedRefusal mixed = MixedRefusal::remove;
  bool operator==(const DirectConfig&) const = default;
};

template <class Visitor>
void describe(DirectConfig& c, Visitor& visit) {
  visit.choice(
      "mixed", c.mixed,
      "When a message has Apple and other recipients and must be refused for Apple's sake: "
      "remove takes the Apple recipients off and logs them, keep lets the message go to "
      "all.");
}

struct LogConfig {
  LogDestination destination = LogDestination::automatic;
  std::string facility = "mail";
  std::string decisions = "/var/log/icloud-milter/decisions.jsonl";
  bool operator==(const LogConfig&) const = default;
};

template <class Visitor>
void describe(LogConfig& c, Visitor& visit) {
  visit.choice("destination", c.destination,
               "Where lines for people go. automatic means standard error on a terminal or under "
               "systemd, else syslog.");
  visit.word("facility", c.facility,
             {"mail", "daemon", "local0", "local1", "local2", "local3", "local4", "local5",
              "local6", "local7"},
             "Syslog facility of those lines.");
  visit.path("decisions", c.decisions,
             "File for one JSON line per decision, read by icloud-milterctl log; empty writes "
             "none. Reopened on HUP.");
}

struct LimitsConfig {
  std::chrono::seconds message_deadline{10};
  std::chrono::seconds drain{30};
  int concurrent_judgements = 64;
  std::uint64_t header_octets = 1u << 20;
  int header_fields = 2000;
  bool operator==(const LimitsConfig&) const = default;
};

template <class Visitor>
void describe(LimitsConfig& c, Visitor& visit) {
  visit.span("message_deadline", c.message_deadline, std::chrono::seconds{1},
             std::chrono::seconds{250},
             "Time to judge one message; what is not known by then is treated as on_error says.",
             "the mail server gives a milter up after 300s (Postfix: milter_content_timeout)");
  visit.span("drain", c.drain, std::chrono::seconds{0}, std::chrono::seconds{600},
             "How long a stop waits for messages that are being handed over.");
  visit.number("concurrent_judgements", c.concurrent_judgements, 1, 10000,
               "Messages judged at the same time; further ones wait a second and are then "
               "deferred.");
  visit.size("header_octets", c.header_octets, 16u << 10, 64u << 20,
             "Header octets kept per message; the rest is counted and the message violates "
             "format.header-size.");
  visit.number("header_fields", c.header_fields, 50, 100000, "Header fields kept per message.");
}

// A declared stream: mail of one kind, recognised by any of its marks.
struct StreamConfig {
  std::string name;
  StreamKind kind = StreamKind::bulk;
  std::vector<std::string> logins;
  std::vector<Domain> from_domains;
  std::vector<Domain> sender_domains;
  std::string header;
  std::vector<std::string> display_names;
  std::vector<Domain> dkim_domains;
  std::vector<IpAddress> egress;
  std::string helo;
  std::string unsubscribe = "none";
  std::chrono::seconds inactive_after{0};
  bool operator==(const StreamConfig&) const = default;
};

template <class Visitor>
void describe(StreamConfig& c, Visitor& visit) {
  visit.name("name", c.name, "A short word for this stream, shown in the log.");
  visit.choice("kind", c.kind, "Mail that people subscribed to, or mail that they wait for.");
  visit.texts("logins", c.logins, "SASL logins that send it.");
  visit.domains("from_domains", c.from_domains, "Domains of its From address, exactly.");
  visit.domains("sender_domains", c.sender_domains, "Domains of its envelope sender, exactly.");
  visit.text("header", c.header,
             "A header field that marks it, as \"Name: value\"; the value is compared without "
             "case.");
  visit.texts("display_names", c.display_names,
              "Display names its From address may have; none means any.");
  visit.domains("dkim_domains", c.dkim_domains,
                "Domains (d=) one of which must have signed it; none means any.");
  visit.addresses("egress", c.egress,
                  "Addresses it leaves from; none means those of egress.addresses.");
  visit.text("helo", c.helo, "The name given in HELO there; empty means egress.helo.");
  visit.word("unsubscribe", c.unsubscribe, {"none", "add"},
             "Whether mail for one recipient that lacks both List-Unsubscribe fields gets them at "
             "arrival. A signer that comes after this milter has to cover them.");
  visit.span("inactive_after", c.inactive_after, std::chrono::seconds{0},
             std::chrono::hours{24 * 3650},
             "How long its recipients may be inactive; 0s means inactive.after.");
}

// The stream that the commented example shows.
StreamConfig example_stream();

struct Config {
  SocketConfig socket;
  RolesConfig roles;
  ArrivalConfig arrival;
  AppleConfig apple;
  RoutingConfig routing;
  EgressConfig egress;
  AuthenticationConfig authentication;
  DirectConfig direct;
  LogConfig log;
  ControlConfig control;
  MetricsConfig metrics;
  LimitsConfig limits;
  StoreConfig store;
  DnsConfig dns;
  std::vector<StreamConfig> streams;
  MailingsConfig mailings;
  UnsubscribeConfig unsubscribe;
  RepliesConfig replies;

  FormatConfig format;
  ListUnsubscribeConfig list_unsubscribe;
  SuppressionConfig suppression;
  ConsentConfig consent;
  InactiveConfig inactive;
  AlignmentConfig alignment;
  PrivateRelayConfig private_relay;
  SenderIdentityConfig sender_identity;
  ArcSealingConfig arc_sealing;
  ThrottleConfig throttle;

  bool operator==(const Config&) const = default;
};

template <class Visitor>
void describe(Config& c, Visitor& visit) {
  visit.section("socket", c.socket, "The socket the mail server connects to.");
  visit.section("roles", c.roles, "Which listener of the mail server plays which role.");
  visit.section("arrival", c.arrival, "Mail as it enters.");
  visit.section("apple", c.apple, "Which recipients are Apple's.");
  visit.section("routing", c.routing,
                "Domains whose mail servers are Apple's, and the way to the gate for their mail.");
  visit.section("egress", c.egress, "The way out: what Apple's servers will see.");
  visit.section("authentication", c.authentication,
                "Who a message is from, judged as a receiver does (SPF, DKIM, DMARC).");
  visit.section("direct", c.direct, "Listeners that are arrival and gate in one.");
  visit.section("log", c.log, "What is written down, and where.");
  visit.section("control", c.control, "Who may ask and command the running daemon, and where.");
  visit.section("metrics", c.metrics,
                "The daemon's figures for Prometheus, on this host alone: inet:9810@127.0.0.1.");
  visit.section("limits", c.limits, "Bounds on time and memory.");
  visit.section("store", c.store, "What outlives a message.");
  visit.section("dns", c.dns, "Whom the DNS is asked of.");
  visit.list("streams", c.streams, example_stream(),
             "Declared streams of mail; the first that matches names the message.");
  visit.section("mailings", c.mailings,
                "Mail alike to many of which neither a stream nor a field says what it is.");
  visit.section("unsubscribe", c.unsubscribe,
                "The addresses by which people unsubscribe, minted and taken in.");
  visit.section("replies", c.replies, "What Apple answers, and what is learnt from it.");
  visit.policy("format", c.format, "RFC 5321 and RFC 5322: what every message must be.");
  visit.policy("list_unsubscribe", c.list_unsubscribe,
               "Bulk mail offers one-click unsubscription (RFC 2369, RFC 8058).");
  visit.policy("suppression", c.suppression,
               "Addresses that unsubscribed or are gone are not tried again.");
  visit.policy("consent", c.consent,
               "Bulk mail goes to recorded subscribers. Off until there is a ledger of them.");
  visit.policy("inactive", c.inactive,
               "Bulk mail goes to who did something of late. Off until the ledger knows it.");
  visit.policy(
      "alignment", c.alignment,
      "SPF and DKIM pass from our addresses, one of them for the domain of From (RFC 7208, "
      "RFC 6376, RFC 9989).");
  visit.policy(
      "private_relay", c.private_relay,
      "Mail to private relay addresses comes from a source registered with Apple, exactly.");
  visit.policy("sender_identity", c.sender_identity,
               "Streams look the same in every message; hosts and sender domains are in the DNS.");
  visit.policy("arc_sealing", c.arc_sealing,
               "Forwarded mail gets its ARC set (RFC 8617). Off until there is a key.");
  visit.policy("throttle", c.throttle,
               "No more mail than agreed, little from a new address, less while Apple says so.");
}

}  // namespace icm
