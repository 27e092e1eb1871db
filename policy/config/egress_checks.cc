// SPDX-License-Identifier: Apache-2.0
#include "policy/config/egress_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/config/option_form.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

// Of the special purposes of RFC 6890 those from which no mail can come over the Internet. What is
// reserved for documents stays: our own documents use it.
struct SpecialRange {
  std::string_view range;
  std::string_view what;
};
constexpr SpecialRange special_ranges[] = {
    {"0.0.0.0/8", "no host's"},
    {"10.0.0.0/8", "a private network's (RFC 1918)"},
    {"100.64.0.0/10", "behind the NAT of a provider (RFC 6598)"},
    {"127.0.0.0/8", "this host's loopback"},
    {"169.254.0.0/16", "of one link alone (RFC 3927)"},
    {"172.16.0.0/12", "a private network's (RFC 1918)"},
    {"192.168.0.0/16", "a private network's (RFC 1918)"},
    {"224.0.0.0/4", "a multicast group's"},
    {"240.0.0.0/4", "no host's"},
    {"::/128", "no host's"},
    {"::1/128", "this host's loopback"},
    {"fc00::/7", "a private network's (RFC 4193)"},
    {"fe80::/10", "of one link alone (RFC 4291)"},
    {"ff00::/8", "a multicast group's"},
};

// Whose the address is when Apple can never see it; empty when Apple can.
std::string_view never_seen(const IpAddress& address) {
  for (const auto& [range, what] : special_ranges) {
    const auto parsed = IpRange::parse(range);
    if (parsed && parsed->contains(address)) return what;
  }
  return {};
}

// RFC 5321 §4.1.1.1: a fully qualified name, or an address literal where there is none.
bool is_helo(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') return true;
  const auto domain = Domain::parse(text);
  return domain && domain->text().find('.') != std::string::npos;
}

class EgressChecker {
 public:
  EgressChecker(const Config& config, const ConfigPlaces& places)
      : config_(config), places_(places) {}

  std::vector<CheckFinding> all() {
    known();
    way("egress.addresses", config_.egress.addresses, "egress.helo", config_.egress.helo);
    for (std::size_t i = 0; i < config_.streams.size(); ++i) {
      const std::string stream = fmt::format("streams[{}]", i + 1);
      way(stream + ".egress", config_.streams[i].egress, stream + ".helo", config_.streams[i].helo);
    }
    return std::move(findings_);
  }

 private:
  void warn(std::string_view place, std::string_view option, std::string_view text) {
    findings_.push_back(
        {Severity::warning, places_.of(place), fmt::format("{}: {}", option, text)});
  }

  void known() {
    constexpr std::string_view option = "egress.addresses";
    if (!config_.egress.addresses.empty() || places_.unread(option)) return;
    const bool has_spf = config_.alignment.mode != Mode::off;
    const bool has_names = config_.sender_identity.mode != Mode::off;
    if (!has_spf && !has_names) return;
    const std::string_view what = !has_names ? "SPF is"
                                  : !has_spf ? "reverse DNS is"
                                             : "SPF and reverse DNS are";
    std::string own;
    for (const StreamConfig& stream : config_.streams) {
      if (!stream.egress.empty()) own += fmt::format("{}{}", own.empty() ? "" : ", ", stream.name);
    }
    warn(option, option,
         fmt::format("none, so {} {}; write the addresses that mail leaves from, as Apple sees "
                     "them: [192.0.2.7, \"2001:db8::7\"]",
                     what,
                     own.empty() ? "not judged"
                                 : fmt::format("judged for mail of {} alone", for_log(own))));
  }

  void way(const std::string& option, const std::vector<IpAddress>& addresses,
           const std::string& helo_option, const std::string& helo) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const std::string_view whose = never_seen(addresses[i]);
      if (whose.empty()) continue;
      warn(fmt::format("{}[{}]", option, i + 1), option,
           fmt::format("{} is {}, so Apple never sees it; write the address that the NAT or the "
                       "relay host shows",
                       addresses[i].text(), whose));
    }
    if (helo.empty() || is_helo(helo)) return;
    warn(helo_option, helo_option,
         fmt::format("\"{}\" is no full name of a host: write what Postfix says, postconf -hx "
                     "smtp_helo_name",
                     for_log(helo)));
  }

  const Config& config_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_egress(const Config& config, const ConfigPlaces& places) {
  return EgressChecker(config, places).all();
}

}  // namespace icm
