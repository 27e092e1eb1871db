// SPDX-License-Identifier: Apache-2.0
//
// inactive: bulk mail goes to those alone who did something of late. Nothing is said of an address
// that the ledger does not know: that is consent's to judge.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "policy/ledger_policy.h"
#include "policy/policy_set.h"
#include "policy/recipient_findings.h"

namespace icm {
namespace {

class InactivePolicy final : public LedgerPolicy {
 public:
  InactivePolicy(const Config& config, const PolicyMeans& means)
      : LedgerPolicy(config, means.ledger), after_(config.inactive.after) {}

  std::string_view name() const override { return "inactive"; }

 private:
  bool concerns(const StreamConfig*) const override { return true; }

  std::chrono::seconds span_of(const StreamConfig* stream) const {
    if (stream == nullptr || stream->inactive_after.count() == 0) return after_;
    return stream->inactive_after;
  }

  std::optional<LedgerObjection> objection(const LedgerCase& the_case) const override {
    const Standing& standing = the_case.standing;
    const auto& latest = standing.latest_consent;
    const std::optional<WallTime> given = latest ? latest->consented : std::nullopt;
    const std::optional<WallTime> last = std::max(given, standing.engaged);
    const std::chrono::seconds span = span_of(the_case.stream);
    if (!last || the_case.now - *last <= span) return std::nullopt;
    const bool has_engaged = standing.engaged == last;
    return LedgerObjection{
        .rule = has_engaged ? "inactive.engagement" : "inactive.consent",
        .evidence =
            fmt::format("{} {}, more than {} ago",
                        has_engaged ? "last active on" : "never active since the consent of",
                        day(*last), to_span(span)),
        .advice = fmt::format("take it off {}",
                              the_case.stream == nullptr ? "the mailing list" : the_case.mail),
        .fix =
            "take the address off the mailing list, or ask the person once whether to stay; a "
            "click, reply, log-in or purchase is told with icloud-milterctl ledger import"};
  }

  std::chrono::seconds after_;
};

}  // namespace

std::unique_ptr<Policy> make_inactive(const Config& config, const PolicyMeans& means) {
  return std::make_unique<InactivePolicy>(config, means);
}

}  // namespace icm
