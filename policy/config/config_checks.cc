// SPDX-License-Identifier: Apache-2.0
#include "policy/config/config_checks.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/config/egress_checks.h"
#include "policy/config/ledger_checks.h"
#include "policy/config/option_form.h"
#include "policy/config/routing_checks.h"
#include "policy/config/socket_address.h"
#include "policy/config/store_checks.h"
#include "policy/config/throttle_checks.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

// RFC 2045 §5.1 token.
bool is_token_octet(char c) {
  return c > ' ' && c <= '~' &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

// RFC 5322 §2.2: a field name is printable ASCII without the colon.
bool is_field_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

class Checker : public OptionVisitor<Checker> {
 public:
  Checker(Config config, const ConfigPlaces& places, WallTime now)
      : config_(std::move(config)), places_(places), now_(now) {}

  std::vector<CheckFinding> all() {
    socket();
    control();
    roles();
    arrival();
    dns();
    streams();
    mailings();
    describe(config_, *this);
    suppression_origins();
    relay_sources();
    sealing_keys();
    std::ranges::move(check_throttle(config_, places_), std::back_inserter(findings_));
    return std::move(findings_);
  }

  // ---- what `describe` calls: only policies are of interest, each like the others ----

  template <class Section>
  void section(Words, Section&, Words) {}
  template <class Item>
  void list(Words, std::vector<Item>&, const Item&, Words) {}
  void policy(Words name, PolicyConfig& policy, Words) { check_policy(name, policy); }

 private:
  void error(std::string_view path, std::string_view text) {
    add(Severity::error, path, path, text);
  }
  void warning(std::string_view path, std::string_view text) {
    add(Severity::warning, path, path, text);
  }

  // `place` may be more exact than the option's name: an item of a list.
  void add(Severity severity, std::string_view place, std::string_view option,
           std::string_view text) {
    findings_.push_back({severity, places_.of(place), fmt::format("{}: {}", option, text)});
  }

  void socket() {
    const auto address = SocketAddress::parse(config_.socket.address);
    if (!address) return;  // an error of the option itself
    if (!address->is_local()) {
      warning("socket.address",
              "other hosts may connect, and the milter protocol knows no passwords: let a firewall "
              "keep everybody but the mail server off");
    }
    if (address->family == SocketAddress::Family::unix_path) return;
    for (const std::string_view option : {"socket.owner", "socket.group", "socket.mode"}) {
      if (places_.given(option)) warning(option, "has no meaning for a socket that is not unix:");
    }
  }

  void control() {
    if (config_.control.socket.empty()) return;
    const auto own = SocketAddress::parse("unix:" + config_.control.socket);
    if (!own) return error("control.socket", own.error().text);
    if (*own != SocketAddress::parse(config_.socket.address)) return;
    error("control.socket", "the mail server's socket is there (socket.address)");
  }

  void roles() {
    const RolesConfig& roles = config_.roles;
    one_role("roles.direct", roles.direct, "roles.gate", roles.gate);
    one_role("roles.arrival", roles.arrival, "roles.gate", roles.gate);
    one_role("roles.arrival", roles.arrival, "roles.direct", roles.direct);
    if (roles.gate.empty() && roles.direct.empty() && places_.given("roles.gate")) {
      warning("roles.gate", "no listener is a gate or direct, so no mail is ever judged");
    }
    empty_names("roles.gate", roles.gate);
    empty_names("roles.direct", roles.direct);
    empty_names("roles.arrival", roles.arrival);
  }

  void one_role(std::string_view option, const std::vector<std::string>& names,
                std::string_view other_option, const std::vector<std::string>& others) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(others.begin(), others.end(), names[i]) == others.end()) continue;
      add(Severity::error, fmt::format("{}[{}]", option, i + 1), option,
          fmt::format("\"{}\" is in {} too; a listener plays one role", for_log(names[i]),
                      other_option));
    }
  }

  void empty_names(const std::string& option, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!names[i].empty()) continue;
      add(Severity::error, fmt::format("{}[{}]", option, i + 1), option, "a name is empty");
    }
  }

  void arrival() {
    // RFC 8601 §2.2: authserv-id is a value of RFC 2045; we write it bare, so a token.
    authserv_id("arrival.authserv_id", "arrival.authserv_id", config_.arrival.authserv_id);
    const std::vector<std::string>& others = config_.arrival.other_ids;
    for (std::size_t i = 0; i < others.size(); ++i) {
      const std::string place = fmt::format("arrival.other_ids[{}]", i + 1);
      authserv_id(place, "arrival.other_ids", others[i]);
      if (others[i].empty()) {
        add(Severity::error, place, "arrival.other_ids", "a name is empty");
      }
    }
  }

  void authserv_id(std::string_view place, std::string_view option, const std::string& id) {
    if (std::all_of(id.begin(), id.end(), is_token_octet)) return;
    add(Severity::error, place, option,
        fmt::format("expected a host name or another token of RFC 2045, got \"{}\"", for_log(id)));
  }

  void dns() {
    if (config_.dns.servers.empty() && config_.dns.resolv_conf.empty() &&
        !places_.unread("dns.servers")) {
      error("dns.resolv_conf", "expected an absolute path, since dns.servers is empty");
    }
    if (config_.dns.dnssec && config_.dns.trust_anchor.empty()) {
      error("dns.trust_anchor", "expected an absolute path, since dns.dnssec is on");
    }
  }

  void streams() {
    std::map<std::string_view, std::string> named;  // name → path of the first
    for (std::size_t i = 0; i < config_.streams.size(); ++i) {
      const StreamConfig& stream = config_.streams[i];
      const std::string path = fmt::format("streams[{}]", i + 1);
      if (places_.unread(path)) continue;
      if (!places_.given(path + ".name")) error(path, "the name is missing: write \"name: WORD\"");
      stream_marks(stream, path);
      if (stream.name.empty()) continue;
      const auto [first, is_new] = named.emplace(stream.name, path + ".name");
      if (is_new) continue;
      error(path + ".name", fmt::format("\"{}\" names another stream already, at line {}",
                                        for_log(stream.name), places_.of(first->second).line));
    }
  }

  void stream_marks(const StreamConfig& stream, const std::string& path) {
    const std::string option = path + ".header";
    if (!stream.header.empty()) {
      const std::size_t colon = stream.header.find(':');
      const std::string_view name = std::string_view(stream.header).substr(0, colon);
      if (colon == std::string::npos || !is_field_name(name) ||
          trim(std::string_view(stream.header).substr(colon + 1)).empty()) {
        error(option, fmt::format("expected \"Name: value\", got \"{}\"", for_log(stream.header)));
      }
    }
    for (const std::string_view key : {"logins", "from_domains", "sender_domains", "header"}) {
      if (places_.unread(fmt::format("{}.{}", path, key))) return;
    }
    const bool has_mark = !stream.logins.empty() || !stream.from_domains.empty() ||
                          !stream.sender_domains.empty() || !stream.header.empty();
    if (!has_mark) {
      error(path,
            "nothing marks this stream: give it logins, from_domains, sender_domains or a header");
    }
  }

  void mailings() {
    if (!config_.mailings.are_bulk) return;
    if (config_.mailings.recipients == 0) {
      warning("mailings.are_bulk", "has no effect: mailings.recipients is 0");
      return;
    }
    const auto is_transactional = [](const StreamConfig& stream) {
      return stream.kind == StreamKind::transactional;
    };
    if (std::any_of(config_.streams.begin(), config_.streams.end(), is_transactional)) return;
    if (places_.unread("streams")) return;
    warning("mailings.are_bulk",
            "no stream is declared transactional: order confirmations and passwords to many will "
            "count as bulk");
  }

  static bool is_enforced(const PolicyConfig& policy) {
    const auto enforces = [](const auto& rule) { return rule.second == Mode::enforce; };
    return policy.mode == Mode::enforce ||
           (policy.mode != Mode::off && std::ranges::any_of(policy.rules, enforces));
  }

  void check_policy(std::string_view name, const PolicyConfig& policy) {
    const auto option = [&](std::string_view key) { return fmt::format("{}.{}", name, key); };
    if (policy.mode == Mode::off) {
      for (const auto& [rule, mode] : policy.rules) {
        const std::string path = option("rules." + rule);
        if (mode != Mode::off) warning(path, fmt::format("has no effect: {}.mode is off", name));
      }
    }
    if (!is_enforced(policy)) return;
    if (policy.percent == 0) {
      warning(option("percent"), "0 enforces on no message; observe says the same");
    }
    if (policy.origins.empty() && !places_.unread(option("origins"))) {
      warning(option("origins"), "an empty list enforces on no message");
    }
    if (policy.until && *policy.until <= now_) {
      warning(option("until"),
              fmt::format("{} has passed: this policy only observes", to_rfc3339(*policy.until)));
    }
  }

  // A recipient is judged when it is named, before anything tells a submission from a forward.
  void suppression_origins() {
    if (places_.unread("suppression.origins")) return;
    for (const Origin origin : all_origins) {
      const auto& origins = config_.suppression.origins;
      if (std::find(origins.begin(), origins.end(), origin) != origins.end()) continue;
      error("suppression.origins",
            "expected every origin, since recipients are judged before the origin is known; leave "
            "the option out");
      return;
    }
  }

  // Without the addresses that Apple sees, half of what was asked for is not judged.
  void relay_sources() {
    const auto& sources = config_.private_relay.sources;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (Mailbox::parse(sources[i])) continue;
      if (const auto domain = Domain::parse(sources[i]);
          domain && domain->text().find('.') != std::string::npos) {
        continue;
      }
      add(Severity::error, fmt::format("private_relay.sources[{}]", i + 1), "private_relay.sources",
          fmt::format("expected domains and addresses, got \"{}\"", for_log(sources[i])));
    }
    if (sources.empty() && is_enforced(config_.private_relay) &&
        !places_.unread("private_relay.sources")) {
      warning("private_relay.mode",
              "nothing is known of what is registered with Apple: write it into "
              "private_relay.sources");
    }
  }

  void sealing_keys() {
    const ArcSealingConfig& sealing = config_.arc_sealing;
    const bool seals = sealing.mode != Mode::off && sealing.seal != SealWhen::never;
    if (seals && sealing.keys.empty() && !places_.unread("arc_sealing.keys")) {
      error("arc_sealing.mode",
            "there is no key to seal with: make one with \"icloud-milterctl keys generate\" and "
            "write it into arc_sealing.keys, or write \"seal: never\"");
    }
    if (seals && !sealing.keys.empty() && !config_.arrival.covered) {
      warning("arc_sealing.seal",
              "arrival.covered is no, so a seal cannot say how the mail came in: neither SPF and "
              "DMARC nor whether a chain held before this host changed the message");
    }
    for (std::size_t i = 0; i < sealing.keys.size(); ++i) {
      const std::string path = fmt::format("arc_sealing.keys[{}]", i + 1);
      if (!places_.unread(path)) sealing_key(sealing.keys[i], path);
      for (std::size_t j = 0; j < i; ++j) key_pair(j, i);
    }
  }

  void sealing_key(const SealingKeyConfig& key, const std::string& path) {
    for (const auto& [option, word] :
         {std::pair{"domain", "DOMAIN"}, {"selector", "WORD"}, {"file", "/PATH"}}) {
      if (places_.given(fmt::format("{}.{}", path, option))) continue;
      error(path, fmt::format("the {0} is missing: write \"{0}: {1}\"", option, word));
    }
    const std::string record = fmt::format("{}._domainkey.{}", key.selector, key.domain);
    const bool is_whole = !key.selector.empty() && !key.domain.empty();
    if (const auto name = Domain::parse(record); is_whole && !name) {
      error(path + ".selector", fmt::format("{} is no name for a record: {}", excerpt(record),
                                            excerpt(name.error().text, 200)));
    }
    const std::string listeners = path + ".listeners";
    empty_names(listeners, key.listeners);
    const RolesConfig& roles = config_.roles;
    for (const std::string& name : key.listeners) {
      const auto has = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
      };
      if (name.empty() || has(roles.gate) || has(roles.direct)) continue;
      warning(listeners,
              fmt::format("\"{}\" is neither in roles.gate nor in roles.direct, and mail is "
                          "sealed nowhere else",
                          for_log(name)));
    }
  }

  // Two keys for the same mail: which would it be? And one selector has one record, so one key.
  void key_pair(std::size_t earlier_index, std::size_t index) {
    const SealingKeyConfig& earlier = config_.arc_sealing.keys[earlier_index];
    const SealingKeyConfig& key = config_.arc_sealing.keys[index];
    const std::string path = fmt::format("arc_sealing.keys[{}]", index + 1);
    const std::string earlier_path = fmt::format("arc_sealing.keys[{}]", earlier_index + 1);
    for (const std::string& one : {path, earlier_path}) {
      for (const std::string_view part :
           {"", ".domain", ".selector", ".file", ".recipients", ".listeners"}) {
        if (places_.unread(fmt::format("{}{}", one, part))) return;
      }
    }
    const int line = places_.of(earlier_path).line;
    const bool is_same_record =
        !key.domain.empty() && key.domain == earlier.domain && key.selector == earlier.selector;
    if (is_same_record && key.file != earlier.file) {
      error(path + ".file", fmt::format("the key of {}._domainkey.{} is {} at line {}; a selector "
                                        "has one key",
                                        key.selector, key.domain, for_log(earlier.file), line));
    }
    if (key.recipients.empty() != earlier.recipients.empty() ||
        key.listeners.empty() != earlier.listeners.empty()) {
      return;  // one says more than the other, and is taken first
    }
    const auto recipient = common(key.recipients, earlier.recipients);
    const auto listener = common(key.listeners, earlier.listeners);
    if (!recipient || !listener) return;
    std::string mail = "all mail that no other key is for";
    if (!recipient->empty()) mail = fmt::format("mail for {}", *recipient);
    if (!listener->empty()) {
      mail = fmt::format("{} over {}", recipient->empty() ? "mail" : mail, for_log(*listener));
    }
    error(path, fmt::format("{} has a key already, at line {}", mail, line));
  }

  // A word of both lists; "" when both are empty, which means everything.
  static std::optional<std::string> common(const std::vector<std::string>& a,
                                           const std::vector<std::string>& b) {
    if (a.empty() && b.empty()) return "";
    const auto found = std::find_first_of(a.begin(), a.end(), b.begin(), b.end());
    if (found == a.end()) return std::nullopt;
    return *found;
  }

  Config config_;
  const ConfigPlaces& places_;
  WallTime now_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_config(const Config& config, const ConfigPlaces& places,
                                       WallTime now) {
  std::vector<CheckFinding> findings = Checker(config, places, now).all();
  for (CheckFinding& finding : check_egress(config, places)) findings.push_back(std::move(finding));
  for (CheckFinding& finding : check_routing(config, places)) {
    findings.push_back(std::move(finding));
  }
  for (CheckFinding& finding : check_store(config, places)) findings.push_back(std::move(finding));
  for (CheckFinding& finding : check_ledger(config, places)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace icm
