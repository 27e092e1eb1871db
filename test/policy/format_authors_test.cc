// SPDX-License-Identifier: Apache-2.0
//
// format: who sends.
#include "test/policy/format_fixture.h"

namespace icm {
namespace {

class FormatAuthors : public FormatTest {};

TEST_F(FormatAuthors, from_must_be_there) {
  EXPECT_EQ(judged(Draft().remove("From")),
            "violation 550 5.6.0 format.from-missing: there is no From field; add \"From: Name "
            "<name@shop.example>\" (RFC 5322 section 3.6)");
}

TEST_F(FormatAuthors, from_stands_once) {
  EXPECT_EQ(judged(Draft().add("FROM", "b@shop.example").add("from", "c@shop.example")),
            "violation 550 5.6.0 format.from-repeated: 3 From fields; keep one; several authors "
            "stand in one field (RFC 5322 section 3.6)");
}

TEST_F(FormatAuthors, from_must_be_readable) {
  const std::string fix =
      "; write \"From: Name <name@shop.example>\", with quotes around a name that has more than "
      "letters and digits (RFC 5322 section 3.4)";
  EXPECT_EQ(judged(Draft().set("From", "ann@shop.example <ann@shop.example>")),
            "violation 550 5.6.0 format.from-syntax: From is \"ann@shop.example "
            "<ann@shop.example>\": offset 18: expected \",\" or the end (a display name with \"@\" "
            "must be quoted), found \"<\"" +
                fix);
  EXPECT_EQ(judged(Draft().set("From", "")),
            "violation 550 5.6.0 format.from-syntax: From is \"\": offset 1: expected an address, "
            "found the end" +
                fix);
  EXPECT_EQ(judged(Draft().set("From", "nobody:;")),
            "violation 550 5.6.0 format.from-syntax: From names nobody" + fix);
}

TEST_F(FormatAuthors, bulk_mail_has_one_author) {
  const std::string text =
      "format.from-several: From has 2 addresses; leave one: what DMARC makes of several is not "
      "defined (RFC 5322 section 3.6.2)";
  Draft draft = Draft().set("From", "ann@shop.example, lee@shop.example");
  draft.add("Sender", "ann@shop.example");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
}

TEST_F(FormatAuthors, several_authors_need_a_sender) {
  EXPECT_EQ(judged(Draft().set("From", "ann@shop.example, lee@shop.example")),
            "advice format.from-several: From has 2 addresses; leave one: what DMARC makes of "
            "several is not defined (RFC 5322 section 3.6.2)\n"
            "violation 550 5.6.0 format.sender-missing: From has 2 addresses and there is no "
            "Sender; add a Sender field with the one who sent it (RFC 5322 section 3.6.2)");
}

TEST_F(FormatAuthors, bulk_mail_has_no_group_in_from) {
  const std::string text =
      "format.from-group: From holds the group \"Shop\"; write the address without a group around "
      "it (RFC 6854 section 3)";
  Draft draft = Draft().set("From", "Shop: ann@shop.example;");
  EXPECT_EQ(judged(draft), "advice " + text);
  EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text);
}

TEST_F(FormatAuthors, bulk_mail_shows_no_address_of_another_domain) {
  const std::string text =
      "format.from-display-name: the display name shows help@apple.com, the address is "
      "ann@shop.example; write a name, not an address of another domain";
  for (const std::string name :
       {"\"help@apple.com\"", "\"Apple <help@apple.com>.\"",
        "=?utf-8?q?help=40apple.com?=", "=?utf-8?b?aGVscEBhcHBsZS5jb20=?="}) {
    Draft draft = Draft().set("From", name + " <ann@shop.example>");
    EXPECT_EQ(judged(draft), "advice " + text) << name;
    EXPECT_EQ(judged(draft.bulk()), "violation 550 5.6.0 " + text) << name;
  }
  for (const std::string name :
       {"\"ann@shop.example\"", "\"ann@mail.shop.example\"", "\"Ann @ Shop\"", "\"@shop\"",
        "\"Tickets @shop.other\"", "\"a@b\""}) {
    EXPECT_EQ(judged(Draft().set("From", name + " <ann@shop.example>").bulk()), "") << name;
  }
  EXPECT_EQ(judged(Draft().set("From", "\"x@shop.example\" <ann@news.shop.example>").bulk()), "");
}

TEST_F(FormatAuthors, from_needs_a_real_domain) {
  struct Case {
    std::string from, evidence;
  };
  for (const auto& [from, evidence] : {
           Case{"root", "root: the domain is missing"},
           Case{"a@[192.0.2.1]", "a@[192.0.2.1]: the domain is an address literal"},
           Case{"a@host", "a@host: the domain has one label only"},
           Case{"a@my_host.example", "a@my_host.example: the domain has an underscore"},
           Case{"a@192.0.2.1", "a@192.0.2.1: the domain ends in a number"},
           Case{"a@localhost",
                "a@localhost: the domain ends in \"localhost\", which is in no public "
                "DNS"},
           Case{"a@pc.LAN", "a@pc.LAN: the domain ends in \"lan\", which is in no public DNS"},
           Case{"a@b.localdomain",
                "a@b.localdomain: the domain ends in \"localdomain\", which is in no public DNS"},
           Case{"a@b#c.example",
                "a@b#c.example: the domain is none (domain \"b#c.example\": has "
                "'#', expected letters, digits, hyphens, underscores and dots)"},
       }) {
    EXPECT_EQ(judged(Draft().set("From", from)),
              "violation 550 5.6.0 format.address-domain: From address " + evidence +
                  "; write an address of a domain that is in DNS (RFC 5321 section 2.3.5)");
  }
  for (const std::string from :
       {"a@shop.example", "a@bücher.example", "a@mylocal.example", "a@lan.example"}) {
    EXPECT_EQ(judged(Draft().set("From", from)).find("address-domain"), std::string::npos) << from;
  }
}

TEST_F(FormatAuthors, addresses_of_bulk_mail_have_at_most_64_octets_before_the_at_sign) {
  const std::string fix = "; use one of at most 64 (RFC 5321 section 4.5.3.1.1)";
  const std::string long_address = std::string(65, 'a') + "@b.example";
  EXPECT_EQ(judged(Draft().set("From", std::string(64, 'a') + "@b.example").bulk()), "");
  const Draft long_from = Draft().set("From", long_address);
  const std::string from =
      "format.address-length: From address " + long_address + " has 65 octets before \"@\"" + fix;
  EXPECT_EQ(judged(long_from), "advice " + from);
  EXPECT_EQ(judged(Draft(long_from).bulk()), "violation 550 5.6.0 " + from);

  envelope.reverse_path = ReversePath::from(long_address);
  const std::string path = "format.address-length: envelope sender " + long_address +
                           " has 65 octets before \"@\"" + fix;
  EXPECT_EQ(judged(Draft()), "advice " + path);
  EXPECT_EQ(judged(Draft().bulk()), "violation 550 5.1.7 " + path);
}

TEST_F(FormatAuthors, envelope_senders_of_all_mail_have_at_most_254_octets) {
  const auto sender_of = [](std::size_t octets) {
    std::string sender =
        "a@" + std::string(62, 'b') + '.' + std::string(62, 'c') + '.' + std::string(62, 'd') + '.';
    return sender + std::string(octets - sender.size() - 4, 'e') + ".com";
  };
  envelope.reverse_path = ReversePath::from(sender_of(253));
  EXPECT_EQ(judged(Draft()), "");
  for (const std::string& sender :
       {sender_of(255), std::string(200, 'a') + "@" + std::string(55, 'b')}) {
    envelope.reverse_path = ReversePath::from(sender);
    EXPECT_EQ(judged(Draft()), fmt::format("violation 550 5.1.7 format.address-length: envelope "
                                           "sender {}... has {} octets; use one of at most 254 "
                                           "(RFC 5321 section 4.5.3.1.3)",
                                           sender.substr(0, 80), sender.size()));
  }
}

TEST_F(FormatAuthors, obsolete_addresses_are_refused_in_from_and_sender_only) {
  const std::string fix =
      "; write addresses without routes, and without blanks, comments or empty elements around "
      "their parts (RFC 5322 section 4.4)";
  EXPECT_EQ(judged(Draft().set("From", "ann @ shop.example")),
            "violation 550 5.6.0 format.address-obsolete: From has obsolete syntax around "
            "ann@shop.example" +
                fix);
  EXPECT_EQ(judged(Draft().set("Sender", "<@relay.example:ann@shop.example>")),
            "violation 550 5.6.0 format.address-obsolete: Sender has obsolete syntax around "
            "ann@shop.example" +
                fix);
  EXPECT_EQ(judged(Draft().set("To", "bob@icloud.com, ")),
            "advice format.address-obsolete: To has obsolete syntax around bob@icloud.com" + fix);
}

TEST_F(FormatAuthors, faults_of_other_address_fields_are_advice) {
  const std::string fix = "; separate addresses by commas and quote names (RFC 5322 section 3.4)";
  EXPECT_EQ(judged(Draft().set("To", "bob@icloud.com; eve@icloud.com").bulk()),
            "advice format.address-syntax: To is \"bob@icloud.com; eve@icloud.com\": offset 15: "
            "expected \",\" or the end, found \";\"" +
                fix);
  EXPECT_EQ(judged(Draft().set("Sender", "a@shop.example, b@shop.example")),
            "advice format.address-syntax: Sender holds 2 addresses, one is allowed" + fix);
  EXPECT_EQ(
      judged(Draft().set("Reply-To", "Ann Lee")),
      "advice format.address-syntax: Reply-To is \"Ann Lee\": offset 8: expected \"<\" and an "
      "address after the display name, found the end" +
          fix);
}

TEST_F(FormatAuthors, a_dot_in_a_display_name_wants_quotes) {
  EXPECT_EQ(
      judged(Draft().set("From", "Shop.example <ann@shop.example>").bulk()),
      "advice format.address-quoting: the display name Shop.example has a dot outside quotes; "
      "write \"\\\"Shop.example\\\" <ann@shop.example>\" (RFC 5322 section 4.1)");
}

TEST_F(FormatAuthors, envelope_sender_is_an_address_with_a_real_domain) {
  struct Case {
    std::string path, finding;
  };
  const std::string syntax_fix =
      "; send from an address of a domain that is in DNS (RFC 5321 section 4.1.2)";
  const std::string domain_fix =
      "; send from an address of a domain that is in DNS, where bounces can go (RFC 5321 section "
      "2.3.5)";
  for (const auto& [path, finding] : {
           Case{"root",
                "5.1.7 format.envelope-sender: envelope sender: address \"root\": has no "
                "\"@\"" +
                    syntax_fix},
           Case{"a@[192.0.2.1]",
                "5.1.7 format.envelope-sender: envelope sender: address "
                "\"a@[192.0.2.1]\": has an address literal instead of a domain" +
                    syntax_fix},
           Case{"root@host",
                "5.1.8 format.envelope-sender: envelope sender root@host: the domain has "
                "one label only" +
                    domain_fix +
                    " -> 450 4.1.8 <root@host>: Sender address rejected: Domain not "
                    "found"},
           Case{"a@h_1.example",
                "5.1.8 format.envelope-sender: envelope sender a@h_1.example: the "
                "domain has an underscore" +
                    domain_fix +
                    " -> 450 4.1.8 <a@h_1.example>: Sender address rejected: Domain "
                    "not found"},
       }) {
    envelope.reverse_path = ReversePath::from(path);
    EXPECT_EQ(judged(Draft()), "violation 550 " + finding);
  }
}

TEST_F(FormatAuthors, bulk_mail_does_not_come_from_the_null_sender) {
  envelope.reverse_path = ReversePath::from("<>");
  EXPECT_EQ(
      judged(Draft().bulk()),
      "violation 550 5.7.1 format.null-sender-bulk: bulk mail (List-Unsubscribe) from <>; send "
      "it from an address that takes bounces; <> is for notices (RFC 5321 section 4.5.5)");
  EXPECT_EQ(judged(Draft()), "");
}

TEST_F(FormatAuthors, null_sender_to_several_is_advice) {
  envelope.reverse_path = ReversePath::from("<>");
  envelope.recipients.push_back(recipient("eve@icloud.com"));
  EXPECT_EQ(
      judged(Draft()),
      "advice format.null-sender-several: a message from <> to 2 recipients; send notices one "
      "by one (RFC 5321 section 4.5.5)");
}

}  // namespace
}  // namespace icm
