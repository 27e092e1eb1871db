// SPDX-License-Identifier: Apache-2.0
#include "milter/callbacks.h"

#include <gtest/gtest.h>
#include <libmilter/mfapi.h>

#include "milter/libmilter_mta.h"

namespace icm {
namespace {

constexpr unsigned long all_actions = 0x1ff;
constexpr unsigned long all_steps = 0x1fffff;
constexpr unsigned long silent =
    SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH;
constexpr unsigned long changes = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_DELRCPT | SMFIF_QUARANTINE;

TEST(TermsFor, takes_what_is_used_and_no_more) {
  EXPECT_EQ(terms_for(all_actions, all_steps),
            (Terms{.actions = changes | SMFIF_SETSYMLIST,
                   .steps = silent | SMFIP_NR_BODY | SMFIP_SKIP | SMFIP_HDR_LEADSPC,
                   .missing = {}}));
}

TEST(TermsFor, never_promises_silence_where_something_may_be_refused) {
  const unsigned long steps = terms_for(all_actions, all_steps).steps;
  EXPECT_EQ(steps & (SMFIP_NR_RCPT | SMFIP_NR_DATA), 0u);
}

// Without a macro of its own choice it could not tell the end of a message from its body.
TEST(TermsFor, answers_bodies_where_it_may_not_choose_its_macros) {
  EXPECT_EQ(terms_for(changes, all_steps).steps & SMFIP_NR_BODY, 0u);
}

TEST(TermsFor, does_without_what_older_mail_servers_lack) {
  EXPECT_EQ(terms_for(changes, silent),
            (Terms{.actions = changes, .steps = silent, .missing = {}}));
}

TEST(TermsFor, names_what_a_mail_server_cannot_do) {
  EXPECT_EQ(
      terms_for(0, 0).missing,
      "add header fields, remove header fields, remove recipients, hold a message, do without "
      "a reply to every step");
  EXPECT_EQ(terms_for(changes & ~SMFIF_DELRCPT, silent).missing, "remove recipients");
}

TEST(WireValue, puts_back_the_blank_that_was_stripped) {
  struct Case {
    std::string_view value;
    LeadingBlank leading_blank;
    std::string_view expected;
  };
  for (const auto& [value, leading_blank, expected] : {
           Case{" a", LeadingBlank::kept, " a"},
           Case{"a", LeadingBlank::kept, "a"},
           Case{"a", LeadingBlank::stripped, " a"},
           Case{" a", LeadingBlank::stripped, " a"},
           Case{"\ta", LeadingBlank::stripped, "\ta"},
           Case{"", LeadingBlank::stripped, " "},
       }) {
    EXPECT_EQ(wire_value(value, leading_blank), expected);
  }
}

TEST(DoubledPercent, doubles_each) {
  EXPECT_EQ(doubled_percent("100% of %s%%"), "100%% of %%s%%%%");
  EXPECT_EQ(doubled_percent(""), "");
}

}  // namespace
}  // namespace icm
