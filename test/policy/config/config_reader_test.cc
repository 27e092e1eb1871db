// SPDX-License-Identifier: Apache-2.0
//
// The options of milter.conf one by one: what is taken, and every word that is said of what is not.
#include "policy/config/config_reader.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

using std::chrono::seconds;

TEST(ConfigReader, takes_an_empty_file_as_the_defaults) {
  for (const std::string_view text :
       {"", "\n\n", "# nothing but a comment\n", "---\n...\n", "\xEF\xBB\xBF",
        "socket:\nroles:\nstreams:\nformat:\n", "format:\n  rules:\n    #nul: off\n", "{}"}) {
    EXPECT_EQ(config_of(text), Config()) << text;
    EXPECT_EQ(told_of(text), "") << text;
  }
}

TEST(ConfigReader, reads_every_kind_of_option) {
  const Config config = config_of(R"(
socket: {address: "inet:8891@127.0.0.1"}
roles:
  gate: [GATE-1, 'GATE 2']
  direct:
    - SUBMISSION
arrival: {authserv_id: mx.example.com, covered: yes, trusted_networks: [192.0.2.7/24, "2001:db8::/32"]}
apple: {domains: [Example.COM., bücher.example]}
egress: {addresses: [192.0.2.7, "2001:db8:0::7"], helo: out.example.com}
authentication: {deadline: 9s, enforce_disputed: yes}
direct: {mixed: keep}
log: {destination: stderr, facility: local3, decisions: ""}
limits: {message_deadline: 2m, drain: 0s, concurrent_judgements: 8, header_octets: 2MiB}
store: {path: /var/lib/x.db}
streams:
  - name: news
    kind: transactional
    logins: [news@example.com]
    header: "X-Campaign: spring"
format: {mode: enforce, action: defer, origins: [submission], on_error: defer, percent: 10,
         until: 2026-12-01, max_size: 28319744, rules: {size: observe, nul: off}}
suppression: {siblings: no}
)");
  EXPECT_EQ(config.socket.address, "inet:8891@127.0.0.1");
  EXPECT_EQ(config.roles.gate, (std::vector<std::string>{"GATE-1", "GATE 2"}));
  EXPECT_EQ(config.roles.direct, (std::vector<std::string>{"SUBMISSION"}));
  EXPECT_TRUE(config.arrival.covered);
  EXPECT_EQ(config.arrival.trusted_networks.at(0).text(), "192.0.2.0/24");
  EXPECT_EQ(config.apple.domains.at(0).text(), "example.com");
  EXPECT_EQ(config.apple.domains.at(1).text(), "xn--bcher-kva.example");
  EXPECT_EQ(config.egress.addresses.at(1).text(), "2001:db8::7");
  EXPECT_EQ(config.egress.helo, "out.example.com");
  EXPECT_EQ(config.authentication.deadline, seconds{9});
  EXPECT_TRUE(config.authentication.enforce_disputed);
  EXPECT_EQ(config.direct.mixed, MixedRefusal::keep);
  EXPECT_EQ(config.log, (LogConfig{LogDestination::standard_error, "local3", ""}));
  EXPECT_EQ(config.limits.message_deadline, seconds{120});
  EXPECT_EQ(config.limits.drain, seconds{0});
  EXPECT_EQ(config.limits.header_octets, 2u << 20);
  EXPECT_EQ(config.streams.at(0).kind, StreamKind::transactional);
  EXPECT_EQ(config.streams.at(0).header, "X-Campaign: spring");
  EXPECT_EQ(config.format.mode, Mode::enforce);
  EXPECT_EQ(config.format.action, Disposition::defer);
  EXPECT_EQ(config.format.origins, std::vector{Origin::submission});
  EXPECT_EQ(config.format.until, parse_time("2026-12-01").value());
  EXPECT_EQ(config.format.rules,
            (std::map<std::string, Mode>{{"nul", Mode::off}, {"size", Mode::observe}}));
  EXPECT_FALSE(config.suppression.siblings);
}

TEST(ConfigReader, reads_modes_by_their_names_and_not_as_booleans) {
  EXPECT_EQ(config_of("format: {mode: off}").format.mode, Mode::off);
  EXPECT_EQ(config_of("format: {mode: \"off\"}").format.mode, Mode::off);
  EXPECT_EQ(config_of("format: {rules: {nul: off}}").format.rules.at("nul"), Mode::off);
  EXPECT_EQ(
      told_of("format: {mode: false}"),
      "milter.conf:1:16: format.mode: expected off, observe or enforce, got \"false\"; did you "
      "mean \"off\"? Programs that rewrite YAML turn a bare off into false: quote it there\n"
      "1 error; configuration not loaded\n");
}

TEST(ConfigReader, reads_flags_in_each_of_the_ways_people_write_them) {
  for (const std::string_view word : {"yes", "on", "true", "True", "YES", "\"on\""}) {
    EXPECT_TRUE(config_of(fmt::format("arrival: {{covered: {}}}", word)).arrival.covered) << word;
  }
  for (const std::string_view word : {"no", "off", "false", "FALSE", "'no'"}) {
    EXPECT_FALSE(config_of(fmt::format("suppression: {{siblings: {}}}", word)).suppression.siblings)
        << word;
  }
}

TEST(ConfigReader, reads_permissions_in_octal_with_and_without_the_zero) {
  for (const std::string_view word : {"0660", "660", "0o660", "\"0660\"", "00660"}) {
    EXPECT_EQ(config_of(fmt::format("socket: {{mode: {}}}", word)).socket.mode, 0660) << word;
  }
  EXPECT_EQ(config_of("socket: {mode: 0}").socket.mode, 0);
  EXPECT_EQ(config_of("socket: {mode: 777}").socket.mode, 0777);
}

// One line of a file, and what is said of it.
TEST(ConfigReader, says_what_it_expected_and_what_it_found) {
  for (
      const auto& [text, told] : {
          Told{"limits: {drain: sixty}",
               "1:17: limits.drain: expected a span from 0s to 10m, as 90s, 15m, 12h, 7d or 2w, "
               "got \"sixty\""},
          Told{
              "limits: {drain: 60}",
              "1:17: limits.drain: expected a span from 0s to 10m, as 90s, 15m, 12h, 7d or 2w, got "
              "\"60\"; the unit is missing: write 60s"},
          Told{"limits: {message_deadline: 5m}",
               "1:28: limits.message_deadline: expected a span from 1s to 250s, as 90s, 15m, 12h, "
               "7d or "
               "2w, got \"5m\"; the mail server gives a milter up after 300s (Postfix: "
               "milter_content_timeout)"},
          Told{"format: {percent: 010}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"010\"; leading "
               "zero: "
               "write 10, or 8 if octal was meant"},
          Told{"format: {percent: 09}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"09\"; leading "
               "zero: write 9"},
          Told{"format: {percent: 007}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"007\"; leading "
               "zero: write 7"},
          Told{"format: {percent: 101}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"101\""},
          Told{"format: {percent: -1}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"-1\""},
          Told{"format: {percent: 99999999999999999999}",
               "1:19: format.percent: expected a whole number from 0 to 100, got "
               "\"99999999999999999999\""},
          Told{"format: {percent: 1.5}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"1.5\""},
          Told{"format: {percent: ten}",
               "1:19: format.percent: expected a whole number from 0 to 100, got \"ten\""},
          Told{"format: {percent: }",
               "1:10: format.percent: expected a whole number from 0 to 100, got nothing"},
          Told{"format: {percent: ~}",
               "1:10: format.percent: expected a whole number from 0 to 100, got nothing"},
          Told{"format: {percent: [1]}",
               "1:19: format.percent: expected a whole number from 0 to 100, got a list"},
          Told{"format: {percent: {a: 1}}",
               "1:19: format.percent: expected a whole number from 0 to 100, got options"},
          Told{
              "format: {max_size: 20MB}",
              "1:20: format.max_size: expected octets from 1KiB to 1024GiB, as 28319744, 512KiB or "
              "20MiB, got \"20MB\"; did you mean \"20MiB\"?"},
          Told{
              "format: {max_size: 18446744073709551616}",
              "1:20: format.max_size: expected octets from 1KiB to 1024GiB, as 28319744, 512KiB or "
              "20MiB, got \"18446744073709551616\""},
          Told{
              "format: {max_size: 99999999999999GiB}",
              "1:20: format.max_size: expected octets from 1KiB to 1024GiB, as 28319744, 512KiB or "
              "20MiB, got \"99999999999999GiB\""},
          Told{"format: {mode: Enforced}",
               "1:16: format.mode: expected off, observe or enforce, got \"Enforced\"; did you "
               "mean \"enforce\"?"},
          Told{"format: {action: accept}",
               "1:18: format.action: expected reject, defer, quarantine or tag, got \"accept\""},
          Told{"format: {on_error: reject}",
               "1:20: format.on_error: expected accept or defer, got \"reject\""},
          Told{"format: {until: tomorrow}",
               "1:17: format.until: expected never, a date as 2026-12-01 or a time as "
               "2026-12-01T08:00:00Z, got \"tomorrow\""},
          Told{"format: {until: 0000-01-01T00:00:00+23:59}",
               "1:17: format.until: expected never, a date as 2026-12-01 or a time as "
               "2026-12-01T08:00:00Z, got \"0000-01-01T00:00:00+23:59\""},
          Told{"format: {origins: [submision]}",
               "1:20: format.origins: expected unknown, submission, relay, local or forwarded, got "
               "\"submision\"; did you mean \"submission\"?"},
          Told{"format: {origins: local}",
               "1:19: format.origins: expected a list of unknown, submission, relay, local or "
               "forwarded, got \"local\"; write [local]"},
          Told{"format: {origins: }",
               "1:10: format.origins: expected a list of unknown, submission, relay, local or "
               "forwarded, got nothing; write [] for an empty one"},
          Told{"format: {rules: [size]}",
               "1:17: format.rules: expected single rules with their modes, as {some-rule: "
               "observe}, got a list"},
          Told{"format: {rules: {siz: off}}",
               "1:18: format.rules.siz: unknown rule; did you mean \"size\"?"},
          Told{"format: {rules: {format.size: off}}",
               "1:18: format.rules.format.size: unknown rule; write it without \"format.\""},
          Told{"format: {rules: {unsubscribe: off}}",
               "1:18: format.rules.unsubscribe: unknown rule"},
          Told{"format: {rules: {size: no}}",
               "1:24: format.rules.size: expected off, observe or enforce, got \"no\""},
          Told{"arrival: {covered: maybe}",
               "1:20: arrival.covered: expected yes or no, got \"maybe\""},
          Told{"arrival: {covered: 1}", "1:20: arrival.covered: expected yes or no, got \"1\""},
          Told{"dns: {servers: [192.0.2.1, 192.0.2.2:0]}",
               "1:28: dns.servers: expected an address as 192.0.2.1, 2001:db8::1 or "
               "[2001:db8::1]:5353, got \"192.0.2.2:0\"; the port is not a number from 1 to "
               "65535"},
          Told{"dns: {servers: 192.0.2.1}",
               "1:16: dns.servers: expected a list of addresses as 192.0.2.1, 2001:db8::1 or "
               "[2001:db8::1]:5353, got \"192.0.2.1\"; write [192.0.2.1]"},
          Told{"arrival: {trusted_networks: [192.0.2.0/33]}",
               "1:30: arrival.trusted_networks: expected a network as 192.0.2.0/24, 2001:db8::/32 "
               "or a "
               "single address, got \"192.0.2.0/33\""},
          Told{"arrival:\n  trusted_networks: 192.0.2.0/24 [2001:db8::]/32",
               "2:21: arrival.trusted_networks: expected a list of networks as 192.0.2.0/24, "
               "2001:db8::/32 or single addresses, got \"192.0.2.0/24 [2001:db8::]/32\"; write "
               "[192.0.2.0/24, \"[2001:db8::]/32\"]"},
          Told{"egress: {addresses: [192.0.2.0/24]}",
               "1:22: egress.addresses: expected an IP address as 192.0.2.1 or 2001:db8::1, got "
               "\"192.0.2.0/24\""},
          Told{"socket: {mode: 680}",
               "1:16: socket.mode: expected permissions in octal from 0000 to 0777, such as 0660, "
               "got \"680\""},
          Told{"socket: {mode: 1777}",
               "1:16: socket.mode: expected permissions in octal from 0000 to 0777, such as 0660, "
               "got \"1777\""},
          Told{"socket: {mode: rw-rw----}",
               "1:16: socket.mode: expected permissions in octal from 0000 to 0777, such as 0660, "
               "got \"rw-rw----\""},
          Told{"socket: {owner: ~}",
               "1:10: socket.owner: expected a text on one line, got nothing; write \"\" if it "
               "shall be empty"},
          Told{"socket: {address: /run/x.sock}",
               "1:19: socket.address: expected unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS, "
               "got "
               "\"/run/x.sock\"; write unix: in front of a path"},
          Told{"store: {path: var/x.db}",
               "1:15: store.path: expected an absolute path, got \"var/x.db\""},
          Told{"store: {path: \"/x\\ny\"}",
               "1:15: store.path: expected an absolute path, got \"/x\\x0ay\"; it holds a control "
               "character"},
          Told{"log: {facility: local8}",
               "1:17: log.facility: expected mail, daemon, local0, local1, local2, local3, local4, "
               "local5, local6 or local7, got \"local8\"; did you mean \"local0\"?"},
          Told{"log: {destination: syslogd}",
               "1:20: log.destination: expected automatic, syslog or stderr, got \"syslogd\"; did "
               "you "
               "mean \"syslog\"?"},
          Told{"apple: {domains: [-x.example]}",
               "1:19: apple.domains: expected a domain name, got \"-x.example\"; it has a label "
               "that "
               "begins or ends with a hyphen"},
          Told{"apple: {domains: [[a]]}",
               "1:19: apple.domains: expected a domain name, got a list"},
          Told{"apple: {domains: {a: b}}",
               "1:18: apple.domains: expected a list of domain names, got options"},
          Told{"streams: {name: x}",
               "1:10: streams: expected a list, each item beginning with \"- \", got options"},
          Told{"streams: [x]", "1:11: streams[1]: expected options, got \"x\""},
          Told{"streams: ['name:x']",
               "1:11: streams[1]: expected options, got \"name:x\"; is a blank missing after the "
               "colon?"},
          Told{"format: off", "1:9: format: expected options below it, got \"off\""},
          Told{"format: [off]", "1:9: format: expected options below it, got a list"},
          Told{"format:\n  mode:off",
               "2:3: format: expected options below it, got \"mode:off\"; is a blank missing after "
               "the colon?"},
          Told{"off", "1:1: expected sections such as \"socket:\", got \"off\""},
          Told{"- format", "1:1: expected sections such as \"socket:\", got a list"},
      }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(ConfigReader, finds_the_name_that_was_meant) {
  for (const auto& [text, told] : {
           Told{"limits: {dran: 5s}", "1:10: limits.dran: unknown option; did you mean \"drain\"?"},
           Told{"formt: {mode: off}", "1:1: formt: unknown section; did you mean \"format\"?"},
           Told{"limits: {xyzzy: 5s}", "1:10: limits.xyzzy: unknown option"},
           Told{"mixed: keep", "1:1: mixed: unknown section; it belongs below direct"},
           Told{"limits: {siblings: no}",
                "1:10: limits.siblings: unknown option; it belongs below suppression"},
           Told{"percent: 5",
                "1:1: percent: unknown section; it belongs below format, list_unsubscribe, "
                "suppression, consent, inactive, alignment, private_relay, sender_identity, "
                "arc_sealing or throttle"},
           Told{"limits.drain: 5s",
                "1:1: limits.drain: unknown section; write \"drain\" below \"limits:\""},
           Told{"Format: {mode: off}", "1:1: Format: unknown section; did you mean \"format\"?"},
           Told{"\"for\\x1b[31mmat\": 1",
                "1:1: for\\x1b[31mmat: unknown section; \"icloud-milterctl config example\" has "
                "them all"},
       }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(ConfigReader, names_both_places_of_what_is_given_twice) {
  EXPECT_EQ(told_of("format:\n  percent: 5\nlimits:\n  drain: 1s\n\n  drain: 2s\n  drain: "
                    "3s\nformat:\n  percent: 6\n"),
            "milter.conf:6:3: limits.drain: given twice, first at line 4\n"
            "milter.conf:7:3: limits.drain: given twice, first at line 4\n"
            "milter.conf:8:1: format: given twice, first at line 1\n"
            "3 errors; configuration not loaded\n");
  EXPECT_EQ(told_of("format: {rules: {size: off, size: off}}"),
            "milter.conf:1:29: format.rules.size: given twice, first at line 1\n"
            "1 error; configuration not loaded\n");
  EXPECT_EQ(told_of("roles: {gate: [A, B, A]}"),
            "milter.conf:1:22: warning: roles.gate: \"A\" stands twice\n");
}

TEST(ConfigReader, tells_everything_in_one_run_and_in_the_order_of_the_file) {
  EXPECT_EQ(
      told_of("suppression:\n"
              "  percent: 101\n"
              "  siblings: perhaps\n"
              "roles:\n"
              "  gate: [A]\n"
              "  direct: [A]\n"
              "limits:\n"
              "  dran: 5s\n"
              "socket:\n"
              "  address: inet:8891@192.0.2.1\n"
              "format:\n"
              "  percent: &p 5\n"),
      "milter.conf:2:12: suppression.percent: expected a whole number from 0 to 100, got \"101\"\n"
      "milter.conf:3:13: suppression.siblings: expected yes or no, got \"perhaps\"\n"
      "milter.conf:6:12: roles.direct: \"A\" is in roles.gate too; a listener plays one role\n"
      "milter.conf:8:3: limits.dran: unknown option; did you mean \"drain\"?\n"
      "milter.conf:10:12: warning: socket.address: other hosts may connect, and the milter "
      "protocol knows no passwords: let a firewall keep everybody but the mail server off\n"
      "milter.conf:12:12: anchors (&) are not taken; write the value where it is needed\n"
      "5 errors; configuration not loaded\n");
}

TEST(ConfigReader, shows_a_hundred_problems_and_counts_the_rest) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += fmt::format("x{}: 1\n", i);
  const std::string told = told_of(text);
  EXPECT_TRUE(told.starts_with(
      "milter.conf:1:1: x0: unknown section; \"icloud-milterctl config example\" has them all\n"))
      << told;
  EXPECT_TRUE(
      told.ends_with("milter.conf:100:1: x99: unknown section; \"icloud-milterctl config example\" "
                     "has them all\n... and 50 more\n150 errors; "
                     "configuration not loaded\n"))
      << told;
}

TEST(ConfigReader, counts_columns_in_characters) {
  EXPECT_EQ(told_of("log: {decisions: \"/v\xC3\xA4r\", facilty: mail}"),
            "milter.conf:1:26: log.facilty: unknown option; did you mean \"facility\"?\n"
            "1 error; configuration not loaded\n");
}

TEST(ConfigReader, cleans_the_name_of_the_file) {
  const ConfigResult result = read_config_text("a\nb", "x: 1", test_now);
  ASSERT_FALSE(result);
  EXPECT_EQ(report(result.error()),
            "a\\x0ab:1:1: x: unknown section; \"icloud-milterctl config example\" has them all\n1 "
            "error; configuration not loaded\n");
}

}  // namespace
}  // namespace icm
