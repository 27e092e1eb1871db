// SPDX-License-Identifier: Apache-2.0
//
// private_relay: mail to addresses of Apple's Private Email Relay (Hide My Email for Sign in with
// Apple) comes from a source that is registered with Apple, and shows it by SPF or DKIM, exactly.
// Nothing is said at RCPT: who the mail is from stands in its header.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/organization.h"
#include "policy/policy.h"
#include "policy/policy_set.h"
#include "policy/relay_sources.h"
#include "policy/second_look.h"

namespace icm {
namespace {

constexpr std::array<std::string_view, 2> relay_domains = {"privaterelay.appleid.com",
                                                           "private.icloud.com"};

constexpr std::string_view in_apples_account =
    "in the Apple developer account (Services, Sign in with Apple for Email Communication)";

bool is_relay(const Recipient& recipient) {
  return recipient.mailbox &&
         std::ranges::find(relay_domains, recipient.mailbox->domain().text()) !=
             relay_domains.end();
}

// Whether one of the two routes proves the source, and what keeps it from it.
struct Route {
  enum class State { open, closed, unknown, unasked };
  State state = State::closed;
  std::string why;       // what is not open, in words
  std::string disputed;  // SecondLook's words against "closed"
};

// One message under examination.
class Examination {
 public:
  Examination(const Facts& facts, const Config& config, const RelaySources& sources,
              Deadline deadline)
      : facts_(facts),
        config_(config.private_relay),
        sources_(sources),
        look_(facts, config.authentication, deadline),
        is_owed_(std::ranges::all_of(facts.envelope.recipients, [](const Recipient& each) {
          return !each.is_apple || is_relay(each);
        })) {}

  Findings findings() && {
    examine_from();
    if (facts_.authentication != nullptr && from_ && !facts_.header_overflow) examine_routes();
    return std::move(findings_);
  }

 private:
  // Others than relay recipients would lose the message, too.
  void refuse(std::string_view rule, std::string evidence, std::string fix,
              const std::string& disputed = {}) {
    Finding finding = make(rule, std::move(evidence), std::move(fix));
    if (!is_owed_) return advise(std::move(finding));
    finding.reply = reply_of(finding, 550, "5.7.1");  // RFC 3463 §3.8: delivery not authorized
    finding.prediction = fmt::format("550 5.1.1 <{}>: unauthorized sender",
                                     for_log(facts_.envelope.reverse_path.text, 254));
    look_.dispute(finding, disputed);
    findings_.push_back(std::move(finding));
  }

  void defer(std::string_view rule, std::string evidence, std::string fix) {
    Finding finding = make(rule, std::move(evidence), std::move(fix));
    if (!is_owed_ || config_.on_error == OnError::accept) return advise(std::move(finding));
    finding.reply = reply_of(finding, 451, "4.7.1");
    finding.wish = Disposition::defer;
    findings_.push_back(std::move(finding));
  }

  void advise(Finding finding) {
    finding.weight = Weight::advice;
    if (!is_owed_) {
      finding.fix +=
          "; send one recipient per message, so that one can be refused without the "
          "others";
    }
    findings_.push_back(std::move(finding));
  }

  static Finding make(std::string_view rule, std::string evidence, std::string fix) {
    Finding finding;
    finding.rule = rule;
    finding.evidence = std::move(evidence);
    finding.fix = std::move(fix);
    return finding;
  }

  static SmtpReply reply_of(const Finding& finding, int code, std::string_view enhanced) {
    return {.code = code,
            .enhanced = std::string(enhanced),
            .text = fmt::format("{}: {}; {}", finding.rule, finding.evidence, finding.fix)};
  }

  bool is_registered(const Mailbox& mailbox) const {
    return sources_.is_empty() || sources_.has(mailbox);
  }

  void examine_from() {
    if (!facts_.authors || facts_.authors->empty()) return;  // format's business
    for (const Address& author : *facts_.authors) {
      const auto mailbox = Mailbox::parse(author.text());
      if (!mailbox) return;
      if (!from_) from_ = *mailbox;
      if (is_registered(*mailbox)) continue;
      return refuse("private_relay.source-unregistered",
                    fmt::format("{} of From is no registered source", for_log(mailbox->text())),
                    fmt::format("register {} {}, then add it to private_relay.sources",
                                mailbox->domain().text(), in_apples_account));
    }
    if (sources_.is_empty()) {
      advise(make("private_relay.source-unregistered",
                  "private_relay.sources is empty: nothing is known of what is registered",
                  fmt::format("write down there what is registered {}", in_apples_account)));
    }
  }

  // The envelope sender's domain is registered, and SPF passes for it from every address.
  Route spf_route() {
    const ReversePath& sender = facts_.envelope.reverse_path;
    if (!sender.mailbox) return {Route::State::closed, "there is no envelope sender", {}};
    if (!is_registered(*sender.mailbox)) {
      return {Route::State::closed,
              fmt::format("{} of the envelope sender is no registered source",
                          sender.mailbox->domain().text()),
              {}};
    }
    const std::vector<ClientSpf>& found = facts_.authentication->spf;
    if (found.empty()) {
      return {Route::State::unasked, "SPF was not asked (egress.addresses is empty)", {}};
    }
    std::vector<const ClientSpf*> failing;
    for (const ClientSpf& each : found) {
      if (each.result.status != SpfStatus::pass) failing.push_back(&each);
    }
    if (failing.empty()) return {Route::State::open, {}, {}};
    const auto worst = std::ranges::find_if(failing, [](const ClientSpf* each) {
      return each->result.status != SpfStatus::temp_error;
    });
    const ClientSpf& shown = worst != failing.end() ? **worst : *failing.front();
    return {worst != failing.end() ? Route::State::closed : Route::State::unknown,
            fmt::format("SPF says {} for {} from {}", to_string(shown.result.status),
                        for_log(shown.result.domain, 100), shown.client.text()),
            look_.against_spf(failing)};
  }

  // A signature whose d= is the domain of From verifies.
  Route dkim_route() {
    const std::string& domain = from_->domain().text();
    Route route{Route::State::closed, fmt::format("no DKIM signature has d={}", domain), {}};
    const std::vector<DkimResult>& found = facts_.authentication->dkim;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].domain != domain) continue;
      if (found[i].status == DkimStatus::pass) return {Route::State::open, {}, {}};
      route.why = fmt::format("DKIM says {} for d={} s={}", to_string(found[i].status), domain,
                              for_log(found[i].selector, 63));
      if (found[i].status == DkimStatus::temp_error) route.state = Route::State::unknown;
      if (route.disputed.empty()) route.disputed = look_.against_dkim(i);
    }
    return route;
  }

  void examine_routes() {
    const Route dkim = dkim_route();
    if (dkim.state == Route::State::open) return examine_sender();
    const Route spf = spf_route();
    if (spf.state == Route::State::open) return;
    const std::string evidence = fmt::format("{}, and {}", dkim.why, spf.why);
    const std::string& domain = from_->domain().text();
    if (dkim.state == Route::State::unknown || spf.state == Route::State::unknown) {
      return defer("private_relay.temporary", evidence,
                   fmt::format("sign with d={} (SELECTOR._domainkey.{}. TXT)", domain, domain));
    }
    if (spf.state == Route::State::unasked) {  // waiting would not help
      return advise(make("private_relay.unauthenticated", evidence,
                         fmt::format("set egress.addresses, or sign with d={}", domain)));
    }
    refuse("private_relay.unauthenticated", evidence,
           fmt::format("sign with d={} (SELECTOR._domainkey.{}. TXT), exactly the registered "
                       "domain of From; or use an envelope sender of a registered domain for which "
                       "SPF passes",
                       domain, domain),
           !dkim.disputed.empty() ? dkim.disputed : spf.disputed);
  }

  // Apple asks for both domains to be registered; the signature alone lets the mail through.
  void examine_sender() {
    const auto& sender = facts_.envelope.reverse_path.mailbox;
    if (!sender || is_registered(*sender)) return;
    advise(make(
        "private_relay.sender-unregistered",
        fmt::format("{} of the envelope sender is no registered source", sender->domain().text()),
        fmt::format("register {} {}, then add it to private_relay.sources", sender->domain().text(),
                    in_apples_account)));
  }

  const Facts& facts_;
  const PrivateRelayConfig& config_;
  const RelaySources& sources_;
  SecondLook look_;
  const bool is_owed_;
  std::optional<Mailbox> from_;
  Findings findings_;
};

class PrivateRelay final : public Policy {
 public:
  explicit PrivateRelay(const Config& config)
      : config_(config), sources_(config.private_relay.sources) {}

  std::string_view name() const override { return "private_relay"; }
  AuthNeeds needs() const override { return {.sender = true, .arc = false, .sealing = false}; }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    if (std::ranges::none_of(facts.envelope.recipients, is_relay)) return Findings{};
    return Examination(facts, config_, sources_, deadline).findings();
  }

 private:
  const Config& config_;
  const RelaySources sources_;
};

}  // namespace

std::unique_ptr<Policy> make_private_relay(const Config& config, const PolicyMeans&) {
  return std::make_unique<PrivateRelay>(config);
}

}  // namespace icm
