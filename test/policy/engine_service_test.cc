// SPDX-License-Identifier: Apache-2.0
//
// Services: what a policy does for mail that goes on.
#include <gtest/gtest.h>

#include "policy/engine.h"
#include "test/support/mail_text.h"

namespace icm {
namespace {

const WallTime now = *parse_time("2026-11-21T08:00:00Z");

// Finds what the test told it to find, and serves as the test told it to.
class ServingPolicy final : public Policy {
 public:
  ServingPolicy(std::string_view name, Findings findings, Result<std::vector<HeaderEdit>> edits,
                int& served)
      : name_(name), findings_(std::move(findings)), edits_(std::move(edits)), served_(served) {}

  std::string_view name() const override { return name_; }
  Result<Findings> judge(const Facts&, Deadline) const override { return findings_; }
  Result<std::vector<HeaderEdit>> serve(const Facts&, Deadline) const override {
    ++served_;
    return edits_;
  }

 private:
  std::string_view name_;
  Findings findings_;
  Result<std::vector<HeaderEdit>> edits_;
  int& served_;
};

Finding found(std::string_view rule, Weight weight) {
  Finding finding;
  finding.rule = rule;
  finding.weight = weight;
  finding.evidence = "evidence";
  return finding;
}

HeaderEdit field(std::string name) {
  return {.kind = HeaderEdit::Kind::insert, .name = std::move(name), .value = "x"};
}

class EngineServiceTest : public testing::Test {
 protected:
  EngineServiceTest() {
    objecting.mode = Mode::enforce;
    serving.mode = Mode::enforce;
    envelope.origin = Origin::submission;
  }

  Verdict judge() {
    std::vector<ConfiguredPolicy> made;
    made.push_back({std::make_unique<ServingPolicy>("objecting", objections,
                                                    std::vector<HeaderEdit>{}, nobody),
                    &objecting, "objecting.error"});
    made.push_back({std::make_unique<ServingPolicy>(
                        "serving", Findings{found("serving.done", Weight::service)}, edits, served),
                    &serving, "serving.error"});
    const PolicySet set(std::move(made));
    const BodyFindings body;
    const Result<std::vector<Address>> authors;
    const Classification classification;
    return Engine(set).judge({.envelope = envelope,
                              .headers = headers,
                              .body = body,
                              .authors = authors,
                              .classification = classification,
                              .now = now},
                             Deadline::in(std::chrono::minutes{1}));
  }

  static std::vector<std::string> names(const Verdict& verdict) {
    std::vector<std::string> names;
    for (const HeaderEdit& edit : verdict.headers) names.push_back(edit.name);
    return names;
  }

  PolicyConfig objecting;
  PolicyConfig serving;
  Findings objections;
  Result<std::vector<HeaderEdit>> edits = std::vector{field("Top"), field("Below")};
  int served = 0;
  int nobody = 0;
  Envelope envelope;
  HeaderList headers = mail_text("Message-ID: <1@shop.example>\n").headers;
};

using Names = std::vector<std::string>;

TEST_F(EngineServiceTest, is_done_for_mail_that_goes_on_and_refuses_nothing) {
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.policy, "");
  EXPECT_EQ(names(verdict), (Names{"Top", "Below"}));
  EXPECT_EQ(verdict.findings.at(0).held_back, "");
}

TEST_F(EngineServiceTest, stands_above_the_fields_of_others) {
  objections = {found("objecting.bad", Weight::violation)};
  objecting.action = Disposition::tag;
  EXPECT_EQ(names(judge()), (Names{"Top", "Below", "X-ICloud-Milter"}));
}

TEST_F(EngineServiceTest, is_not_done_for_mail_that_is_refused_or_waits) {
  objections = {found("objecting.bad", Weight::violation)};
  for (const Disposition action : {Disposition::reject, Disposition::defer}) {
    objecting.action = action;
    const Verdict verdict = judge();
    EXPECT_EQ(verdict.disposition, action);
    EXPECT_EQ(names(verdict), Names{});
    // After a rejection nobody who enforces is asked; else it is told why nothing was done.
    if (action == Disposition::reject) {
      EXPECT_EQ(verdict.findings.size(), 1u);
    } else {
      EXPECT_EQ(verdict.findings.back().held_back, "the mail does not go on");
    }
  }
  EXPECT_EQ(served, 0);
}

TEST_F(EngineServiceTest, is_done_for_mail_on_hold) {
  objections = {found("objecting.bad", Weight::violation)};
  objecting.action = Disposition::quarantine;
  const Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::quarantine);
  EXPECT_EQ(names(verdict), (Names{"Top", "Below"}));
}

TEST_F(EngineServiceTest, is_only_told_where_the_configuration_holds_it_back) {
  serving.mode = Mode::observe;
  EXPECT_EQ(judge().findings.at(0).held_back, "mode observe");
  serving.mode = Mode::enforce;
  serving.origins = {Origin::forwarded};
  EXPECT_EQ(judge().findings.at(0).held_back, "origin submission");
  serving.origins = {Origin::submission};
  serving.percent = 0;
  EXPECT_EQ(judge().findings.at(0).held_back, "not among the 0 percent");
  serving.percent = 100;
  serving.until = now;
  EXPECT_EQ(judge().findings.at(0).held_back, "until 2026-11-21T08:00:00.000Z");
  EXPECT_EQ(served, 0);
}

TEST_F(EngineServiceTest, that_fails_is_an_error_of_its_policy) {
  edits = fail(Code::temporary, "the key has gone");
  Verdict verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(names(verdict), Names{});
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].held_back, "the key has gone");
  EXPECT_EQ(verdict.findings[1].finding.rule, "serving.error");
  EXPECT_EQ(verdict.findings[1].finding.evidence, "the key has gone");
  serving.on_error = OnError::defer;
  verdict = judge();
  EXPECT_EQ(verdict.disposition, Disposition::defer);
  EXPECT_EQ(verdict.rule, "serving.error");
}

}  // namespace
}  // namespace icm
