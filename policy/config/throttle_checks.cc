// SPDX-License-Identifier: Apache-2.0
#include "policy/config/throttle_checks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

class ThrottleChecker {
 public:
  ThrottleChecker(const Config& config, const ConfigPlaces& places)
      : config_(config), places_(places) {}

  std::vector<CheckFinding> all() {
    origins();
    for (const ThrottleLimitConfig& limit : limits_of(config_.throttle.preset)) {
      names_.insert(limit.name);
    }
    for (std::size_t i = 0; i < config_.throttle.limits.size(); ++i) {
      const std::string path = fmt::format("throttle.limits[{}]", i + 1);
      if (!places_.unread(path)) limit(config_.throttle.limits[i], path);
    }
    for (std::size_t i = 0; i < config_.throttle.warm_up.size(); ++i) {
      const std::string path = fmt::format("throttle.warm_up[{}]", i + 1);
      if (!places_.unread(path)) warm_up(config_.throttle.warm_up[i], path);
    }
    return std::move(findings_);
  }

 private:
  void error(const std::string& path, std::string_view text) {
    findings_.push_back({Severity::error, places_.of(path), fmt::format("{}: {}", path, text)});
  }
  void warning(const std::string& path, std::string_view text) {
    findings_.push_back({Severity::warning, places_.of(path), fmt::format("{}: {}", path, text)});
  }

  // A recipient is counted when it is named, before anything tells a submission from a forward.
  void origins() {
    if (places_.unread("throttle.origins")) return;
    const auto& origins = config_.throttle.origins;
    const bool has_all = std::all_of(std::begin(all_origins), std::end(all_origins), [&](Origin o) {
      return std::find(origins.begin(), origins.end(), o) != origins.end();
    });
    if (has_all) return;
    error("throttle.origins",
          "expected every origin, since recipients are counted before the origin is known; leave "
          "the option out");
  }

  void limit(const ThrottleLimitConfig& limit, const std::string& path) {
    if (!places_.given(path + ".name")) {
      error(path, "the name is missing: write \"name: WORD\"");
    } else if (!names_.insert(limit.name).second) {
      error(path + ".name", fmt::format("\"{}\" names another limit already", for_log(limit.name)));
    }
    if (limit.burst > limit.at_most) {
      error(path + ".burst",
            fmt::format("expected at_most ({}) at most, got {}", limit.at_most, limit.burst));
    }
    if (!places_.unread(path + ".streams") && !places_.unread("streams")) streams(limit, path);
    if (limit.per == ThrottlePer::egress && !places_.unread("egress.addresses") &&
        !has_any_egress()) {
      warning(path + ".per", "counts nothing: no address of egress is configured");
    }
  }

  void streams(const ThrottleLimitConfig& limit, const std::string& path) {
    for (const std::string& name : limit.streams) {
      const auto is = [&](const StreamConfig& stream) { return stream.name == name; };
      if (std::any_of(config_.streams.begin(), config_.streams.end(), is)) continue;
      error(path + ".streams", fmt::format("there is no stream \"{}\"", for_log(name)));
    }
  }

  bool has_any_egress() const {
    return !config_.egress.addresses.empty() ||
           std::any_of(config_.streams.begin(), config_.streams.end(),
                       [](const StreamConfig& stream) { return !stream.egress.empty(); });
  }

  bool is_egress(const IpAddress& address) const {
    const auto has = [&](const std::vector<IpAddress>& list) {
      return std::find(list.begin(), list.end(), address) != list.end();
    };
    return has(config_.egress.addresses) ||
           std::any_of(config_.streams.begin(), config_.streams.end(),
                       [&](const StreamConfig& stream) { return has(stream.egress); });
  }

  void warm_up(const WarmUpConfig& plan, const std::string& path) {
    if (!plan.start && !places_.unread(path + ".start")) {
      error(path, "the start is missing: write \"start: 2026-12-01\"");
    }
    if (plan.cap < plan.first_day) {
      error(path + ".cap",
            fmt::format("expected first_day ({}) at least, got {}", plan.first_day, plan.cap));
    }
    if (places_.unread(path + ".egress")) return;
    if (plan.egress.empty()) {
      error(path, "the address is missing: write \"egress: [192.0.2.7]\"");
    }
    for (const IpAddress& address : plan.egress) {
      if (!warmed_.insert(address.text()).second) {
        error(path + ".egress", fmt::format("{} has a warm-up already", address.text()));
      } else if (!places_.unread("egress.addresses") && !places_.unread("streams") &&
                 !is_egress(address)) {
        warning(path + ".egress",
                fmt::format("no mail leaves from {}: it is neither in egress.addresses nor in the "
                            "egress of a stream",
                            address.text()));
      }
    }
  }

  const Config& config_;
  const ConfigPlaces& places_;
  std::set<std::string> names_;
  std::set<std::string> warmed_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_throttle(const Config& config, const ConfigPlaces& places) {
  return ThrottleChecker(config, places).all();
}

}  // namespace icm
