// SPDX-License-Identifier: Apache-2.0
//
// Options that are right each for itself and wrong together.
#include "policy/config/config_checks.h"

#include <gtest/gtest.h>

#include "test/policy/config/reading.h"

namespace icm {
namespace {

TEST(ConfigChecks, refuse_what_contradicts_itself) {
  for (
      const auto& [text, told] : {
          Told{"roles:\n  gate: [A, B]\n  direct: [C, B]\n",
               "3:15: roles.direct: \"B\" is in roles.gate too; a listener plays one role"},
          Told{"roles:\n  direct: [ICLOUD-GATE]\n",
               "2:12: roles.direct: \"ICLOUD-GATE\" is in roles.gate too; a listener plays one "
               "role"},
          Told{"roles: {gate: [\"\"]}", "1:16: roles.gate: a name is empty"},
          Told{"roles: {arrival: [A, ICLOUD-GATE]}",
               "1:22: roles.arrival: \"ICLOUD-GATE\" is in roles.gate too; a listener plays one "
               "role"},
          Told{"roles: {direct: [D], arrival: [D]}",
               "1:32: roles.arrival: \"D\" is in roles.direct too; a listener plays one role"},
          Told{"roles: {arrival: [\"\"]}", "1:19: roles.arrival: a name is empty"},
          Told{"arrival: {authserv_id: mx example}",
               "1:24: arrival.authserv_id: expected a host name or another token of RFC 2045, got "
               "\"mx example\""},
          Told{"arrival: {authserv_id: \"mx;example\"}",
               "1:24: arrival.authserv_id: expected a host name or another token of RFC 2045, got "
               "\"mx;example\""},
          Told{"control: {socket: /var/spool/postfix/icloud-milter/milter.sock}",
               "1:19: control.socket: the mail server's socket is there (socket.address)"},
          Told{"store: {path: \"\"}", "1:15: store.path: expected an absolute path, got \"\""},
          Told{"dns: {resolv_conf: \"\"}",
               "1:20: dns.resolv_conf: expected an absolute path, since dns.servers is empty"},
          Told{"dns: {dnssec: yes, trust_anchor: \"\"}",
               "1:34: dns.trust_anchor: expected an absolute path, since dns.dnssec is on"},
          Told{"streams: [{logins: [a]}]",
               "1:11: streams[1]: the name is missing: write \"name: WORD\""},
          Told{"streams: [{name: news}]",
               "1:11: streams[1]: nothing marks this stream: give it logins, from_domains, "
               "sender_domains or a header"},
          Told{"streams: [{name: news, logins: []}]",
               "1:11: streams[1]: nothing marks this stream: give it logins, from_domains, "
               "sender_domains or a header"},
          Told{"streams:\n  - name: news\n    logins: [a]\n  - name: news\n    logins: [b]\n",
               "4:11: streams[2].name: \"news\" names another stream already, at line 2"},
          Told{
              "streams: [{name: \"a b\", logins: [a]}]",
              "1:18: streams[1].name: expected a word of letters, digits, hyphens, underscores and "
              "dots, got \"a b\""},
          Told{
              "streams: [{name: \"\", logins: [a]}]",
              "1:18: streams[1].name: expected a word of letters, digits, hyphens, underscores and "
              "dots, got \"\""},
          Told{"streams: [{name: a, header: X-Campaign}]",
               "1:29: streams[1].header: expected \"Name: value\", got \"X-Campaign\""},
          Told{"streams: [{name: a, header: \"X Campaign: a\"}]",
               "1:29: streams[1].header: expected \"Name: value\", got \"X Campaign: a\""},
          Told{"streams: [{name: a, header: \"X-Campaign: \"}]",
               "1:29: streams[1].header: expected \"Name: value\", got \"X-Campaign: \""},
          Told{"private_relay: {sources: [shop.example, shop]}",
               "1:41: private_relay.sources: expected domains and addresses, got \"shop\""},
          Told{"suppression: {origins: [submission]}",
               "1:24: suppression.origins: expected every origin, since recipients are judged "
               "before "
               "the origin is known; leave the option out"},
      }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(ConfigChecks, refuse_a_control_socket_that_no_system_takes) {
  EXPECT_EQ(
      told_of("control: {socket: /" + std::string(107, 'x') + "}"),
      "milter.conf:1:19: control.socket: the path has 108 octets, a unix socket takes at most "
      "107\n1 error; configuration not loaded\n");
}

TEST(ConfigChecks, refuse_sealing_keys_that_leave_something_open) {
  const std::string_view a = "domain: a.example, selector: s, file: /a";
  struct Keys {
    std::string text;
    std::string_view told;
  };
  for (const auto& [text, told] : {
           Keys{"arc_sealing: {mode: observe}",
                "1:21: arc_sealing.mode: there is no key to seal with: make one with "
                "\"icloud-milterctl keys generate\" and write it into arc_sealing.keys, or write "
                "\"seal: never\""},
           Keys{"arc_sealing: {keys: [{selector: s, file: /a}]}",
                "1:22: arc_sealing.keys[1]: the domain is missing: write \"domain: DOMAIN\""},
           Keys{"arc_sealing: {keys: [{domain: a.example, file: /a}]}",
                "1:22: arc_sealing.keys[1]: the selector is missing: write \"selector: WORD\""},
           Keys{"arc_sealing: {keys: [{domain: a.example, selector: s}]}",
                "1:22: arc_sealing.keys[1]: the file is missing: write \"file: /PATH\""},
           Keys{"arc_sealing: {keys: [{domain: a..example, selector: s, file: /a}]}",
                "1:31: arc_sealing.keys[1].domain: expected a domain name, got \"a..example\"; it "
                "has an empty label"},
           Keys{"arc_sealing: {keys: [{domain: a.example, selector: s_1, file: /a}]}",
                "1:52: arc_sealing.keys[1].selector: expected a selector as arc1 or 2026.arc, got "
                "\"s_1\""},
           Keys{"arc_sealing: {keys: [{domain: a.example, selector: s, file: a.pem}]}",
                "1:61: arc_sealing.keys[1].file: expected an absolute path or credential:NAME, got "
                "\"a.pem\""},
           Keys{"arc_sealing: {keys: [{domain: a.example, selector: s, file: \"credential:a/b\"}]}",
                "1:61: arc_sealing.keys[1].file: expected an absolute path or credential:NAME, got "
                "\"credential:a/b\"; the name is no file name"},
           Keys{fmt::format("arc_sealing: {{keys: [{{{}, listeners: [\"\"]}}]}}", a),
                "1:77: arc_sealing.keys[1].listeners: a name is empty"},
           Keys{
               fmt::format("arc_sealing: {{keys: [{{{}, recipients: [b@me.com]}}]}}", a),
               "1:78: arc_sealing.keys[1].recipients: expected a domain name, got \"b@me.com\"; it "
               "has '@', expected letters, digits, hyphens, underscores and dots"},
           Keys{fmt::format("arc_sealing:\n  keys:\n    - {{{0}}}\n    - {{{0}}}\n", a),
                "4:7: arc_sealing.keys[2]: all mail that no other key is for has a key already, at "
                "line 3"},
           Keys{fmt::format("arc_sealing:\n  keys:\n    - {{{0}}}\n    - {{domain: b.example, "
                            "selector: s, file: /b}}\n",
                            a),
                "4:7: arc_sealing.keys[2]: all mail that no other key is for has a key already, at "
                "line 3"},
           Keys{fmt::format("arc_sealing:\n  keys:\n    - {{{0}, recipients: [me.com]}}\n    - "
                            "{{{0}, recipients: [mac.com, me.com]}}\n",
                            a),
                "4:7: arc_sealing.keys[2]: mail for me.com has a key already, at line 3"},
           Keys{fmt::format("arc_sealing:\n  keys:\n    - {{{0}, recipients: [me.com], listeners: "
                            "[ICLOUD-GATE]}}\n    - {{{0}, recipients: [me.com], listeners: "
                            "[ICLOUD-GATE]}}\n",
                            a),
                "4:7: arc_sealing.keys[2]: mail for me.com over ICLOUD-GATE has a key already, at "
                "line 3"},
           Keys{
               fmt::format("arc_sealing:\n  keys:\n    - {{{0}}}\n    - {{domain: a.example, "
                           "selector: S, file: /b, recipients: [me.com]}}\n",
                           a),
               "4:46: arc_sealing.keys[2].file: the key of s._domainkey.a.example is /a at line 3; "
               "a selector has one key"},
       }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

TEST(ConfigChecks, take_sealing_keys_that_say_more_or_less_of_the_same_mail) {
  EXPECT_EQ(told_of("arc_sealing: {mode: enforce, seal: never}"), "");
  EXPECT_EQ(told_of("arrival: {covered: yes}\n"
                    "arc_sealing:\n"
                    "  mode: enforce\n"
                    "  keys:\n"
                    "    - {domain: a.example, selector: s, file: /a}\n"
                    "    - {domain: a.example, selector: s, file: /a, recipients: [me.com]}\n"
                    "    - {domain: a.example, selector: t, file: /b, listeners: [ICLOUD-GATE]}\n"
                    "    - {domain: a.example, selector: u, file: /c, recipients: [me.com],\n"
                    "       listeners: [ICLOUD-GATE]}\n"
                    "    - {domain: a.example, selector: v, file: \"credential:v\",\n"
                    "       recipients: [icloud.com]}\n"),
            "");
  EXPECT_EQ(told_of("arc_sealing: {keys: [{domain: a.example, selector: s, file: /a,\n"
                    "  listeners: [SUBMISSION]}]}"),
            "milter.conf:2:14: warning: arc_sealing.keys[1].listeners: \"SUBMISSION\" is neither "
            "in roles.gate nor in roles.direct, and mail is sealed nowhere else\n");
}

TEST(ConfigChecks, warn_of_what_has_no_effect_or_a_surprising_one) {
  for (const auto& [text, told] : {
           Told{"socket: {address: \"inet6:8891@::\"}",
                "1:19: warning: socket.address: other hosts may connect, and the milter protocol "
                "knows "
                "no passwords: let a firewall keep everybody but the mail server off"},
           Told{"socket: {address: \"inet:8891@127.0.0.1\", mode: 0600}",
                "1:48: warning: socket.mode: has no meaning for a socket that is not unix:"},
           Told{"roles: {gate: []}",
                "1:15: warning: roles.gate: no listener is a gate or direct, so no mail is ever "
                "judged"},
           Told{"arc_sealing: {mode: observe, keys: [{domain: a.example, selector: s, file: /a}]}",
                "1:14: warning: arc_sealing.seal: arrival.covered is no, so a seal cannot say how "
                "the mail came in: neither SPF and DMARC nor whether a chain held before this host "
                "changed the message"},
           Told{"format: {mode: enforce, percent: 0}",
                "1:34: warning: format.percent: 0 enforces on no message; observe says the same"},
           Told{"format: {rules: {size: enforce}, percent: 0}",
                "1:43: warning: format.percent: 0 enforces on no message; observe says the same"},
           Told{"format: {mode: enforce, origins: []}",
                "1:34: warning: format.origins: an empty list enforces on no message"},
           Told{"format: {mode: enforce, until: 2026-11-21T08:00:00Z}",
                "1:32: warning: format.until: 2026-11-21T08:00:00.000Z has passed: this policy "
                "only observes"},
           Told{"format: {mode: off, rules: {size: enforce, nul: off}}",
                "1:35: warning: format.rules.size: has no effect: format.mode is off"},
           Told{"private_relay: {mode: enforce}",
                "1:23: warning: private_relay.mode: nothing is known of what is registered with "
                "Apple: write it into private_relay.sources"},
           Told{"mailings: {are_bulk: yes, recipients: 0}",
                "1:22: warning: mailings.are_bulk: has no effect: mailings.recipients is 0"},
           Told{"mailings: {are_bulk: yes}\nstreams: [{name: a, logins: [a]}]",
                "1:22: warning: mailings.are_bulk: no stream is declared transactional: order "
                "confirmations and passwords to many will count as bulk"},
       }) {
    EXPECT_EQ(told_of(text), fmt::format("milter.conf:{}\n", told)) << text;
  }
}

TEST(ConfigChecks, say_nothing_of_what_is_fine) {
  for (const std::string_view text : {
           "roles: {gate: [], direct: [SUBMISSION]}",
           "socket: {address: \"inet:8891@localhost\"}",
           "format: {mode: observe, percent: 0, until: 2020-01-01}",
           "format: {mode: enforce, until: 2026-11-21T08:00:01Z}",
           "suppression: {origins: [forwarded, local, relay, submission, unknown]}",
           "streams: [{name: a, header: \"X-Campaign: a\"}, {name: b, from_domains: [b.example]}]",
           "arrival: {authserv_id: mx.example.com}",
           "private_relay: {mode: enforce, sources: [shop.example, news@mail.shop.example]}",
           "mailings: {are_bulk: yes}\nstreams: [{name: a, kind: transactional, logins: [a]}]",
       }) {
    EXPECT_EQ(told_of(text), "") << text;
  }
}

// SPF cannot be asked for an address that nobody knows, and nobody would notice.
TEST(ConfigChecks, warn_when_nothing_is_known_of_the_way_out) {
  constexpr std::string_view how =
      "; write the addresses that mail leaves from, as Apple sees them: [192.0.2.7, "
      "\"2001:db8::7\"]\n";
  struct Case {
    std::string_view text, place, what;
  };
  for (const auto& [text, place, what] : {
           Case{"", "", "SPF and reverse DNS are not judged"},
           Case{"alignment: {mode: enforce}", "", "SPF and reverse DNS are not judged"},
           Case{"egress: {addresses: []}", "1:21:", "SPF and reverse DNS are not judged"},
           Case{"sender_identity: {mode: off}", "", "SPF is not judged"},
           Case{"alignment: {mode: off}", "", "reverse DNS is not judged"},
           Case{"streams: [{name: a, logins: [a], egress: [192.0.2.7]}, {name: b, logins: [b], "
                "egress: [192.0.2.7]}, {name: c, logins: [c]}]",
                "", "SPF and reverse DNS are judged for mail of a, b alone"},
       }) {
    EXPECT_EQ(
        all_told_of(text),
        fmt::format("milter.conf:{} warning: egress.addresses: none, so {}{}", place, what, how))
        << text;
  }
  for (const std::string_view text :
       {"egress: {addresses: [192.0.2.7]}", "alignment: {mode: off}\nsender_identity: {mode: off}",
        "egress: {addresses: [\"2001:db8::7\"]}\nstreams: [{name: c, logins: [c]}]"}) {
    EXPECT_EQ(all_told_of(text), "") << text;
  }
}

// A mistake in an option is one mistake, whatever its absence would mean.
TEST(ConfigChecks, add_nothing_to_an_option_that_could_not_be_read) {
  for (
      const auto& [text, told] : {
          Told{"streams: [{name: a, logins: b}]",
               "1:29: streams[1].logins: expected a list of texts, got \"b\"; write [b]"},
          Told{
              "streams: [{name: [a], logins: [b]}]",
              "1:18: streams[1].name: expected a word of letters, digits, hyphens, underscores and "
              "dots, got a list"},
          Told{
              "suppression: {origins: [forwarde]}",
              "1:25: suppression.origins: expected unknown, submission, relay, local or forwarded, "
              "got \"forwarde\"; did you mean \"forwarded\"?"},
          Told{"format: {mode: enforce, origins: here}",
               "1:34: format.origins: expected a list of unknown, submission, relay, local or "
               "forwarded, got \"here\"; write [here]"},
      }) {
    EXPECT_EQ(told_of(text),
              fmt::format("milter.conf:{}\n1 error; configuration not loaded\n", told))
        << text;
  }
}

}  // namespace
}  // namespace icm
