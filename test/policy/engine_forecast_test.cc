// SPDX-License-Identifier: Apache-2.0
//
// Judged::would: what a finding would have asked for in mode enforce.
#include <gtest/gtest.h>

#include "policy/engine.h"

namespace icm {
namespace {

// Finds the same fault with everything.
class Faultfinder final : public Policy {
 public:
  explicit Faultfinder(Finding finding) : finding_(std::move(finding)) {}
  std::string_view name() const override { return "suppression"; }
  Result<Findings> judge(const Facts&, Deadline) const override { return Findings{finding_}; }
  Result<Findings> judge_recipient(const Envelope&, const Recipient&, WallTime,
                                   Deadline) const override {
    return Findings{finding_};
  }

 private:
  Finding finding_;
};

Finding violation() {
  Finding finding;
  finding.rule = "suppression.manual";
  return finding;
}

struct Forecast {
  Disposition message;
  Disposition recipient;
};

Forecast forecast(const PolicyConfig& settings, const Finding& finding = violation()) {
  std::vector<ConfiguredPolicy> policies;
  policies.push_back({std::make_unique<Faultfinder>(finding), &settings, "x.error"});
  const PolicySet set(std::move(policies));
  const Engine engine(set);
  Envelope envelope;
  envelope.origin = Origin::submission;
  Recipient recipient;
  recipient.text = "bob@icloud.com";
  const HeaderList headers;
  const BodyFindings body;
  const Result<std::vector<Address>> authors;
  const Classification classification;
  const Facts facts{.envelope = envelope,
                    .headers = headers,
                    .body = body,
                    .authors = authors,
                    .classification = classification,
                    .now = {}};
  const Deadline deadline = Deadline::in(std::chrono::seconds{60});
  const Verdict message = engine.judge(facts, deadline);
  const Verdict single = engine.judge_recipient(envelope, recipient, {}, deadline);
  return {message.findings.at(0).would, single.findings.at(0).would};
}

TEST(EngineForecast, is_the_action_whatever_holds_it_back_now) {
  PolicyConfig settings;
  settings.action = Disposition::reject;
  for (const Mode mode : {Mode::observe, Mode::enforce}) {
    settings.mode = mode;
    settings.percent = 0;
    EXPECT_EQ(forecast(settings).message, Disposition::reject) << to_string(mode);
    EXPECT_EQ(forecast(settings).recipient, Disposition::reject) << to_string(mode);
  }
}

TEST(EngineForecast, is_what_the_rule_demands_where_it_does) {
  const PolicyConfig settings;
  Finding finding = violation();
  finding.wish = Disposition::defer;
  EXPECT_EQ(forecast(settings, finding).message, Disposition::defer);
}

TEST(EngineForecast, knows_what_cannot_be_done_to_one_recipient) {
  PolicyConfig settings;
  settings.action = Disposition::quarantine;
  EXPECT_EQ(forecast(settings).message, Disposition::quarantine);
  EXPECT_EQ(forecast(settings).recipient, Disposition::defer);
  settings.action = Disposition::tag;
  EXPECT_EQ(forecast(settings).message, Disposition::tag);
  EXPECT_EQ(forecast(settings).recipient, Disposition::accept);
}

TEST(EngineForecast, is_accept_for_advice_and_for_mail_of_another_origin) {
  PolicyConfig settings;
  Finding advice = violation();
  advice.weight = Weight::advice;
  EXPECT_EQ(forecast(settings, advice).message, Disposition::accept);
  settings.origins = {Origin::forwarded};
  EXPECT_EQ(forecast(settings).message, Disposition::accept);
  EXPECT_EQ(forecast(settings).recipient, Disposition::accept);
}

}  // namespace
}  // namespace icm
