// SPDX-License-Identifier: Apache-2.0
#include "policy/config/ledger_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

class LedgerChecker {
 public:
  LedgerChecker(const Config& config, const ConfigPlaces& places)
      : config_(config), places_(places) {}

  std::vector<CheckFinding> all() {
    policy("consent", config_.consent);
    policy("inactive", config_.inactive);
    consent_streams();
    for (std::size_t i = 0; i < config_.streams.size(); ++i) {
      stream(config_.streams[i], fmt::format("streams[{}].inactive_after", i + 1));
    }
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string_view place, std::string_view option,
           std::string_view text) {
    findings_.push_back({severity, places_.of(place), fmt::format("{}: {}", option, text)});
  }

  void policy(std::string_view name, const PolicyConfig& policy) {
    if (policy.mode == Mode::off) return;
    // A recipient is judged when it is named, before anything tells a submission from a forward.
    const std::string origins = fmt::format("{}.origins", name);
    if (places_.unread(origins) || policy.origins.empty()) return;
    if (std::find(policy.origins.begin(), policy.origins.end(), Origin::unknown) !=
        policy.origins.end()) {
      return;
    }
    add(Severity::error, origins, origins,
        "expected unknown among them, since recipients are judged before the origin is known");
  }

  void consent_streams() {
    if (places_.unread("consent.streams") || places_.unread("streams")) return;
    const auto& names = config_.consent.streams;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string place = fmt::format("consent.streams[{}]", i + 1);
      const auto found = std::find_if(config_.streams.begin(), config_.streams.end(),
                                      [&](const auto& stream) { return stream.name == names[i]; });
      if (found == config_.streams.end()) {
        add(Severity::error, place, "consent.streams",
            fmt::format("expected names of declared streams (streams), got \"{}\"",
                        for_log(names[i])));
      } else if (found->kind != StreamKind::bulk) {
        add(Severity::error, place, "consent.streams",
            fmt::format("\"{}\" is a transactional stream, and people do not subscribe to these",
                        for_log(names[i])));
      }
    }
  }

  void stream(const StreamConfig& stream, const std::string& option) {
    if (stream.inactive_after.count() == 0) return;
    if (stream.kind != StreamKind::bulk) {
      add(Severity::warning, option, option, "has no effect: the stream is transactional");
    } else if (config_.inactive.mode == Mode::off) {
      add(Severity::warning, option, option, "has no effect: inactive.mode is off");
    }
  }

  const Config& config_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_ledger(const Config& config, const ConfigPlaces& places) {
  return LedgerChecker(config, places).all();
}

}  // namespace icm
