// SPDX-License-Identifier: Apache-2.0
#include "milter/settlement.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

Verdict verdict(Disposition disposition, std::string_view rule) {
  Verdict made;
  made.disposition = disposition;
  if (disposition == Disposition::accept) return made;
  made.policy = "policy";
  made.rule = rule;
  if (disposition == Disposition::defer) made.reply = {451, "4.7.1", std::string(rule)};
  if (disposition == Disposition::reject) made.reply = {550, "5.7.1", std::string(rule)};
  if (disposition == Disposition::quarantine) made.quarantine_reason = rule;
  if (disposition < Disposition::defer) made.headers = {{.name = "X-Tag", .value = "1"}};
  Judged judged;
  judged.finding.rule = rule;
  judged.policy = "policy";
  judged.mode = Mode::enforce;
  judged.effect = disposition;
  made.findings = {judged};
  return made;
}

// A message with these recipients; an Apple one has what was decided about it.
class Mail {
 public:
  Envelope envelope;
  std::vector<AppleRecipient> apple;

  Mail& to_apple(Disposition disposition) {
    const std::string address = "a" + std::to_string(envelope.recipients.size()) + "@icloud.com";
    apple.push_back({.index = envelope.recipients.size(),
                     .argument = "<" + address + ">",
                     .verdict = verdict(disposition, "recipient")});
    add(address).is_apple = true;
    return *this;
  }
  Mail& to_other() {
    add("b@other.example");
    return *this;
  }

 private:
  Recipient& add(const std::string& address) {
    Recipient& recipient = envelope.recipients.emplace_back();
    recipient.text = address;
    return recipient;
  }
};

struct Outcome {
  Disposition disposition;
  std::string_view rule;
  std::vector<std::size_t> removed;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  out << to_string(outcome.disposition) << ' ' << outcome.rule << " removed";
  for (const std::size_t index : outcome.removed) out << ' ' << index;
  return out;
}

Outcome outcome(const Settlement& settlement) {
  return {settlement.verdict.disposition, settlement.verdict.rule, settlement.removed};
}

Outcome settled(Disposition message, const Mail& mail, MixedRefusal mixed = MixedRefusal::remove) {
  return outcome(settle(verdict(message, "message"), mail.apple, mail.envelope, mixed));
}

constexpr auto accept = Disposition::accept;
constexpr auto tag = Disposition::tag;
constexpr auto quarantine = Disposition::quarantine;
constexpr auto defer = Disposition::defer;
constexpr auto reject = Disposition::reject;

TEST(Settle, leaves_the_verdict_alone_when_all_recipients_are_apples) {
  const Mail mail = Mail().to_apple(accept).to_apple(accept);
  for (const auto message : {tag, quarantine, defer, reject}) {
    for (const auto mixed : {MixedRefusal::remove, MixedRefusal::keep}) {
      EXPECT_EQ(settled(message, mail, mixed), (Outcome{message, "message", {}}));
    }
  }
  EXPECT_EQ(settled(accept, mail), (Outcome{accept, "", {}}));
}

TEST(Settle, takes_apples_recipients_off_a_mixed_message_that_must_be_refused) {
  const Mail mail = Mail().to_apple(accept).to_other().to_apple(accept);
  const Settlement settlement =
      settle(verdict(reject, "message"), mail.apple, mail.envelope, MixedRefusal::remove);
  EXPECT_EQ(outcome(settlement), (Outcome{reject, "message", {0, 2}}));
  EXPECT_EQ(settlement.deletions, (std::vector<std::string>{"<a0@icloud.com>", "<a2@icloud.com>"}));
}

TEST(Settle, defers_and_holds_a_mixed_message_whole) {
  const Mail mail = Mail().to_apple(accept).to_other();
  EXPECT_EQ(settled(defer, mail), (Outcome{defer, "message", {}}));
  EXPECT_EQ(settled(quarantine, mail), (Outcome{quarantine, "message", {}}));
}

TEST(Settle, lets_a_mixed_message_go_to_all_when_told_to_keep) {
  const Mail mail = Mail().to_apple(accept).to_other();
  for (const auto message : {quarantine, defer, reject}) {
    const Settlement settlement =
        settle(verdict(message, "message"), mail.apple, mail.envelope, MixedRefusal::keep);
    EXPECT_EQ(outcome(settlement), (Outcome{accept, "", {}}));
    EXPECT_EQ(settlement.verdict.reply, SmtpReply{});
    EXPECT_EQ(settlement.verdict.quarantine_reason, "");
    ASSERT_EQ(settlement.verdict.findings.size(), 1u);
    EXPECT_EQ(settlement.verdict.findings[0].effect, accept);
    EXPECT_EQ(settlement.verdict.findings[0].held_back, "direct.mixed keep");
  }
  EXPECT_EQ(settled(tag, mail, MixedRefusal::keep), (Outcome{tag, "message", {}}));
}

TEST(Settle, takes_a_refused_recipient_off_when_somebody_is_left) {
  EXPECT_EQ(settled(accept, Mail().to_apple(reject).to_apple(accept)), (Outcome{accept, "", {0}}));
  EXPECT_EQ(settled(accept, Mail().to_other().to_apple(reject)), (Outcome{accept, "", {1}}));
  EXPECT_EQ(settled(tag, Mail().to_apple(accept).to_apple(reject)), (Outcome{tag, "message", {1}}));
}

// Postfix then tells the sender; taking the last recipient off would lose the mail without a word.
TEST(Settle, refuses_the_message_when_nobody_is_left) {
  const Mail mail = Mail().to_apple(reject).to_apple(reject);
  const Settlement settlement =
      settle(verdict(tag, "message"), mail.apple, mail.envelope, MixedRefusal::remove);
  EXPECT_EQ(outcome(settlement), (Outcome{reject, "recipient", {}}));
  EXPECT_EQ(settlement.verdict.reply, (SmtpReply{550, "5.7.1", "recipient"}));
  EXPECT_TRUE(settlement.verdict.headers.empty());
}

// A recipient that is taken off is not tried again, so nothing temporary may take one off.
TEST(Settle, defers_the_whole_message_for_one_deferred_recipient) {
  const Mail mail = Mail().to_apple(defer).to_apple(reject).to_apple(accept).to_other();
  for (const auto message : {accept, tag, quarantine}) {
    EXPECT_EQ(settled(message, mail), (Outcome{defer, "recipient", {}}));
  }
}

TEST(Settle, refuses_rather_than_defers_what_is_refused_anyway) {
  EXPECT_EQ(settled(reject, Mail().to_apple(accept)), (Outcome{reject, "message", {}}));
}

TEST(Settle, holds_a_message_for_the_sake_of_one_recipient) {
  const Mail mail = Mail().to_apple(quarantine).to_apple(accept);
  const Settlement settlement =
      settle(verdict(accept, ""), mail.apple, mail.envelope, MixedRefusal::remove);
  EXPECT_EQ(outcome(settlement), (Outcome{quarantine, "recipient", {}}));
  EXPECT_EQ(settlement.verdict.quarantine_reason, "recipient");
  EXPECT_EQ(settled(quarantine, mail), (Outcome{quarantine, "message", {}}));
}

// They were logged with the recipient; whoever counts the log would count them twice.
TEST(Settle, leaves_what_was_found_about_recipients_out_of_the_message) {
  for (const auto recipient : {quarantine, defer, reject}) {
    const Mail mail = Mail().to_apple(recipient).to_apple(recipient);
    const Settlement settlement =
        settle(verdict(tag, "message"), mail.apple, mail.envelope, MixedRefusal::remove);
    EXPECT_EQ(outcome(settlement), (Outcome{recipient, "recipient", {}}));
    ASSERT_EQ(settlement.verdict.findings.size(), 1u);
    EXPECT_EQ(settlement.verdict.findings[0].finding.rule, "message");
  }
}

}  // namespace
}  // namespace icm
