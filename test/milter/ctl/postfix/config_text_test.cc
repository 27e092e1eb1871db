// SPDX-License-Identifier: Apache-2.0
//
// Places in main.cf and master.cf, and what is put there and taken out again.
#include "milter/ctl/postfix/config_text.h"

#include <gtest/gtest.h>

#include "milter/ctl/postfix/attachment.h"
#include "milter/ctl/postfix/gate_files.h"
#include "milter/ctl/postfix/insertion.h"
#include "milter/ctl/postfix/removal.h"

namespace icm::ctl::postfix {
namespace {

std::string value_of(std::string_view text, std::string_view name) {
  const auto value = find_value(text, name);
  return value ? std::string(value->of(text)) : "(none)";
}

TEST(ConfigText, finds_the_value_that_counts) {
  EXPECT_EQ(value_of("a=b", "a"), "b");
  EXPECT_EQ(value_of("a = b \n", "a"), " b");
  EXPECT_EQ(value_of("a = b\na = c\n", "a"), " c");
  EXPECT_EQ(value_of("a =\n", "a"), "");
  EXPECT_EQ(value_of("# a = b\n", "a"), "(none)");
  EXPECT_EQ(value_of("ab = c\n", "a"), "(none)");
  EXPECT_EQ(value_of("x = y\n a = b\n", "a"), "(none)");
  EXPECT_EQ(value_of("a = b,\n# no\n\n   c\n  # no\n\nd = e\n", "a"), " b,\n# no\n\n   c");
  EXPECT_EQ(value_of("a = b\r\n\r\n# no\r\n  c\r\nd = e\r\n", "a"), " b\r\n\r\n# no\r\n  c");
  EXPECT_EQ(value_of("a = b\n\fc\nd = e\n", "a"), " b\n\fc");
  EXPECT_EQ(value_of("", "a"), "(none)");
  EXPECT_EQ(value_of("nonsense\n", "nonsense"), "(none)");
}

TEST(ConfigText, finds_services_and_their_options) {
  constexpr std::string_view text =
      "smtp inet n - y - - smtpd\n"
      "# between\n"
      "  -o a=b -v -o { c = d e }\n"
      "# -o x=y\n"
      "  -o f=inline:{ {g=h} } -oi=j\n"
      "smtp unix - - n - - smtp\n"
      "mine unix - n n - - pipe flags=R argv=/bin/x -o no=no";
  EXPECT_EQ(find_service(text, "smtp", "pass"), std::nullopt);
  const auto smtpd = find_service(text, "smtp", "inet");
  ASSERT_TRUE(smtpd);
  const auto found = overrides_in(text, *smtpd);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[0].value.of(text), "b");
  EXPECT_EQ(found[1].value.of(text), "d e");
  EXPECT_TRUE(found[1].is_braced);
  EXPECT_EQ(found[2].value.of(text), "inline:{ {g=h} }");
  EXPECT_EQ(found[3].name, "i");
  EXPECT_EQ(found[3].value.of(text), "j");
  EXPECT_TRUE(overrides_in(text, *find_service(text, "mine", "unix")).empty());
}

TEST(GateFiles, hold_what_attaches) {
  const auto services = services_of(master_cf_gate);
  ASSERT_EQ(services.size(), 3u);
  EXPECT_EQ(services[0].name, "127.0.0.1:10027/inet");
  EXPECT_TRUE(services[0].text.starts_with("# The gate, for our own queue manager."));
  EXPECT_EQ(services[1].name, "icloud-gate/unix");
  EXPECT_EQ(services[2].name, "icloud-out/unix");
  for (const std::string_view name :
       {"transport_maps", "smtpd_milters", "non_smtpd_milters", "milter_default_action"}) {
    EXPECT_FALSE(gate_parameter(name).empty()) << name;
  }
  EXPECT_EQ(gate_domains(),
            (std::vector<std::string>{"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com",
                                      "private.icloud.com"}));
  // What is replaced on a site is there to be replaced.
  for (const std::string_view mark :
       {gate_port_in_files, socket_in_files, daemon_name_in_files, next_hop_in_files}) {
    EXPECT_NE(master_cf_gate.find(mark), std::string_view::npos) << mark;
  }
}

Insertion into_value(std::size_t at, std::string text) {
  return {.file = File::main_cf,
          .at = at,
          .text = std::move(text),
          .reason = "why",
          .parameter = "a",
          .service = {}};
}

Insertion block(std::size_t at, const std::string& lines) {
  return {.file = File::main_cf,
          .at = at,
          .text = std::string(block_begin) + lines + std::string(block_end),
          .reason = {},
          .parameter = {},
          .service = {}};
}

TEST(Insertions, come_out_as_they_went_in) {
  const std::string text = "a = b\nc = d";
  const std::vector<Insertion> all = {into_value(5, ", x"), block(text.size(), "e = f\n")};
  const std::string after = insert(text, File::main_cf, all);
  EXPECT_TRUE(after.starts_with("a = b, x\nc = d# icloud-milter: begin."));
  EXPECT_EQ(insert(text, File::master_cf, all), text);
  const Removal removal = take_out(after, File::main_cf, all);
  EXPECT_EQ(removal.text, text);
  EXPECT_TRUE(removal.left.empty());
}

TEST(Insertions, leave_what_others_wrote_since) {
  const std::vector<Insertion> all = {into_value(5, ", x"), block(6, "e = f\ng = h\n")};
  std::string after = insert("a = b\n", File::main_cf, all);
  after.replace(after.find("e = f"), 5, "e = changed\n  more\nz = mine\n  too");
  after = "# new\na = b, w, x, y\n" + after.substr(9);
  const Removal removal = take_out(after, File::main_cf, all);
  EXPECT_EQ(removal.text, "# new\na = b, w, y\ne = changed\n  more\nz = mine\n  too\n");
  ASSERT_EQ(removal.left.size(), 1u);
  EXPECT_EQ(
      removal.left[0],
      "main.cf: the lines of icloud-milter were edited since; disable takes them out, and leaves "
      "what was added among them");
  const Removal nothing = take_out("a = b\n", File::main_cf, all);
  EXPECT_EQ(nothing.text, "a = b\n");
  EXPECT_EQ(nothing.left.size(), 2u);
}

TEST(Insertions, leave_a_value_what_others_added_to_it) {
  struct Case {
    std::string_view parameter, now, ours, rest;
  };
  const std::string tables =
      "inline:{\n    {icloud.com=icloud-gate:[127.0.0.1]:1}\n    "
      "{me.com=icloud-gate:[127.0.0.1]:1}}";
  for (const Case& one : {
           Case{"smtpd_milters", " inet:h:1, unix:m.sock", "unix:m.sock", " inet:h:1"},
           {"smtpd_milters", " unix:m.sock, inet:h:1", "unix:m.sock", " inet:h:1"},
           {"smtpd_milters", " inet:h:1 unix:m.sock\n  inet:h:2", "unix:m.sock",
            " inet:h:1\n  inet:h:2"},
           {"non_smtpd_milters", "{ unix:m.sock, default_action=accept },{inet:h:1}",
            ", {unix:m.sock,default_action=tempfail}", "{inet:h:1}"},
           {"smtpd_milters", " unix:m.sock2, $mine", "unix:m.sock", " unix:m.sock2, $mine"},
           {"smtpd_milters", "  unix:m.sock , unix:m.sock", "unix:m.sock", "  "},
           {"smtpd_milters", "", "unix:m.sock", ""},
           {"transport_maps",
            " hash:/t, inline:{ {icloud.com=icloud-gate:[127.0.0.1]:1} "
            "{me.com=icloud-gate:[127.0.0.1]:1} } regexp:{{/a b/ c:}}",
            tables, " hash:/t regexp:{{/a b/ c:}}"},
           {"transport_maps",
            "inline:{{icloud.com=icloud-gate:[127.0.0.1]:2}, {a.example = relay:b}}", tables,
            "inline:{{a.example = relay:b}}"},
           {"transport_maps", "inline:{{{", tables, "inline:{{{"},
           {"milter_default_action", " accept", "tempfail", " accept"},
       }) {
    EXPECT_EQ(without(one.parameter, one.now, one.ours), one.rest) << one.now;
  }
}

TEST(Insertions, leave_what_postconf_wrote_into_the_block) {
  const std::string lines =
      "# Ours.\nsmtpd_milters = unix:m.sock\n# Ours, too.\nmilter_default_action = tempfail\n"
      "icloud-out_destination_recipient_limit = 1\n";
  const std::vector<Insertion> all = {block(6, lines)};
  std::string after = insert("a = b\n", File::main_cf, all);
  const auto change = [&](std::string_view what, std::string_view with) {
    after.replace(after.find(what), what.size(), with);
  };
  change("= unix:m.sock", "= inet:h:1, unix:m.sock");
  change("recipient_limit = 1\n", "recipient_limit = 7\n# mine\nx = y\n# at the end\n");
  const Removal removal = take_out(after, File::main_cf, all);
  EXPECT_EQ(removal.text, "a = b\nsmtpd_milters = inet:h:1\n# mine\nx = y\n# at the end\n");
  EXPECT_EQ(removal.left.size(), 1u);
  EXPECT_EQ(removal.drift,
            std::vector<std::string>{"main.cf: in the lines that \"enable\" wrote, x is new"});
  change("unix:m.sock", "unix:other.sock");
  EXPECT_EQ(take_out(after, File::main_cf, all).drift.front(),
            "main.cf: in the lines that \"enable\" wrote, smtpd_milters is changed");
}

// The block says so: who tunes as told has changed nothing.
TEST(Insertions, may_be_tuned_where_they_say_so) {
  const std::string main_cf = "# Ours.\nicloud-out_initial_destination_concurrency = 2\n";
  std::string tuned = insert("", File::main_cf, {block(0, main_cf)});
  tuned.replace(tuned.find("= 2"), 3, "=\t20");
  EXPECT_EQ(take_out(tuned, File::main_cf, {block(0, main_cf)}).drift, std::vector<std::string>{});
  EXPECT_EQ(take_out(tuned, File::main_cf, {block(0, main_cf)}).text, "");

  Insertion services = block(0,
                             "127.0.0.1:1 inet n - n - - smtpd\n  -o content_filter=icloud-out:\n"
                             "# By sender.\n  -o smtpd_sender_restrictions=\n"
                             "icloud-out unix - - n - - smtp\n  -o syslog_name=a\n");
  services.file = File::master_cf;
  const std::string text = insert("", File::master_cf, {services});
  const auto drift_with = [&](std::string_view what, std::string_view with) {
    std::string edited = text;
    edited.replace(edited.find(what), what.size(), with);
    return take_out(edited, File::master_cf, {services}).drift;
  };
  const std::vector<std::string> none;
  EXPECT_EQ(drift_with("  -o smtpd_sender_restrictions=", "\t-o { smtpd_sender_restrictions = b }"),
            none);
  EXPECT_EQ(drift_with("  -o syslog_name=a", "  -o syslog_name=a -o smtp_bind_address=192.0.2.7"),
            none);
  // Where "postconf -P" puts the last one.
  std::string moved = text + "icloud-out unix - - n - - smtp\n    -o syslog_name=b\nlater unix x\n";
  moved.erase(moved.find("icloud-out unix"), moved.find(block_end) - moved.find("icloud-out unix"));
  EXPECT_EQ(take_out(moved, File::master_cf, {services}).drift, none);
  EXPECT_EQ(take_out(moved, File::master_cf, {services}).text, "later unix x\n");
  EXPECT_EQ(drift_with("# By sender.", "# Otherwise.\n#"), none);
  EXPECT_EQ(drift_with("=icloud-out:", "="),
            std::vector<std::string>{"master.cf: in the lines that \"enable\" wrote, 127.0.0.1:1 "
                                     "inet is changed"});
  EXPECT_EQ(drift_with("icloud-out unix", "icloud-way unix"),
            (std::vector<std::string>{
                "master.cf: in the lines that \"enable\" wrote, icloud-out unix is gone",
                "master.cf: in the lines that \"enable\" wrote, icloud-way unix is new"}));
}

TEST(Insertions, come_out_of_a_value_whatever_their_order) {
  const Insertion ours{.file = File::main_cf,
                       .at = 24,
                       .text = ", unix:m.sock",
                       .reason = {},
                       .parameter = "smtpd_milters",
                       .service = {}};
  const Removal removal =
      take_out("smtpd_milters = unix:m.sock, inet:h:1\n", File::main_cf, {ours});
  EXPECT_EQ(removal.text, "smtpd_milters = inet:h:1\n");
  EXPECT_EQ(removal.left, std::vector<std::string>{
                              "main.cf: smtpd_milters was edited since; disable takes out what "
                              "icloud-milter has in it, and leaves the rest"});
  const Insertion at_service{.file = File::master_cf,
                             .at = 0,
                             .text = ",unix:m.sock",
                             .reason = {},
                             .parameter = "smtpd_milters",
                             .service = "a/inet"};
  EXPECT_EQ(take_out("a inet n - n - - smtpd\n  -o { smtpd_milters = unix:m.sock inet:h:1 }\n"
                     "b inet n - n - - smtpd -o smtpd_milters=unix:m.sock\n",
                     File::master_cf, {at_service})
                .text,
            "a inet n - n - - smtpd\n  -o { smtpd_milters = inet:h:1 }\n"
            "b inet n - n - - smtpd -o smtpd_milters=unix:m.sock\n");
}

TEST(Insertions, are_shown_with_their_reasons) {
  const std::string text = "z = y\na = b\n";
  EXPECT_EQ(differences(text, File::main_cf, {into_value(11, ", x"), block(12, "# q\ne = f\n")}),
            "@@ main.cf, line 2 @@\n# why\n-a = b\n+a = b, x\n"
            "@@ main.cf, line 3 @@\n+" +
                std::string(block_begin) + "+# q\n+e = f\n+" + std::string(block_end));
  EXPECT_EQ(differences(text, File::master_cf, {into_value(11, ", x")}), "");
}

TEST(Attachment, is_read_as_it_was_written) {
  const Attachment written{.at = "2026-11-22T08:00:00Z",
                           .options = {.has_arrival = false, .gate_port = 10127},
                           .insertions = {into_value(5, "\t\"\\ \n"), block(7, "e = f\n")}};
  const auto read = parse_attachment(to_json(written));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->at, written.at);
  EXPECT_EQ(read->options.gate_port, 10127);
  EXPECT_FALSE(read->options.has_arrival);
  EXPECT_EQ(read->insertions, written.insertions);
  for (const char* text : {"", "{}", "[]", "{\"version\":2}", "{\"version\":1,\"at\":7}"}) {
    EXPECT_FALSE(parse_attachment(text)) << text;
  }
}

}  // namespace
}  // namespace icm::ctl::postfix
