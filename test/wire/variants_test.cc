// SPDX-License-Identifier: Apache-2.0
//
// Mail servers that know less of the protocol get the same judgement.
#include <string_view>

#include "test/wire/wire_fixture.h"

namespace icm {
namespace {

namespace wire = milter_wire;

struct Variant {
  std::string_view name;
  MilterOffer offer;
};

const Variant variants[] = {
    {"everything", {}},
    {"every step answered", {.steps = wire::step::all & ~wire::step::all_silent}},
    {"no silent body", {.steps = wire::step::all & ~wire::step::silent_body}},
    {"leading blanks eaten", {.steps = wire::step::all & ~wire::step::leading_space}},
    {"no skip", {.steps = wire::step::all & ~wire::step::skip}},
    {"no macro lists", {.actions = wire::action::all & ~wire::action::name_macros}},
    {"version 2",
     {.version = 2,
      .actions = wire::action::all_of_version_2,
      .steps = wire::step::all_of_version_2}},
    {"version 3",
     {.version = 3,
      .actions = wire::action::all_of_version_2,
      .steps = wire::step::all_of_version_2 | wire::step::no_unknown}},
    {"version 4",
     {.version = 4,
      .actions = wire::action::all_of_version_2,
      .steps = wire::step::all_of_version_2 | wire::step::no_unknown | wire::step::no_data}},
};

class Variants : public WireTest {
 protected:
  void SetUp() override {
    suppress("gone@icloud.com");
    configure("suppression: {mode: enforce}\nlist_unsubscribe: {mode: enforce}\n");
    start();
  }
};

TEST_F(Variants, of_the_protocol_are_judged_alike_at_the_gate) {
  for (const auto& [name, offer] : variants) {
    SCOPED_TRACE(name);
    MilterClient client = gate(offer);
    MilterMail mail = newsletter("4V");
    mail.recipients = {{"<gone@icloud.com>"}, {"<bob@icloud.com>"}};
    const auto outcome = send_mail(client, mail);
    ASSERT_TRUE(outcome) << outcome.error().text;
    EXPECT_TRUE(outcome->recipients[0].text.starts_with("550 5.1.1 suppression.hard-bounce: "))
        << outcome->recipients[0].text;
    EXPECT_FALSE(outcome->recipients[1].refuses());
    EXPECT_EQ(
        outcome->answer.text,
        "550 5.7.1 list_unsubscribe.post-missing: bulk mail without List-Unsubscribe-Post; add "
        "\"List-Unsubscribe-Post: List-Unsubscribe=One-Click\" (RFC 8058 section 3.1)");
    mail.recipients = {{"<carol@elsewhere.example>"}};
    const auto let_go = send_mail(client, mail);
    ASSERT_TRUE(let_go) << let_go.error().text;
    EXPECT_TRUE(let_go->goes_on());
    EXPECT_TRUE(let_go->changes.empty());
  }
}

TEST_F(Variants, of_the_protocol_get_the_same_field_at_arrival) {
  for (const auto& [name, offer] : variants) {
    SCOPED_TRACE(name);
    MilterClient client = connect(offer);
    client.define("{daemon_name}", "smtpd");
    ASSERT_TRUE(
        client.connect({.name = "x", .family = '4', .port = 25, .address = "198.51.100.7"}));
    ASSERT_TRUE(client.helo("x"));
    MilterMail mail = letter();
    mail.fields.emplace_back("Authentication-Results", " mx.ours.example; auth=pass");
    mail.body = std::string(300000, 'x');  // more than one chunk, to be skipped where that is known
    const auto outcome = send_mail(client, mail);
    ASSERT_TRUE(outcome) << outcome.error().text;
    ASSERT_EQ(outcome->changes.size(), 2u);
    // Where the mail server puts the blank after the colon itself, the filter must not.
    const bool keeps_blank = (client.terms().steps & wire::step::leading_space) != 0;
    const std::string value = "mx.ours.example; auth=none policy.origin=outside";
    using Kind = MilterChange::Kind;
    EXPECT_EQ(outcome->changes[0],
              (MilterChange{Kind::change_header, 1, "Authentication-Results", ""}));
    EXPECT_EQ(outcome->changes[1], (MilterChange{Kind::insert_header, 0, "Authentication-Results",
                                                 (keeps_blank ? " " : "") + value}));
    EXPECT_EQ(client.skips_body(), false) << "abort begins a new message";
  }
}

}  // namespace
}  // namespace icm
