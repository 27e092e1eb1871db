// SPDX-License-Identifier: Apache-2.0
//
// format: the body, MIME and encoded words.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

using namespace std::string_literals;

class FormatContent : public FormatTest {
 protected:
  // A bounce of the mail server.
  Draft notice() {
    envelope.reverse_path = ReversePath::from("<>");
    Draft draft = Draft().set("From", "MAILER-DAEMON@shop.example (Mail Delivery System)");
    draft.add("Auto-Submitted", "auto-replied").add("MIME-Version", "1.0");
    draft.add("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"b\"");
    draft.body = "--b\r\n\r\nUndelivered\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n";
    return draft;
  }

  static Draft with_body(std::string body) {
    Draft draft;
    draft.body = std::move(body);
    return draft;
  }

  static Draft multipart(std::string content_type, std::string body) {
    Draft draft = with_body(std::move(body));
    draft.add("MIME-Version", "1.0").add("Content-Type", std::move(content_type));
    return draft;
  }
};

TEST_F(FormatContent, line_ends_are_cr_and_lf_together) {
  const std::string fix =
      "; end lines with CR and LF, and use neither alone (RFC 5321 section 2.3.8)";
  EXPECT_EQ(
      judged(with_body("a\r\nb\rc\r\n")),
      "violation 550 5.6.0 format.bare-cr: line 2 of the body has a CR that no LF follows" + fix);
  EXPECT_EQ(judged(with_body("a\r\n.\nb\r\n")),
            "violation 550 5.6.0 format.bare-lf: line 2 of the body ends with LF alone" + fix);
  Draft bounce = notice();
  bounce.body += "\n.\r\n--b--\r\n";
  EXPECT_EQ(judged(bounce),
            "violation 550 5.6.0 format.bare-lf: line 7 of the body ends with LF alone" + fix);
}

TEST_F(FormatContent, nul_is_refused_but_may_be_quoted_by_a_bounce) {
  EXPECT_EQ(
      judged(with_body("a\r\n\0\r\n"s)),
      "violation 550 5.6.0 format.nul: line 2 of the body has a NUL octet; encode the body in "
      "base64 (RFC 5321 section 4.5.2)");
  Draft bounce = notice();
  bounce.body += "\0\r\n--b--\r\n"s;
  EXPECT_EQ(judged(bounce),
            "advice format.nul: line 7 of the body has a NUL octet; encode the body in base64 (RFC "
            "5321 section 4.5.2)");
}

TEST_F(FormatContent, body_lines_have_at_most_998_octets_except_in_a_bounce) {
  const std::string fix =
      "; encode the body in quoted-printable or base64 before signing: mail servers break longer "
      "lines, and signatures with them (RFC 5322 section 2.1.1)";
  EXPECT_EQ(judged(with_body("a\r\n" + std::string(998, 'x') + "\r\n")), "");
  EXPECT_EQ(
      judged(with_body("a\r\n" + std::string(999, 'x') + "\r\n")),
      "violation 550 5.6.0 format.body-line-length: line 2 of the body has 999 octets, 998 are "
      "allowed" +
          fix);
  Draft bounce = notice();
  bounce.body += std::string(2000, 'x') + "\r\n--b--\r\n";
  EXPECT_EQ(judged(bounce),
            "advice format.body-line-length: line 7 of the body has 2000 octets, 998 "
            "are allowed" +
                fix);
}

TEST_F(FormatContent, content_fields_need_mime_version_1) {
  const std::string missing =
      "format.mime-version: there are Content fields but no MIME-Version; add \"MIME-Version: "
      "1.0\" "
      "(RFC 2045 section 4)";
  Draft draft = Draft().add("Content-Type", "text/plain");
  EXPECT_EQ(judged(draft), "advice " + missing);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + missing);
  EXPECT_EQ(judged(Draft().add("Content-Length", "11").bulk()), "");
  for (const std::string good : {"1.0", "(a) 1 (b) . (c) 0 (d)", "1.0 (Mac OS X Mail 16.0)"}) {
    EXPECT_EQ(judged(Draft().add("MIME-Version", good).bulk()), "") << good;
  }
  for (const std::string bad : {"", "1.1", "1.0 x", "1.0 ("}) {
    EXPECT_EQ(judged(Draft().add("MIME-Version", bad).bulk()),
              "violation 550 5.6.0 format.mime-version: MIME-Version is \"" + bad +
                  "\"; write \"MIME-Version: 1.0\" (RFC 2045 section 4)");
  }
}

TEST_F(FormatContent, content_type_must_be_readable_in_bulk_mail) {
  const std::string text =
      "format.content-type-syntax: Content-Type is \"text\": offset 5: expected \"/\" after the "
      "type, "
      "found the end; write it as \"type/subtype; name=\\\"value\\\"\" (RFC 2045 section 5.1)";
  Draft draft = multipart("text", "Hello\r\n");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
}

TEST_F(FormatContent, transfer_encoding_must_be_known_and_fit) {
  Draft unknown = multipart("text/plain", "Hello\r\n");
  unknown.add("Content-Transfer-Encoding", "8-bit");
  const std::string text =
      "format.mime-encoding: Content-Transfer-Encoding is \"8-bit\"; write one of 7bit, 8bit, "
      "binary, quoted-printable and base64 (RFC 2045 section 6.1)";
  EXPECT_EQ(judged(unknown), "advice " + text);
  EXPECT_EQ(judged(unknown.bulk()), "violation 550 5.6.0 " + text);

  for (const std::string good :
       {"7bit", "8BIT", " Binary (c)", "quoted-printable", "BASE64", "x-uue"}) {
    Draft draft = multipart("text/plain", "Hello\r\n");
    draft.add("Content-Transfer-Encoding", good);
    EXPECT_EQ(judged(draft.bulk()), "") << good;
  }

  Draft encoded = multipart("multipart/mixed; boundary=b", "--b\r\n\r\n--b--\r\n");
  encoded.add("Content-Transfer-Encoding", "quoted-printable");
  EXPECT_EQ(judged(encoded.bulk()),
            "violation 550 5.6.0 format.mime-encoding: multipart/mixed in quoted-printable; encode "
            "the parts, not the whole (RFC 2045 section 6.4)");
}

TEST_F(FormatContent, a_multipart_of_bulk_mail_has_a_boundary_and_is_closed) {
  struct Case {
    std::string content_type, body, text;
  };
  for (const auto& [content_type, body, text] : {
           Case{
               "multipart/mixed", "--b\r\n",
               "format.mime-boundary: multipart without a legal boundary; add a boundary parameter "
               "of 1 to 70 letters and digits (RFC 2046 section 5.1.1)"},
           Case{"multipart/mixed; boundary=b", "Hello\r\n",
                "format.mime-boundary: the boundary of Content-Type is not in the body; begin each "
                "part with \"--\" and the boundary (RFC 2046 section 5.1.1)"},
           Case{"multipart/mixed; boundary=b", "--b\r\n\r\nHello\r\n--b\r\n",
                "format.mime-unclosed: the multipart has no closing boundary; end the last part "
                "with "
                "\"--\", the boundary and \"--\" (RFC 2046 section 5.1.1)"},
       }) {
    EXPECT_EQ(judged(multipart(content_type, body)), "advice " + text);
    EXPECT_EQ(judged(multipart(content_type, body).bulk()), "violation 550 5.6.0 " + text);
  }
  EXPECT_EQ(judged(multipart("multipart/mixed; boundary=b", "--b\r\n\r\n--b--").bulk()), "");
}

TEST_F(FormatContent, octets_above_127_are_declared_in_the_header_or_the_envelope) {
  const std::string fix =
      "; declare \"Content-Transfer-Encoding: 8bit\" and send with BODY=8BITMIME, or encode the "
      "body "
      "(RFC 6152 section 3)";
  Draft plain = with_body("a\r\nschön\r\n");
  EXPECT_EQ(
      judged(plain),
      "advice format.body-8bit: line 2 of the body has octets that are not ASCII, declared as "
      "7bit" +
          fix);
  Draft declared = multipart("text/plain; charset=utf-8", "schön\r\n");
  EXPECT_EQ(judged(Draft(declared).add("Content-Transfer-Encoding", "8bit").bulk()), "");
  EXPECT_EQ(judged(Draft(declared).add("Content-Transfer-Encoding", "binary").bulk()), "");
  const Draft wrong = Draft(declared).add("Content-Transfer-Encoding", "base64");
  const std::string wrongly =
      "advice format.body-8bit: line 1 of the body has octets that are not ASCII, declared as "
      "base64" +
      fix;
  EXPECT_EQ(judged(wrong), wrongly);
  envelope.eight_bit_mime = true;
  EXPECT_EQ(judged(plain), "");
  EXPECT_EQ(judged(wrong), wrongly);
  envelope.eight_bit_mime = false;
  envelope.smtputf8 = true;
  EXPECT_EQ(judged(plain), "");
}

TEST_F(FormatContent, a_faulty_encoded_word_is_advice) {
  const std::string fix =
      "; encode each word of at most 75 characters outside quotes (RFC 2047 sections 2 and 5)";
  EXPECT_EQ(
      judged(Draft().set("Subject", "=?utf-8?q?two words?=").bulk()),
      "advice format.encoded-word: Subject: encoded word \"=?utf-8?q?two words?=\" has a blank "
      "inside or no end" +
          fix);
  EXPECT_EQ(
      judged(Draft().set("From", "\"=?utf-8?q?Ann?=\" <ann@shop.example>")),
      "advice format.encoded-word: From: encoded word \"=?utf-8?q?Ann?=\" stands inside quotes" +
          fix);
}

}  // namespace
}  // namespace icm
