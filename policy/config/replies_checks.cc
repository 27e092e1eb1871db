// SPDX-License-Identifier: Apache-2.0
#include "policy/config/replies_checks.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "policy/base/mailbox.h"
#include "policy/base/text.h"

namespace icm {
namespace {

using Severity = ConfigProblem::Severity;

class RepliesChecker {
 public:
  RepliesChecker(const Config& config, const ConfigPlaces& places)
      : all_(config), config_(config.replies), places_(places) {}

  std::vector<CheckFinding> all() {
    effects();
    sources();
    destination();
    alerts();
    postmaster();
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string_view option, std::string_view text) {
    findings_.push_back({severity, places_.of(option), fmt::format("{}: {}", option, text)});
  }
  void error(std::string_view option, std::string_view text) { add(Severity::error, option, text); }
  void warning(std::string_view option, std::string_view text) {
    add(Severity::warning, option, text);
  }

  bool does(ReplyEffect effect) const {
    const auto& observed = config_.only_observe;
    return config_.mode == Mode::enforce &&
           std::find(observed.begin(), observed.end(), effect) == observed.end();
  }

  // What is written for a policy that is not enforced holds no mail back.
  void effects() {
    if (!config_.only_observe.empty() && config_.mode != Mode::enforce) {
      warning("replies.only_observe", "has no effect: replies.mode is not enforce");
    }
    const bool writes_list = does(ReplyEffect::suppress) || does(ReplyEffect::suspend);
    if (writes_list && all_.suppression.mode != Mode::enforce) {
      warning("replies.mode",
              "suppression.mode is not enforce, so addresses that are gone still get mail");
    }
    const bool writes_backoffs = does(ReplyEffect::slow_recipient) ||
                                 does(ReplyEffect::stop_template) ||
                                 does(ReplyEffect::hold_domain) || does(ReplyEffect::pause) ||
                                 does(ReplyEffect::slow) || does(ReplyEffect::stop);
    if (writes_backoffs && all_.throttle.mode != Mode::enforce) {
      warning("replies.mode", "throttle.mode is not enforce, so pauses hold no mail back");
    }
    if (config_.addresses.suspend.empty() && !places_.unread("replies.addresses.suspend")) {
      error("replies.addresses.suspend", "expected one span at least, as [1d, 3d, 7d]");
    }
  }

  void sources() {
    if (config_.mode == Mode::enforce && all_.log.decisions.empty()) {
      warning("log.decisions",
              "empty, so nobody knows the form, the From domain and the way out of what Apple "
              "answers (replies)");
    }
    if (config_.book.empty()) {
      error("replies.book", "expected an absolute path, or no such line");
    } else if (config_.book == all_.store.path) {
      error("replies.book", "the suppression list is there (store.path)");
    }
  }

  void destination() {
    const DestinationRepliesConfig& given = config_.destination;
    if (given.longest_pause >= given.pause) return;
    error("replies.destination.longest_pause",
          fmt::format("expected replies.destination.pause ({}) at least, got {}",
                      to_span(given.pause), to_span(given.longest_pause)));
  }

  void alerts() {
    const AlertsConfig& given = config_.alerts;
    if (!given.command.empty() && !given.command.front().starts_with('/')) {
      error("replies.alerts.command",
            fmt::format("expected the absolute path of a program first, got \"{}\": no shell and "
                        "no PATH is asked",
                        for_log(given.command.front())));
    }
    for (std::size_t i = 0; i < given.mail_to.size(); ++i) {
      const std::string place = fmt::format("replies.alerts.mail_to[{}]", i + 1);
      if (is_address(given.mail_to[i])) continue;
      findings_.push_back({Severity::error, places_.of(place),
                           fmt::format("replies.alerts.mail_to: expected addresses, got \"{}\"",
                                       for_log(given.mail_to[i]))});
    }
    if (!given.mail_from.empty() && !is_address(given.mail_from)) {
      error("replies.alerts.mail_from",
            fmt::format("expected an address, got \"{}\"", for_log(given.mail_from)));
    }
    if (!given.mail_to.empty() && given.sendmail.empty()) {
      error("replies.alerts.sendmail", "expected a program, since replies.alerts.mail_to is given");
    }
  }

  // It stands in a header field of ours, where only ASCII may.
  static bool is_address(const std::string& text) {
    return is_printable(text) && Mailbox::parse(text).has_value();
  }

  void postmaster() {
    const std::string& domain = config_.postmaster.domain;
    if (domain.empty() || Domain::parse(domain)) return;
    error("replies.postmaster.domain",
          fmt::format("expected a domain name, got \"{}\"", for_log(domain)));
  }

  const Config& all_;
  const RepliesConfig& config_;
  const ConfigPlaces& places_;
  std::vector<CheckFinding> findings_;
};

}  // namespace

std::vector<CheckFinding> check_replies(const Config& config, const ConfigPlaces& places) {
  return RepliesChecker(config, places).all();
}

}  // namespace icm
