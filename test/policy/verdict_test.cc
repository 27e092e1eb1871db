// SPDX-License-Identifier: Apache-2.0
#include "policy/verdict.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

TEST(AsTemporary, keeps_subject_and_detail_and_changes_the_class) {
  struct Case {
    SmtpReply permanent;
    SmtpReply temporary;
  };
  for (const auto& [permanent, temporary] :
       {Case{{550, "5.7.1", "no"}, {451, "4.7.1", "no"}},
        Case{{554, "5.6.0", "no"}, {451, "4.6.0", "no"}},
        Case{{552, "5.3.4", "large"}, {452, "4.3.4", "large"}},
        Case{{550, "", "no"}, {451, "4.0.0", "no"}},
        Case{{550, "4.7.1", "no"}, {451, "4.7.1", "no"}},
        Case{{421, "4.3.2", "busy"}, {421, "4.3.2", "busy"}},
        Case{{451, "", "busy"}, {451, "", "busy"}}, Case{{0, "", ""}, {451, "4.0.0", ""}}}) {
    EXPECT_EQ(as_temporary(permanent), temporary)
        << permanent.code << " " << permanent.enhanced << " became " << as_temporary(permanent).code
        << " " << as_temporary(permanent).enhanced;
  }
}

TEST(Disposition, has_a_word_for_each_value) {
  EXPECT_EQ(to_string(Disposition::accept), "accept");
  EXPECT_EQ(to_string(Disposition::tag), "tag");
  EXPECT_EQ(to_string(Disposition::quarantine), "quarantine");
  EXPECT_EQ(to_string(Disposition::defer), "defer");
  EXPECT_EQ(to_string(Disposition::reject), "reject");
  EXPECT_EQ(to_string(Mode::off), "off");
  EXPECT_EQ(to_string(Mode::observe), "observe");
  EXPECT_EQ(to_string(Mode::enforce), "enforce");
  EXPECT_EQ(to_string(Weight::advice), "advice");
  EXPECT_EQ(to_string(Weight::violation), "violation");
}

// A finding of rule "p.RULE" that asks for `effect` and adds a field named after it.
Judged judged(std::string_view rule, Disposition effect) {
  Judged one;
  one.finding.rule = rule;
  one.finding.reply = {550, "5.7.1", std::string(rule)};
  one.finding.evidence = "found\r\nthis";
  one.finding.headers = {
      {.kind = HeaderEdit::Kind::insert, .name = "X-" + std::string(rule), .value = "1"}};
  one.policy = "p";
  one.mode = Mode::enforce;
  one.effect = effect;
  return one;
}

std::string header_names(const Verdict& verdict) {
  std::string names;
  for (const HeaderEdit& edit : verdict.headers) names += edit.name + " ";
  return names;
}

TEST(Combine, takes_the_strongest_effect_and_among_equals_the_earlier) {
  using enum Disposition;
  struct Case {
    std::vector<Disposition> effects;  // of rules p.0, p.1, p.2
    Disposition disposition;
    std::string_view rule;
    int code;
    std::string_view headers;
  };
  const std::string_view rules[] = {"p.0", "p.1", "p.2"};
  for (const auto& [effects, disposition, rule, code, headers] : {
           Case{{}, accept, "", 0, ""},
           Case{{accept, accept}, accept, "", 0, "X-p.0 X-p.1 "},
           Case{{accept, tag}, tag, "p.1", 0, "X-p.0 X-p.1 "},
           Case{{tag, quarantine, tag}, quarantine, "p.1", 0, "X-p.0 X-p.1 X-p.2 "},
           Case{{quarantine, defer}, defer, "p.1", 451, ""},
           Case{{defer, reject, quarantine}, reject, "p.1", 550, ""},
           Case{{reject, reject}, reject, "p.0", 550, ""},
           Case{{defer, defer}, defer, "p.0", 451, ""},
       }) {
    std::vector<Judged> findings;
    for (std::size_t i = 0; i < effects.size(); ++i)
      findings.push_back(judged(rules[i], effects[i]));
    const Verdict verdict = combine(findings);
    EXPECT_EQ(verdict.disposition, disposition) << rule;
    EXPECT_EQ(verdict.rule, rule);
    EXPECT_EQ(verdict.policy, rule.empty() ? "" : "p");
    EXPECT_EQ(verdict.reply.code, code) << rule;
    EXPECT_EQ(header_names(verdict), headers) << rule;
    EXPECT_EQ(verdict.findings.size(), effects.size());
  }
}

TEST(Combine, lets_no_finding_act_that_is_advice_observed_or_held_back) {
  Judged advice = judged("p.advice", Disposition::reject);
  advice.finding.weight = Weight::advice;
  Judged observed = judged("p.observed", Disposition::reject);
  observed.mode = Mode::observe;
  Judged held_back = judged("p.held", Disposition::reject);
  held_back.held_back = "not among the 10 percent";

  const Verdict verdict = combine({advice, observed, held_back});

  EXPECT_EQ(verdict.disposition, Disposition::accept);
  EXPECT_EQ(verdict.reply, SmtpReply{});
  EXPECT_EQ(header_names(verdict), "");
  EXPECT_EQ(verdict.findings.size(), 3u);
}

TEST(Combine, makes_the_reply_of_a_deferral_temporary) {
  const Verdict verdict = combine({judged("p.0", Disposition::defer)});
  EXPECT_EQ(verdict.reply, (SmtpReply{451, "4.7.1", "p.0"}));
  EXPECT_EQ(verdict.findings.front().finding.reply.code, 550);
}

TEST(Combine, gives_a_quarantine_its_reason_in_one_printable_line) {
  const Verdict verdict = combine({judged("p.0", Disposition::quarantine)});
  EXPECT_EQ(verdict.quarantine_reason, "p.0: found\\x0d\\x0athis");
  EXPECT_EQ(verdict.reply, SmtpReply{});
}

}  // namespace
}  // namespace icm
