// SPDX-License-Identifier: Apache-2.0
//
// Mail to the unsubscribe address: who wants to leave what, and who wants nothing.
#include "policy/unsubscribe/intake.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Kind = IntakeResult::Kind;

const UnsubscribeTokens tokens({std::string(32, 'n')});
const UnsubscribePlace place{.url = "https://news.example.com/unsubscribe",
                             .mailto = "unsubscribe@news.example.com",
                             .delimiter = "+"};
const std::vector<std::string> scopes = {"global", "stream:news"};
const UnsubscribeWish wish{"bob@icloud.com", "stream:news"};

Mailbox mailbox(std::string_view text) { return Mailbox::parse(text).value(); }
std::string token() { return tokens.mint(mailbox("bob@icloud.com"), "stream:news"); }
std::string address() { return "unsubscribe+" + token() + "@news.example.com"; }

using Fields = std::vector<std::pair<std::string_view, std::string>>;

IntakeMail mail(const Fields& fields) {
  IntakeMail made;
  for (const auto& [name, value] : fields) made.headers.add(name, " " + value);
  return made;
}

IntakeResult read(const IntakeMail& given) { return read_intake(tokens, place, scopes, given); }

TEST(UnsubscribeIntake, fulfils_the_mail_of_apple_mails_button) {
  IntakeMail given = mail({{"From", "Bob <bobs-other-name@icloud.com>"},
                           {"To", address()},
                           {"Subject", ""},
                           {"X-Apple-Unsubscribe", "true"},
                           {"Message-ID", "<1@icloud.com>"}});
  given.sender = "bobs-other-name@icloud.com";
  given.recipients = {address()};
  const IntakeResult result = read(given);
  EXPECT_EQ(result.kind, Kind::wish);
  EXPECT_EQ(result.wish, wish);
  EXPECT_EQ(result.evidence,
            "token in the address, by the button of Apple Mail, Message-ID <1@icloud.com>");
}

TEST(UnsubscribeIntake, finds_the_token_wherever_a_delivery_leaves_it) {
  for (const Fields& fields : {
           Fields{{"X-Original-To", address()}, {"To", "unsubscribe@news.example.com"}},
           Fields{{"Delivered-To", address()}},
           Fields{{"To", "Leave <" + address() + ">, other@example.com"}},
           Fields{{"Cc", address()}},
           Fields{{"To", "unsubscribe@news.example.com"}, {"Subject", "unsubscribe " + token()}},
           Fields{{"To", "unsubscribe@news.example.com"},
                  {"Subject", "Re: Unsubscribe\r\n\t" + token()}},
           Fields{{"To", "unsubscribe@news.example.com"}, {"Subject", token()}},
           Fields{{"To", "unsubscribe+garbage@news.example.com"}, {"Subject", token()}},
       }) {
    const IntakeResult result = read(mail(fields));
    EXPECT_EQ(result.kind, Kind::wish) << fields.front().second;
    EXPECT_EQ(result.wish, wish);
  }
}

TEST(UnsubscribeIntake, believes_the_envelope_and_not_the_header_when_it_is_told) {
  IntakeMail given = mail({{"To", address()}});
  given.recipients = {"unsubscribe@news.example.com"};
  EXPECT_EQ(read(given).kind, Kind::unclear);
  IntakeMail other = mail({{"To", "somebody@example.com"}});
  other.recipients = {address()};
  EXPECT_EQ(read(other).wish, wish);
}

TEST(UnsubscribeIntake, takes_no_word_of_machines) {
  struct Case {
    Fields fields;
    std::optional<std::string> sender;
    std::string_view told;
  };
  for (const auto& [fields, sender, told] : {
           Case{{{"To", address()}},
                "",
                "the null reverse-path of a mail server's report (RFC 5321 section 4.5.5)"},
           Case{{{"To", address()}},
                "<>",
                "the null reverse-path of a mail server's report (RFC 5321 section 4.5.5)"},
           Case{{{"To", address()}},
                "MAILER-DAEMON",
                "the null reverse-path of a mail server's report (RFC 5321 section 4.5.5)"},
           Case{{{"To", address()}, {"Return-Path", "<>"}},
                std::nullopt,
                "the null reverse-path of a mail server's report (RFC 5321 section 4.5.5)"},
           Case{{{"To", address()}, {"Auto-Submitted", "auto-replied (vacation)"}},
                "bob@me.com",
                "Auto-Submitted: auto-replied (RFC 3834 section 5)"},
           Case{{{"To", "unsubscribe@news.example.com"}, {"Auto-Submitted", "auto-generated; x=y"}},
                std::nullopt,
                "Auto-Submitted: auto-generated (RFC 3834 section 5)"},
           Case{{{"To", address()}, {"Auto-Submitted", ""}},
                std::nullopt,
                "Auto-Submitted:  (RFC 3834 section 5)"},
           Case{{{"To", address()},
                 {"Content-Type", "multipart/report; report-type=delivery-status; boundary=x"}},
                "postmaster@icloud.com",
                "multipart/report (RFC 6522)"},
           Case{{{"To", address()}, {"X-Autoreply", "yes"}}, std::nullopt, "the field X-Autoreply"},
           Case{{{"To", "unsubscribe@news.example.com"}, {"Precedence", "Bulk"}},
                std::nullopt,
                "Precedence: bulk"},
           Case{{{"To", address()}, {"Precedence", "auto_reply"}},
                std::nullopt,
                "Precedence: auto_reply"},
           Case{{{"To", address()},
                 {"X-Apple-Unsubscribe", "true"},
                 {"Auto-Submitted", "auto-replied"}},
                std::nullopt,
                "Auto-Submitted: auto-replied (RFC 3834 section 5)"},
       }) {
    IntakeMail given = mail(fields);
    given.sender = sender;
    const IntakeResult result = read(given);
    EXPECT_EQ(result.kind, Kind::automatic) << told;
    EXPECT_EQ(result.evidence, told);
  }
  IntakeMail person =
      mail({{"To", address()}, {"Auto-Submitted", "no"}, {"Return-Path", "<b@me.com>"}});
  EXPECT_EQ(read(person).kind, Kind::wish);
}

TEST(UnsubscribeIntake, takes_a_whole_token_of_a_program_that_sends_for_its_user) {
  for (const auto& [name, value] : Fields{
           {"Auto-Submitted", "auto-generated"}, {"Precedence", "bulk"}, {"Precedence", "list"}}) {
    EXPECT_EQ(read(mail({{"To", address()}, {name, value}})).wish, wish) << value;
    EXPECT_EQ(read(mail({{"To", "unsubscribe@news.example.com"},
                         {"Subject", "unsubscribe " + token()},
                         {name, value}}))
                  .wish,
              wish)
        << value;
  }
}

TEST(UnsubscribeIntake, says_why_a_mail_tells_nothing) {
  const std::string forged =
      "unsubscribe+" +
      UnsubscribeTokens({std::string(32, 'x')}).mint(mailbox("bob@icloud.com"), "global") +
      "@news.example.com";
  struct Case {
    Fields fields;
    std::string_view told;
  };
  for (const auto& [fields, told] : {
           Case{{{"To", "unsubscribe@news.example.com"}, {"Subject", "unsubscribe"}},
                "neither address nor subject has a token"},
           Case{{{"To", "unsubscribe@news.example.com"}, {"From", "bob@icloud.com"}},
                "neither address nor subject has a token"},
           Case{{{"To", forged}, {"From", "bob@icloud.com"}},
                "what stands in the address is no token of ours, or a mark for another author than "
                "wrote it"},
           Case{{{"To", "info@example.com"}}, "sent to no unsubscribe address of this site"},
           Case{{}, "sent to no unsubscribe address of this site"},
       }) {
    const IntakeResult result = read(mail(fields));
    EXPECT_EQ(result.kind, Kind::unclear);
    EXPECT_EQ(result.evidence, told);
  }
}

TEST(UnsubscribeIntake, takes_a_mark_from_the_author_it_was_made_for) {
  const std::string mark = tokens.mint_mark(mailbox("bob@icloud.com"), "stream:news");
  const std::string to = "unsubscribe+" + mark + "@news.example.com";
  const IntakeResult result =
      read(mail({{"To", to}, {"From", "Bob <BOB@icloud.com>"}, {"X-Apple-Unsubscribe", "true"}}));
  EXPECT_EQ(result.kind, Kind::wish);
  EXPECT_EQ(result.wish, wish);
  EXPECT_EQ(result.evidence,
            "mark in the address, and the author it was made for, by the button of Apple Mail");
  EXPECT_EQ(read(mail({{"To", to}, {"From", "eve@icloud.com"}})).kind, Kind::unclear);
  EXPECT_EQ(read(mail({{"To", to}, {"From", "bob@icloud.com"}, {"From", "bob@icloud.com"}})).kind,
            Kind::unclear);
  EXPECT_EQ(read(mail({{"To", to}})).kind, Kind::unclear);
}

TEST(UnsubscribeIntake, keeps_evidence_that_is_safe_to_print) {
  const IntakeResult result =
      read(mail({{"To", address()}, {"Message-ID", "<\x1b[31m@x>" + std::string(1000, 'x')}}));
  EXPECT_EQ(result.kind, Kind::wish);
  EXPECT_LT(result.evidence.size(), 300u);
  EXPECT_EQ(result.evidence.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace icm
