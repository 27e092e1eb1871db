// SPDX-License-Identifier: Apache-2.0
#include "policy/config/routing_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/config/option_form.h"
#include "policy/config/socket_address.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

// One line of printable ASCII with a transport's name, transport(5).
bool is_transport(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

class RoutingChecker {
 public:
  RoutingChecker(const Config& config, const ConfigPlaces& places)
      : config_(config), routing_(config.routing), places_(places) {}

  std::vector<CheckFinding> all() {
    judge();
    listener("routing.socketmap", routing_.socketmap.address);
    listener("metrics", config_.metrics.address);
    listener("replies.metrics", config_.replies.metrics.address);
    one_each();
    if (!is_transport(routing_.socketmap.transport)) {
      error("routing.socketmap.transport",
            fmt::format("expected TRANSPORT:NEXTHOP as in transport(5), got \"{}\"",
                        for_log(routing_.socketmap.transport)));
    }
    return std::move(findings_);
  }

 private:
  void error(std::string_view option, std::string_view text) { add(Severity::error, option, text); }
  void add(Severity severity, std::string_view option, std::string_view text) {
    if (places_.unread(std::string(option))) return;
    findings_.push_back({severity, places_.of(option), fmt::format("{}: {}", option, text)});
  }

  void judge() {
    if (routing_.by_mx && routing_.mx_suffixes.empty()) {
      error("routing.mx_suffixes", "expected a domain at least, since routing.by_mx is on");
    }
    if (routing_.keep_least > routing_.keep_most) {
      error("routing.keep_least",
            fmt::format("{} is more than routing.keep_most, {}", to_span(routing_.keep_least),
                        to_span(routing_.keep_most)));
    }
    for (const Domain& domain : routing_.elsewhere) {
      if (std::ranges::find(config_.apple.domains, domain) == config_.apple.domains.end()) continue;
      error("routing.elsewhere", fmt::format("{} is in apple.domains too", domain.text()));
    }
  }

  // What speaks there asks nobody for a password.
  void listener(std::string_view section, const std::string& text) {
    if (text.empty()) return;
    const std::string option = fmt::format("{}.address", section);
    const auto address = SocketAddress::parse(text);
    if (!address) return;  // an error of the option itself
    if (!address->is_local()) {
      error(option, "other hosts may connect: expected unix: or a loopback address");
    }
    for (const auto& [name, other] : {std::pair{"socket.address", config_.socket.address},
                                      {"control.socket", "unix:" + config_.control.socket}}) {
      if (SocketAddress::parse(other) != address) continue;
      error(option, fmt::format("{} is there", name));
    }
    if (address->family == SocketAddress::Family::unix_path) return;
    for (const std::string_view key : {"owner", "group", "mode"}) {
      const std::string dress = fmt::format("{}.{}", section, key);
      if (!places_.given(dress)) continue;
      add(Severity::warning, dress, "has no meaning for a socket that is not unix:");
    }
  }

  // Whoever comes second would not be heard.
  void one_each() {
    const std::array<std::pair<std::string_view, const std::string&>, 3> listeners = {
        {{"routing.socketmap.address", routing_.socketmap.address},
         {"metrics.address", config_.metrics.address},
         {"replies.metrics.address", config_.replies.metrics.address}}};
    for (std::size_t i = 1; i < listeners.size(); ++i) {
      const auto& [option, text] = listeners[i];
      const auto address = SocketAddress::parse(text);
      if (!address) continue;
      for (std::size_t before = 0; before < i; ++before) {
        const auto& [other, other_text] = listeners[before];
        if (SocketAddress::parse(other_text) == address) {
          error(option, fmt::format("{} is there", other));
        }
      }
    }
  }

  const Config& config_;
  const RoutingConfig& routing_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_routing(const Config& config, const ConfigPlaces& places) {
  return RoutingChecker(config, places).all();
}

}  // namespace icm
