// SPDX-License-Identifier: Apache-2.0
//
// consent: bulk mail goes to those alone whose consent is in the ledger, and who left comes back by
// a later consent only.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "policy/ledger_policy.h"
#include "policy/policy_set.h"
#include "policy/recipient_findings.h"

namespace icm {
namespace {

class ConsentPolicy final : public LedgerPolicy {
 public:
  ConsentPolicy(const Config& config, const PolicyMeans& means)
      : LedgerPolicy(config, means.ledger), streams_(config.consent.streams) {}

  std::string_view name() const override { return "consent"; }

 private:
  bool concerns(const StreamConfig* stream) const override {
    if (streams_.empty()) return true;
    return stream != nullptr && std::ranges::find(streams_, stream->name) != streams_.end();
  }

  std::optional<LedgerObjection> objection(const LedgerCase& the_case) const override {
    const Standing& standing = the_case.standing;
    const auto& latest = standing.latest_consent;
    const std::optional<WallTime> given = latest ? latest->consented : std::nullopt;
    if (standing.withdrawn && given <= standing.withdrawn) {
      return about("consent.withdrawn", the_case,
                   fmt::format("consent to {} was withdrawn on {}", the_case.mail,
                               day(*standing.withdrawn)));
    }
    if (standing.left && given <= standing.left) {
      return about("consent.reactivated", the_case,
                   fmt::format("left on {} and was taken off the suppression list without a "
                               "consent to {} since",
                               day(*standing.left), the_case.mail));
    }
    if (given) return std::nullopt;
    return about("consent.missing", the_case,
                 fmt::format("no consent to {} is recorded", the_case.mail));
  }

  static LedgerObjection about(std::string_view rule, const LedgerCase& the_case,
                               std::string evidence) {
    const std::string scope =
        the_case.stream == nullptr ? "" : fmt::format(" --scope stream:{}", the_case.stream->name);
    return {.rule = rule,
            .evidence = std::move(evidence),
            .advice = "send to subscribers only",
            .fix = fmt::format("take the address off the mailing list; if the person has asked for "
                               "the mail: icloud-milterctl ledger add {}{} --consented TIME "
                               "--source WHERE",
                               shell_word(the_case.recipient.text()), scope)};
  }

  const std::vector<std::string>& streams_;
};

}  // namespace

std::unique_ptr<Policy> make_consent(const Config& config, const PolicyMeans& means) {
  return std::make_unique<ConsentPolicy>(config, means);
}

}  // namespace icm
