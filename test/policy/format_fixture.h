// SPDX-License-Identifier: Apache-2.0
//
// A good message, to be spoilt in one place; and what the policy format says about it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "policy/inspection.h"
#include "policy/policy_set.h"
#include "policy/rules.h"
#include "test/support/mail_text.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {

// Fields in order, each value as written behind the colon's blank; and a body.
struct Draft {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"From", "Ann Lee <ann@shop.example>"},
      {"To", "bob@icloud.com"},
      {"Subject", "Hello"},
      {"Date", "Sat, 21 Nov 2026 08:00:00 +0000"},
      {"Message-ID", "<1.2@shop.example>"},
  };
  std::string body = "Hello Bob\r\n";

  Draft& add(std::string name, std::string value) {
    fields.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Draft& remove(std::string_view name) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    return *this;
  }
  Draft& set(std::string_view name, std::string value) {
    for (auto& field : fields) {
      if (field.first == name) {
        field.second = std::move(value);
        return *this;
      }
    }
    return add(std::string(name), std::move(value));
  }
  // The sign of bulk mail, and one that this policy has nothing to say about.
  Draft& bulk() { return add("List-Unsubscribe", "<https://shop.example/u/1>"); }
};

class FormatTest : public testing::Test {
 protected:
  FormatTest() {
    envelope.reverse_path = ReversePath::from("bounce@shop.example");
    envelope.recipients = {recipient("bob@icloud.com")};
  }

  static Recipient recipient(std::string_view address) {
    return {.text = std::string(address),
            .mailbox = *Mailbox::parse(address),
            .original = {},
            .is_apple = true};
  }

  // One line for each finding: "violation 550 5.6.0 RULE: EVIDENCE; FIX", "advice RULE: …", with
  // " -> PREDICTION" where there is one. The reply says the same, and advice has none.
  static std::string shown(const Result<Findings>& findings) {
    EXPECT_TRUE(findings);
    std::string text;
    for (const Finding& finding : *findings) {
      const std::string words =
          fmt::format("{}: {}; {}", finding.rule, finding.evidence, finding.fix);
      if (!text.empty()) text += "\n";
      if (finding.weight == Weight::violation) {
        EXPECT_EQ(finding.reply.text, words);
        text += fmt::format("violation {} {} ", finding.reply.code, finding.reply.enhanced);
      } else {
        EXPECT_EQ(finding.reply, SmtpReply{});
        text += "advice ";
      }
      text += words;
      if (!finding.prediction.empty()) text += " -> " + finding.prediction;
      const auto known = rules_of("format");
      EXPECT_TRUE(finding.rule.starts_with("format.") &&
                  std::ranges::find(known, finding.rule.substr(7)) != known.end())
          << finding.rule;
      EXPECT_EQ(finding.wish, std::nullopt);
      EXPECT_TRUE(finding.headers.empty());
    }
    return text;
  }

  std::string judged(const Draft& draft) {
    Inspection inspection(config);
    for (const auto& [name, value] : draft.fields) inspection.header(name, " " + value);
    inspection.end_of_header(envelope);
    inspection.body(draft.body);
    return shown(make_format(config, means_without_keys(list))
                     ->judge(inspection.facts(envelope, now), Deadline::in(std::chrono::hours(1))));
  }

  const WallTime now = *parse_time("2026-11-21T08:15:30Z");
  Config config;
  Envelope envelope;
  MemorySuppressionList list;
};

// Whole messages.
class FormatMailTest : public FormatTest {
 protected:
  // `text` has LF line ends.
  std::string judged_text(std::string_view text) {
    const MailText mail = mail_text(text);
    Draft draft;
    draft.fields.clear();
    for (std::size_t i = 0; i < mail.headers.size(); ++i) {
      // The fixture writes the blank behind the colon itself.
      const HeaderField field = mail.headers[i];
      draft.add(std::string(field.name),
                std::string(field.value.empty() ? "" : field.value.substr(1)));
    }
    draft.body = mail.body;
    return judged(draft);
  }

  void from(std::string_view sender) { envelope.reverse_path = ReversePath::from(sender); }
};

}  // namespace icm
