// SPDX-License-Identifier: Apache-2.0
//
// sender_identity: the same sender looks the same in every message. What a stream declares of
// itself holds, streams are not mixed, and the hosts and domains that stand for us are in the DNS.
#include <algorithm>
#include <memory>

#include "policy/base/text.h"
#include "policy/policy_set.h"
#include "policy/sender_identity_report.h"

namespace icm {
namespace sender_identity {
namespace {

Finding finding_of(const Said& said) {
  Finding finding;
  finding.rule = said.rule;
  finding.reply = {.code = said.refusal.code,
                   .enhanced = std::string(said.refusal.enhanced),
                   .text = fmt::format("{}: {}; {}", said.rule, said.evidence, said.fix)};
  finding.evidence = said.evidence;
  finding.fix = said.fix;
  const bool is_settled = said.refusal.code >= 500;  // of a lookup that failed nothing follows
  finding.prediction =
      said.prediction.empty() && is_settled ? std::string(no_answer_known) : said.prediction;
  return finding;
}

}  // namespace

bool Report::is_known(std::string_view rule) const {
  return std::ranges::any_of(findings_,
                             [&](const Finding& finding) { return finding.rule == rule; });
}

void Report::refuse(Said said, const std::string& disputed) {
  if (is_known(said.rule)) return;
  Finding finding = finding_of(said);
  look.dispute(finding, disputed);
  findings_.push_back(std::move(finding));
}

void Report::advise(std::string_view rule, std::string evidence, std::string fix) {
  if (is_known(rule)) return;
  Finding finding;
  finding.rule = rule;
  finding.weight = Weight::advice;
  finding.evidence = std::move(evidence);
  finding.fix = std::move(fix);
  findings_.push_back(std::move(finding));
}

void Report::defer(std::string evidence) {
  constexpr std::string_view rule = "sender_identity.temporary";
  std::string fix = "let the name servers of that name answer; the mail is tried again";
  if (config.sender_identity.on_error == OnError::accept) {
    return advise(rule, std::move(evidence), std::move(fix));
  }
  if (is_known(rule)) return;
  Finding finding =
      finding_of({rule, directory_unavailable, std::move(evidence), std::move(fix), {}});
  finding.wish = Disposition::defer;
  findings_.push_back(std::move(finding));
}

std::string shown(std::string_view text) { return for_log(text, 100); }

}  // namespace sender_identity

namespace {

class SenderIdentity final : public Policy {
 public:
  explicit SenderIdentity(const Config& config) : config_(config) {}

  std::string_view name() const override { return "sender_identity"; }
  AuthNeeds needs() const override { return {.sender = true, .arc = false, .sealing = false}; }

  void prefetch(const Envelope& envelope, const SpfQuestions& questions,
                AuthSources& sources) const override {
    sender_identity::prefetch_dns(envelope, questions, sources.resolver);
  }

  Result<Findings> judge(const Facts& facts, Deadline deadline) const override {
    sender_identity::Report report(facts, config_, deadline);
    sender_identity::examine_stream(report);
    if (facts.sources != nullptr && facts.spf_questions != nullptr) {
      sender_identity::examine_dns(report);
    }
    return std::move(report).take();
  }

 private:
  const Config& config_;
};

}  // namespace

std::unique_ptr<Policy> make_sender_identity(const Config& config, const PolicyMeans&) {
  return std::make_unique<SenderIdentity>(config);
}

}  // namespace icm
