// SPDX-License-Identifier: Apache-2.0
//
// arc_sealing: forwarded mail gets an ARC set (RFC 8617 §5.1), which Apple asks of forwarders. What
// a set holds is made in auth/arc_seal; what it cannot mend is in arc_sealing_rescue.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/arc_sealing_rescue.h"
#include "policy/auth/arc_seal.h"
#include "policy/auth/authentication_report.h"
#include "policy/auth/sealing_keys.h"
#include "policy/base/text.h"
#include "policy/policy.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

Finding say(std::string_view rule, Weight weight, std::string evidence, std::string fix = {}) {
  Finding finding;
  finding.rule = rule;
  finding.weight = weight;
  finding.evidence = std::move(evidence);
  finding.fix = std::move(fix);
  return finding;
}

// The key for Apple's first recipient; one message has one seal.
const SealingKey* key_for(const Envelope& envelope, const SealingKeys& keys) {
  const auto recipient = std::ranges::find_if(
      envelope.recipients, [](const Recipient& each) { return each.is_apple && each.mailbox; });
  return keys.choose(recipient == envelope.recipients.end()
                         ? std::string_view()
                         : std::string_view(recipient->mailbox->domain().text()),
                     envelope.listener);
}

// A message that comes by twice (a content filter hands it back) keeps its one set.
bool is_ours(const ArcResult& chain, const SealingKeys& keys) {
  if (chain.status != ArcStatus::pass || chain.sealers.empty()) return false;
  const ArcSealer& newest = chain.sealers.back();
  return std::ranges::any_of(keys.all(), [&](const SealingKey& key) {
    return key.domain == newest.domain && key.selector == newest.selector;
  });
}

std::string_view chain_value(const ArcResult& chain) {
  switch (chain.status) {
    case ArcStatus::none:
      return "none";
    case ArcStatus::pass:
      return "pass";
    default:
      return "fail";
  }
}

const MethodResult* arrived_chain(const Facts& facts) {
  if (facts.arrival == nullptr) return nullptr;
  const auto found = std::ranges::find(*facts.arrival, "arc", &MethodResult::method);
  return found == facts.arrival->end() ? nullptr : &*found;
}

// RFC 8617 §4.4: what a set says of the chain is its state as the message was received. Where it
// was whole then, and this host has changed the message since (a footer, a tag), the newest message
// signature is broken by us: the seals, which no change of the message touches, still tell that
// these are the sets that passed, here or at another host of ours. Null when the chain is what it
// is now.
const MethodResult* held_before_us(const Facts& facts) {
  const ArcResult& chain = facts.authentication->arc;
  if (!chain.seals_hold || facts.arrival == nullptr) return nullptr;
  const auto then = std::ranges::find_if(*facts.arrival, [&](const MethodResult& result) {
    return result.method == "arc" && result.result == "pass" && is_about(result, chain);
  });
  return then == facts.arrival->end() ? nullptr : &*then;
}

ArcResult as_received(const Facts& facts) {
  ArcResult chain = facts.authentication->arc;
  if (held_before_us(facts) != nullptr) chain.status = ArcStatus::pass;
  return chain;
}

class ArcSealingPolicy final : public Policy {
 public:
  ArcSealingPolicy(const Config& config, const PolicyMeans& means)
      : config_(config), keys_(means.sealing_keys), authserv_id_(means.authserv_id) {}

  std::string_view name() const override { return "arc_sealing"; }

  AuthNeeds needs() const override { return {.sender = true, .arc = true, .sealing = true}; }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    Findings findings;
    const bool is_forwarded = facts.envelope.origin == Origin::forwarded;
    const bool is_to_be_sealed = config_.arc_sealing.seal == SealWhen::always ||
                                 (config_.arc_sealing.seal == SealWhen::forwarded && is_forwarded);
    if (facts.authentication == nullptr) {
      if (is_to_be_sealed && facts.header_overflow) {
        findings.push_back(say("arc_sealing.not-sealed", Weight::advice,
                               "the header is beyond the bounds of limits.header_octets and "
                               "limits.header_fields: what is not kept cannot be signed"));
      }
      return findings;
    }
    if (is_to_be_sealed) decide(facts, findings);
    if (is_forwarded) {
      if (auto finding = arc_sealing::unmendable(facts, config_, deadline)) {
        findings.push_back(*std::move(finding));
      }
    }
    return findings;
  }

  Result<std::vector<HeaderEdit>> serve(const Facts& facts, Deadline) const override {
    const SealingKey* key = key_for(facts.envelope, keys_);
    const Authentication& found = *facts.authentication;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(facts.now.time_since_epoch());
    ICM_TRY(
        ArcSetValues set,
        make_arc_set(
            facts.headers, read_arc_headers(facts.headers), as_received(facts),
            results_payload(results(facts)), found.body_hash.value(),
            {.key = key->key,
             .domain = key->domain,
             .selector = key->selector,
             .authserv_id = authserv_id_,
             .timestamp = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0)),
             .fields = {}}));
    std::vector<HeaderEdit> edits;
    const auto insert = [&](std::string_view name, std::string& value) {
      edits.push_back(
          {.kind = HeaderEdit::Kind::insert, .name = std::string(name), .value = std::move(value)});
    };
    insert(arc_seal_field, set.seal);
    insert(arc_message_field, set.message);
    insert(arc_results_field, set.results);
    return edits;
  }

 private:
  void decide(const Facts& facts, Findings& findings) const {
    const ArcResult chain = as_received(facts);
    const SealingKey* key = key_for(facts.envelope, keys_);
    const auto leave = [&](std::string evidence, std::string fix = {}) {
      findings.push_back(
          say("arc_sealing.not-sealed", Weight::advice, std::move(evidence), std::move(fix)));
    };
    if (key == nullptr) {
      return leave("no entry of arc_sealing.keys is for this recipient and listener",
                   "add an entry without recipients and listeners: it is for all others");
    }
    // RFC 8617 §5.1.2: nobody adds to a chain that has ended, or that is full (§4.2.1).
    if (chain.ended) {
      return leave(fmt::format("the chain has ended: the seal i={} says cv=fail", chain.instance));
    }
    if (chain.instance >= max_arc_instances) {
      return leave(
          fmt::format("the newest ARC field says i={}, and more are not allowed", chain.instance));
    }
    if (const std::size_t names = sealed_fields(facts.headers).size(); names > max_signed_fields) {
      return leave(fmt::format("{} header fields would have to be signed, and readers take {}",
                               names, max_signed_fields));
    }
    if (chain.status == ArcStatus::temp_error) return wait(chain, findings);
    if (is_ours(facts.authentication->arc, keys_)) {
      return leave(fmt::format("the newest set, i={}, is ours and holds", chain.instance));
    }
    std::string evidence = fmt::format("i={} cv={} by d={} s={}: {}", chain.instance + 1,
                                       chain_value(chain), key->domain, key->selector,
                                       facts.envelope.origin == Origin::forwarded
                                           ? for_log(facts.envelope.origin_reason, 200)
                                           : std::string("arc_sealing.seal is always"));
    if (chain.status == ArcStatus::fail) {
      evidence += fmt::format("; the chain fails: {}", for_log(chain.reason, 200));
    }
    if (held_before_us(facts) != nullptr) {
      evidence +=
          fmt::format("; the chain held when the mail came in, and this host changed it: {}",
                      for_log(chain.reason, 200));
    }
    findings.push_back(say("arc_sealing.sealed", Weight::service, std::move(evidence)));
    if (std::string what = arc_sealing::breaks_on_the_way(facts); !what.empty()) {
      findings.push_back(say("arc_sealing.fragile", Weight::advice,
                             fmt::format("the seal will not hold: {}", what),
                             "only the program that wrote the mail can mend it"));
    }
  }

  // Nobody can say now whether the chain holds.
  void wait(const ArcResult& chain, Findings& findings) const {
    Finding finding =
        say("arc_sealing.temporary", Weight::advice,
            fmt::format("the ARC chain could not be validated: {}", for_log(chain.reason, 200)),
            "it is tried again; with arc_sealing.on_error: accept such mail leaves "
            "without a seal");
    if (config_.arc_sealing.on_error == OnError::defer) {
      finding.weight = Weight::violation;
      finding.wish = Disposition::defer;
      finding.reply = {
          .code = 451,
          .enhanced = "4.7.5",  // RFC 3463 §3.8: cryptographic failure
          .text = fmt::format("{}: {}; {}", finding.rule, finding.evidence, finding.fix)};
    }
    findings.push_back(std::move(finding));
  }

  // RFC 8617 §5.1: the results of this administrative domain, with the chain as it is validated
  // here (a copy may be of another one), unless it held before this host changed the message.
  // Without those of arrival what can be known here: signatures and the chain.
  static std::vector<MethodResult> results(const Facts& facts) {
    const Authentication& found = *facts.authentication;
    std::vector<MethodResult> results;
    if (facts.arrival != nullptr) results = *facts.arrival;
    const MethodResult* arrived = arrived_chain(facts);
    const std::string client(arrived == nullptr ? std::string_view()
                                                : arrived->property("smtp", "remote-ip"));
    const MethodResult* held = held_before_us(facts);
    MethodResult arc = held == nullptr ? arc_result(found.arc, client) : *held;
    std::erase_if(results, [](const MethodResult& result) { return result.method == "arc"; });
    const bool has_dkim = std::ranges::any_of(
        results, [](const MethodResult& result) { return result.method == "dkim"; });
    if (!has_dkim) std::ranges::move(dkim_results(found.dkim), std::back_inserter(results));
    results.push_back(std::move(arc));
    return results;
  }

  const Config& config_;
  const SealingKeys& keys_;
  const std::string authserv_id_;
};

}  // namespace

std::unique_ptr<Policy> make_arc_sealing(const Config& config, const PolicyMeans& means) {
  return std::make_unique<ArcSealingPolicy>(config, means);
}

}  // namespace icm
