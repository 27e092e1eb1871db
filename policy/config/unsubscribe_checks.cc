// SPDX-License-Identifier: Apache-2.0
#include "policy/config/unsubscribe_checks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/config/socket_address.h"
#include "policy/message/uri.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

constexpr std::size_t longest_url = 300;  // with the longest token a line of 998 octets holds it
constexpr std::size_t most_mailto_local = 24;  // leaves 39 octets for a token

class UnsubscribeChecker {
 public:
  UnsubscribeChecker(const Config& config, const ConfigPlaces& places,
                     std::vector<CheckFinding>& findings)
      : config_(config.unsubscribe),
        suppression_(config.suppression),
        streams_(config.streams),
        places_(places),
        findings_(findings) {}

  void all() {
    url();
    mailto();
    stream();
    endpoint();
    suppression();
    for (std::size_t i = 0; i < streams_.size(); ++i) addition(i);
  }

 private:
  void add(Severity severity, std::string_view option, std::string_view text) {
    findings_.push_back({severity, places_.of(option), fmt::format("{}: {}", option, text)});
  }
  void error(std::string_view option, std::string_view text) { add(Severity::error, option, text); }
  void warning(std::string_view option, std::string_view text) {
    add(Severity::warning, option, text);
  }

  void url() {
    const std::string& text = config_.url;
    if (text.empty()) return;
    constexpr std::string_view expected = "expected https://HOST/PATH";
    const auto uri = Uri::parse(text);
    if (!uri) {
      return error("unsubscribe.url", fmt::format("{}: {}", expected, for_log(uri.error().text)));
    }
    if (uri->scheme != "https") {
      return error("unsubscribe.url", fmt::format("{}, got {}: (RFC 8058 section 3.1)", expected,
                                                  for_log(uri->scheme)));
    }
    if (const Status fault = check_https(*uri); !fault) {
      return error("unsubscribe.url", fmt::format("{}: {}", expected, for_log(fault.error().text)));
    }
    if (uri->query || uri->fragment || uri->path.empty() || uri->path == "/") {
      return error("unsubscribe.url",
                   fmt::format("{} without \"?\" and \"#\": a slash and a token follow", expected));
    }
    if (text.size() > longest_url) {
      error("unsubscribe.url",
            fmt::format("expected at most {} octets, got {}", longest_url, text.size()));
    }
  }

  void mailto() {
    const std::string& text = config_.mailto;
    if (text.empty()) return;
    const auto mailbox = Mailbox::parse(text);
    const auto domain = Domain::parse(text);
    const bool is_domain = domain && domain->text().find('.') != std::string::npos;
    if (!mailbox && !is_domain) {
      return error("unsubscribe.mailto",
                   fmt::format("expected an address or a domain, got \"{}\"", for_log(text)));
    }
    if (!mailbox) return;
    if (!is_dot_atom(mailbox->local()) || !is_ascii(mailbox->local())) {
      return error("unsubscribe.mailto",
                   "expected a local part that needs no quotes: a token follows it");
    }
    if (mailbox->local().size() > most_mailto_local) {
      warning("unsubscribe.mailto",
              fmt::format("a local part of {} octets leaves no room for most tokens (RFC 5321 "
                          "section 4.5.3.1.1: 64 octets): choose a shorter one, or a domain",
                          mailbox->local().size()));
    }
  }

  void stream() {
    if (config_.stream.empty() || places_.unread("streams")) return;
    const auto has_name = [&](const StreamConfig& one) { return one.name == config_.stream; };
    if (std::any_of(streams_.begin(), streams_.end(), has_name)) return;
    error("unsubscribe.stream",
          fmt::format("there is no stream \"{}\" in streams", for_log(config_.stream)));
  }

  void addition(std::size_t index) {
    const StreamConfig& stream = streams_[index];
    const std::string option = fmt::format("streams[{}].unsubscribe", index + 1);
    if (stream.unsubscribe != "add") return;
    if (config_.url.empty() && !places_.unread("unsubscribe.url")) {
      error(option, "there is no https form to add: write unsubscribe.url (RFC 8058 section 3.1)");
    }
    if (stream.kind != StreamKind::bulk) {
      warning(option, "has no effect: the stream is transactional, and owes no unsubscription");
    }
  }

  // Who unsubscribes is put on a list that somebody has to heed.
  void suppression() {
    const bool is_taken_in = !config_.url.empty() || !config_.mailto.empty();
    if (!is_taken_in || suppression_.mode == Mode::enforce) return;
    warning("unsubscribe", "suppression.mode is not enforce, so who unsubscribes still gets mail");
  }

  void endpoint() {
    constexpr std::string_view option = "unsubscribe.endpoint.address";
    const auto address = SocketAddress::parse(config_.endpoint.address);
    if (!address) return;  // an error of the option itself
    if (!address->is_local() && !config_.endpoint.exposed) {
      error(option,
            "other hosts may connect, and it speaks no TLS: expected unix: or a loopback address, "
            "or \"exposed: yes\" where something stands between");
    }
    if (address->family == SocketAddress::Family::unix_path) return;
    const UnsubscribeEndpointConfig& given = config_.endpoint;
    const UnsubscribeEndpointConfig usual;
    for (const auto& [name, is_usual] : {std::pair{"owner", given.owner == usual.owner},
                                         std::pair{"group", given.group == usual.group},
                                         std::pair{"mode", given.mode == usual.mode}}) {
      if (is_usual) continue;
      warning(fmt::format("unsubscribe.endpoint.{}", name),
              "has no meaning for a socket that is not unix:");
    }
  }

  const UnsubscribeConfig& config_;
  const SuppressionConfig& suppression_;
  const std::vector<StreamConfig>& streams_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding>& findings_;
};

}  // namespace

void check_unsubscribe(const Config& config, const ConfigPlaces& places,
                       std::vector<CheckFinding>& findings) {
  UnsubscribeChecker(config, places, findings).all();
}

}  // namespace icm
