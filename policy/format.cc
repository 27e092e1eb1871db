// SPDX-License-Identifier: Apache-2.0
//
// format: is it a message as RFC 5321 and RFC 5322 have it, of the kind that survives the way to
// Apple? Each rule is explained in format.md; the chapters are in format_*.cc.
#include "policy/format_report.h"
#include "policy/policy_set.h"

namespace icm {
namespace {

class FormatPolicy final : public Policy {
 public:
  explicit FormatPolicy(const FormatConfig& config) : config_(config) {}

  std::string_view name() const override { return "format"; }

  Result<Findings> judge(const Facts& facts, Deadline) const override {
    format::Report report(facts, config_);
    format::examine_authors(report);
    format::examine_envelope(report);
    format::examine_identification(report);
    format::examine_fields(report);
    format::examine_body(report);
    format::examine_mime(report);
    return std::move(report).take();
  }

  // RFC 1870 §6.1: a message that announces itself as too large need not be sent at all. Not at the
  // gate: only the header tells there whether it is mail of an origin that this is enforced on.
  Result<Findings> judge_recipient(const Envelope& envelope, const Recipient& recipient, WallTime,
                                   Deadline) const override {
    if (!recipient.is_apple || envelope.role == Role::gate ||
        envelope.declared_size.value_or(0) <= config_.max_size) {
      return Findings{};
    }
    return Findings{format::too_large(*envelope.declared_size, config_)};
  }

 private:
  const FormatConfig config_;
};

}  // namespace

std::unique_ptr<Policy> make_format(const Config& config, const PolicyMeans&) {
  return std::make_unique<FormatPolicy>(config.format);
}

}  // namespace icm
