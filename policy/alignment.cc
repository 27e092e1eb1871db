// SPDX-License-Identifier: Apache-2.0
//
// alignment: will Apple see who the message is from? SPF and DKIM pass from our addresses, one of
// them for the domain of From, and that domain publishes DMARC. Results are found out elsewhere
// (policy/auth); here they are judged.
#include <memory>

#include "policy/alignment_report.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

class AlignmentPolicy final : public Policy {
 public:
  explicit AlignmentPolicy(const Config& config) : config_(config) {}

  std::string_view name() const override { return "alignment"; }
  AuthNeeds needs() const override { return {.sender = true, .arc = false, .sealing = false}; }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    // A sender could switch this policy off by adding fields; so it is an error, and on_error says
    // what then.
    if (facts.header_overflow) {
      return fail(Code::permanent,
                  "the header is larger than what is kept of it (limits.header_octets, "
                  "limits.header_fields), so no signature can be judged");
    }
    if (facts.authentication == nullptr || facts.sources == nullptr) return Findings{};
    alignment::Report report(facts, config_, deadline);
    alignment::examine_spf(report);
    alignment::examine_dkim(report);
    alignment::examine_dmarc(report);
    return std::move(report).take();
  }

 private:
  const Config& config_;
};

}  // namespace

std::unique_ptr<Policy> make_alignment(const Config& config, const PolicyMeans&) {
  return std::make_unique<AlignmentPolicy>(config);
}

}  // namespace icm
