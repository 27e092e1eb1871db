// SPDX-License-Identifier: Apache-2.0
//
// format: the header as octets.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

using namespace std::string_literals;

class FormatFields : public FormatTest {};

TEST_F(FormatFields, names_are_printable_without_blanks) {
  const std::string fix = "; name fields in printable ASCII without blanks (RFC 5322 section 2.2)";
  EXPECT_EQ(
      judged(Draft().add("X Y", "1")),
      "violation 550 5.6.0 format.field-name: the field name \"X Y\" has the octet 0x20" + fix);
  EXPECT_EQ(judged(Draft().add("X\xc3\xa4", "1")),
            "violation 550 5.6.0 format.field-name: the field name \"X\\xc3\\xa4\" has the octet "
            "0xc3" +
                fix);
  EXPECT_EQ(judged(Draft().add("", "1")),
            "violation 550 5.6.0 format.field-name: a field without a name" + fix);
  EXPECT_EQ(judged(Draft().add("X-!#$%&'*+./09;<=>?@AZ[]^_`az{|}~", "1")), "");
}

TEST_F(FormatFields, folded_lines_begin_with_a_blank_and_hold_more) {
  const std::string fix = "; fold before a blank that text follows (RFC 5322 section 3.2.2)";
  EXPECT_EQ(judged(Draft().add("X-Long", "a\n b\n\tc")), "");
  EXPECT_EQ(judged(Draft().add("X-Long", "\n a")), "");
  EXPECT_EQ(judged(Draft().add("X-Long", "a\n \n b")),
            "violation 550 5.6.0 format.field-fold: X-Long has a folded line of blanks only" + fix);
  EXPECT_EQ(judged(Draft().add("X-Long", "a\n\n b")),
            "violation 550 5.6.0 format.field-fold: X-Long has a folded line of blanks only" + fix);
  EXPECT_EQ(judged(Draft().add("X-Long", "a\nb")),
            "violation 550 5.6.0 format.field-fold: X-Long has a folded line that does not begin "
            "with a blank" +
                fix);
}

TEST_F(FormatFields, single_fields_stand_once) {
  EXPECT_EQ(judged(Draft().add("subject", "x").add("TO", "a@b.example").add("To", "a@b.example")),
            "violation 550 5.6.0 format.field-repeated: 3 To fields, 2 Subject fields; keep one of "
            "each (RFC 5322 section 3.6)");
  for (const std::string name :
       {"Sender", "Reply-To", "Cc", "Message-ID", "In-Reply-To", "References"}) {
    Draft draft = Draft().remove(name);
    draft.add(name, "<1@a.example>").add(name, "<1@a.example>");
    EXPECT_EQ(judged(draft), "violation 550 5.6.0 format.field-repeated: 2 " + name +
                                 " fields; keep one of each (RFC 5322 section 3.6)");
  }
  EXPECT_EQ(judged(Draft()
                       .add("Comments", "a")
                       .add("Comments", "b")
                       .add("Received", "c")
                       .add("Received", "d")),
            "");
}

TEST_F(FormatFields, mime_fields_of_bulk_mail_stand_once) {
  const std::string text =
      "format.mime-repeated: 2 Content-Type fields; keep one of each (RFC 2045 section 3)";
  Draft draft;
  draft.add("MIME-Version", "1.0")
      .add("Content-Type", "text/plain")
      .add("Content-Type", "text/html");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
}

TEST_F(FormatFields, header_lines_have_at_most_998_octets) {
  // "X-Long: " and the value.
  EXPECT_EQ(judged(Draft().add("X-Long", std::string(990, 'x'))), "");
  EXPECT_EQ(judged(Draft().add("X-Long", "a\n " + std::string(997, 'x') + "\n b")), "");
  const std::string fix =
      "; fold it at a blank: mail servers break longer lines, and signatures with them (RFC 5322 "
      "section 2.1.1)";
  EXPECT_EQ(
      judged(Draft().add("X-Long", std::string(991, 'x'))),
      "violation 550 5.6.0 format.header-line-length: X-Long has a line of 999 octets, 998 are "
      "allowed" +
          fix);
  EXPECT_EQ(judged(Draft().add("X-Long", "a\n " + std::string(1500, 'x') + "\n b")),
            "violation 550 5.6.0 format.header-line-length: X-Long has a line of 1501 octets, 998 "
            "are allowed" +
                fix);
}

TEST_F(FormatFields, header_is_ascii_without_smtputf8) {
  EXPECT_EQ(judged(Draft().set("Subject", "Störung im Netz")),
            "violation 550 5.6.9 format.header-8bit: Subject has octets that are not ASCII; write "
            "\"Subject: =?UTF-8?Q?St=C3=B6rung_im_Netz?=\" (RFC 2047), or send with SMTPUTF8 (RFC "
            "6531)");
  const std::string fix = "; encode it (RFC 2047), or send with SMTPUTF8 (RFC 6531)";
  EXPECT_EQ(judged(Draft().set("Subject", "St\xf6rung")),
            "violation 550 5.6.0 format.header-8bit: Subject has octets that are not ASCII" + fix);
  EXPECT_EQ(judged(Draft().set("From", "Jürgen <j@shop.example>")),
            "violation 550 5.6.9 format.header-8bit: From has octets that are not ASCII" + fix);
  EXPECT_EQ(judged(Draft().add("X-Note", "a\n\tschön")),
            "violation 550 5.6.9 format.header-8bit: X-Note has octets that are not ASCII" + fix);
}

TEST_F(FormatFields, header_is_utf8_with_smtputf8) {
  envelope.smtputf8 = true;
  EXPECT_EQ(judged(Draft().set("Subject", "Störung").add("X-Note", "schön")), "");
  EXPECT_EQ(judged(Draft().set("Subject", "Störung").add("X-Note", "sch\xf6n")),
            "violation 550 5.6.0 format.header-8bit: X-Note is not UTF-8; write it in UTF-8 (RFC "
            "6532 section 3.1), or encode it (RFC 2047)");
}

// Looking at the whole field again for each of its octets would take hours: the test then ends by
// ctest's limit.
TEST_F(FormatFields, a_long_field_of_utf8_is_looked_at_once) {
  envelope.smtputf8 = true;
  std::string value;
  while (value.size() < 1'000'000) value += "\n é";
  EXPECT_EQ(judged(Draft().add("X-Note", value)), "");
}

TEST_F(FormatFields, control_characters_are_refused_in_bulk_mail) {
  const std::string text =
      "format.header-control: Subject has a control character; remove it, or encode the text (RFC "
      "5322 section 2.2, RFC 2047)";
  Draft draft = Draft().set("Subject", "\x1b$B%F%9%H\x1b(B");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
  EXPECT_EQ(judged(Draft().set("Subject", "a\tb").bulk()), "");
}

TEST_F(FormatFields, cr_and_nul_are_refused) {
  EXPECT_EQ(
      judged(Draft().set("Subject", "a\rb")),
      "violation 550 5.6.0 format.bare-cr: Subject has a CR that no LF follows; end lines with "
      "CR and LF, and use neither alone (RFC 5321 section 2.3.8)");
  EXPECT_EQ(judged(Draft().set("Subject", "a\0b"s)),
            "violation 550 5.6.0 format.nul: Subject has a NUL octet; remove it (RFC 5321 section "
            "4.5.2)");
}

TEST_F(FormatFields, a_header_beyond_the_bounds_is_refused_and_nothing_is_missed_in_it) {
  config.limits.header_fields = 2;
  EXPECT_EQ(judged(Draft().remove("From").remove("To").add("Content-Type", "text/plain").bulk()),
            "violation 550 5.6.0 format.header-size: the header is longer than the milter keeps of "
            "one; send fewer and shorter fields, or raise limits.header_octets and "
            "limits.header_fields");
}

}  // namespace
}  // namespace icm
