// SPDX-License-Identifier: Apache-2.0
//
// A Config told to people, and read back.
#include "policy/config/config_reference.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "test/policy/config/reading.h"

namespace icm {
namespace {

// Every option away from its default, with texts that need quotes.
Config unusual() {
  return config_of(R"(
socket: {address: "unix:/run/it's here.sock", owner: "", group: "off", mode: 0}
roles: {gate: ["010", "a, b", "{x}", "~"], direct: ["# 1", "true", "x: y", "\u00e9"]}
arrival: {authserv_id: mx.example.com, covered: yes, trusted_networks: [192.0.2.0/24, "2001:db8::/32", "::1"], show_login: on}
apple: {domains: [a.example, 1.example]}
direct: {mixed: keep}
log: {destination: stderr, facility: local7, decisions: ""}
control: {socket: "/run/a b", owner: root, group: "yes", mode: 0}
limits: {message_deadline: 61s, drain: 0s, concurrent_judgements: 1, header_octets: 1000001, header_fields: 99}
store: {path: "/a\"b\\c"}
dns: {servers: [192.0.2.1, "[2001:db8::1]:5353", "fe80::1%eth0"], resolv_conf: "", dnssec: yes, trust_anchor: /k, timeout: 60s}
streams:
  - {name: a, kind: transactional, logins: ["- x"], header: "X-A: \"b\""}
  - {name: off, from_domains: [b.example], sender_domains: [c.example]}
format: {mode: off, action: tag, origins: [], on_error: defer, percent: 7, until: 2027-01-02T03:04:05.678Z,
  rules: {size: enforce, nul: off}, max_size: 20MiB, date_future: 1h, date_past: 2w, max_received: 1}
list_unsubscribe: {mode: enforce, action: quarantine, percent: 0}
suppression: {action: defer, on_error: accept, siblings: no}
throttle: {preset: icloud-account}
arc_sealing: {mode: observe, seal: always, rescue: hold, keys: [
  {domain: Bücher.example, selector: "2026.A", file: "credential:arc-1"},
  {domain: b.example, selector: b, file: /k, recipients: [icloud.com, me.com], listeners: ["{x}"]}]}
)");
}

TEST(ConfigExample, is_the_defaults_when_it_is_read) {
  EXPECT_EQ(config_of(config_example()), Config());
  EXPECT_EQ(told_of(config_example()), "");
}

// Every option that stands behind "#" is taken in.
std::string uncommented(std::string_view file) {
  std::string text;
  for (const std::string_view line : split(file, '\n')) {
    std::string kept(line);
    const std::size_t mark = line.find_first_not_of(' ');
    const bool is_option = mark != std::string_view::npos && mark >= 2 && line[mark] == '#' &&
                           (line[mark + 1] != ' ' || line[mark + 2] == ' ');
    if (is_option) kept.erase(mark, 1);
    text += kept + "\n";
  }
  return text;
}

std::string packaged(std::string_view name) {
  std::ifstream file(fmt::format("{}/packaging/{}", ICM_SOURCE_DIR, name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConfigExample, stays_the_defaults_when_every_option_is_taken_in) {
  const std::string text = uncommented(config_example());
  Config expected;
  expected.streams = {example_stream()};
  expected.arc_sealing.keys = {example_sealing_key()};
  expected.throttle.limits = {example_throttle_limit()};
  expected.throttle.warm_up = {example_warm_up()};
  EXPECT_EQ(config_of(text), expected) << text;
  EXPECT_EQ(told_of(text), "");
}

TEST(ConfigExample, has_no_line_wider_than_a_hundred_columns) {
  const std::string example = config_example();
  for (const std::string_view line : split(example, '\n')) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(ConfigExample, is_the_file_in_packaging) {
  EXPECT_EQ(packaged("milter.conf"), config_example())
      << "run: cmake --build --preset dev --target docs";
}

TEST(PackagedConfig, is_short_and_changes_nothing_until_an_option_is_taken_in) {
  const std::string file = packaged("site/milter.conf");
  EXPECT_LT(std::ranges::count(file, '\n'), 50);
  EXPECT_EQ(config_of(file), Config());
  EXPECT_EQ(told_of(file), "");
  EXPECT_EQ(all_told_of(uncommented(file)), "");
  const Config said = config_of(uncommented(file));
  EXPECT_EQ(said.egress.addresses.size(), 2u);
  EXPECT_EQ(said.egress.helo, "mail.corp.example");
  EXPECT_TRUE(said.arrival.covered);
  EXPECT_EQ(said.streams.at(0).name, "news");
  EXPECT_EQ(said.dns.servers.size(), 1u);
  EXPECT_EQ(said.format.mode, Mode::enforce);
  EXPECT_EQ(said.format.percent, 10);
}

TEST(ConfigYaml, read_back_is_the_same_config) {
  EXPECT_EQ(config_of(config_yaml(Config())), Config());
  EXPECT_EQ(config_of(config_yaml(unusual())), unusual()) << config_yaml(unusual());
}

TEST(ConfigYaml, quotes_what_other_programs_would_take_for_something_else) {
  const std::string text = config_yaml(unusual());
  for (const std::string_view line :
       {"  group: \"off\"\n", "  mode: 0000\n", "  gate: [\"010\", \"a, b\", \"{x}\", \"~\"]\n",
        "  direct: [\"# 1\", \"true\", \"x: y\", \"\xC3\xA9\"]\n", "  covered: yes\n",
        "  trusted_networks: [\"192.0.2.0/24\", \"2001:db8::/32\", \"::1\"]\n",
        "  domains: [a.example, \"1.example\"]\n", "  decisions: \"\"\n",
        "  path: \"/a\\\"b\\\\c\"\n",
        "  - name: a\n    kind: transactional\n    logins: [\"- x\"]\n",
        "  header_octets: 1000001\n",
        "  until: 2027-01-02T03:04:05.678Z\n  rules: {nul: off, size: enforce}\n  max_size: "
        "20MiB\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nin\n" << text;
  }
}

TEST(ConfigDifference, of_equal_configs_is_nothing) {
  EXPECT_TRUE(config_difference(Config(), Config()).empty());
  EXPECT_TRUE(config_difference(unusual(), unusual()).empty());
}

TEST(ConfigDifference, names_each_option_with_both_values) {
  const Config before = config_of("format: {percent: 5}\nlimits: {drain: 1m}\n");
  const Config after =
      config_of("format: {mode: enforce, rules: {size: off}}\nlimits: {drain: 1m}\n");
  const std::vector<ConfigDifference> expected = {{"format.mode", "observe", "enforce"},
                                                  {"format.percent", "5", "100"},
                                                  {"format.rules", "{}", "{size: off}"}};
  EXPECT_EQ(config_difference(before, after), expected);
}

TEST(ConfigDifference, matches_streams_by_name) {
  const Config before = config_of(
      "streams:\n"
      "  - {name: news, logins: [n]}\n"
      "  - {name: old, kind: bulk, from_domains: [o.example]}\n"
      "  - {name: shop, logins: [s]}\n");
  const Config after = config_of(
      "streams:\n"
      "  - {name: shop, logins: [s, t]}\n"
      "  - {name: new, logins: [w]}\n"
      "  - {name: news, logins: [n]}\n");
  const std::vector<ConfigDifference> expected = {
      {"streams[old]", "{name: old, kind: bulk, from_domains: [o.example], unsubscribe: none}", ""},
      {"streams[shop].logins", "[s]", "[s, t]"},
      {"streams[new]", "", "{name: new, kind: bulk, logins: [w], unsubscribe: none}"},
      {"streams", "[news, old, shop]", "[shop, new, news]"}};
  EXPECT_EQ(config_difference(before, after), expected);
}

// The end of the section arc_sealing.
std::string from_rescue(const std::string& text) {
  const std::size_t begin = text.find("  rescue:");
  return text.substr(begin, text.find("\nthrottle:") - begin);
}

TEST(ConfigYaml, writes_a_list_within_a_section) {
  const std::string text = config_yaml(unusual());
  EXPECT_EQ(from_rescue(text),
            "  rescue: hold\n"
            "  keys:\n"
            "    - domain: xn--bcher-kva.example\n"
            "      selector: \"2026.a\"\n"
            "      file: credential:arc-1\n"
            "      recipients: []\n"
            "      listeners: []\n"
            "    - domain: b.example\n"
            "      selector: b\n"
            "      file: /k\n"
            "      recipients: [icloud.com, me.com]\n"
            "      listeners: [\"{x}\"]\n");
  const std::string none = config_yaml(Config());
  EXPECT_EQ(from_rescue(none), "  rescue: let_go\n  keys: []\n");
}

TEST(ConfigDifference, matches_keys_by_the_name_of_their_record) {
  const Config before = config_of(
      "arc_sealing:\n"
      "  keys:\n"
      "    - {domain: a.example, selector: s1, file: /a}\n"
      "    - {domain: a.example, selector: s1, file: /a, recipients: [me.com]}\n");
  const Config after = config_of(
      "arc_sealing:\n"
      "  keys:\n"
      "    - {domain: a.example, selector: s1, file: /b}\n"
      "    - {domain: a.example, selector: s2, file: /c, listeners: [ICLOUD-GATE]}\n");
  const std::vector<ConfigDifference> expected = {
      {"arc_sealing.keys[s1._domainkey.a.example].file", "/a", "/b"},
      {"arc_sealing.keys[s1._domainkey.a.example (again)]",
       "{domain: a.example, selector: s1, file: /a, recipients: [me.com]}", ""},
      {"arc_sealing.keys[s2._domainkey.a.example]", "",
       "{domain: a.example, selector: s2, file: /c, listeners: [ICLOUD-GATE]}"}};
  EXPECT_EQ(config_difference(before, after), expected);
}

TEST(ConfigOptions, are_all_there_with_their_words) {
  const std::vector<ConfigOption> options = config_options();
  const auto option = [&](std::string_view path) {
    return *std::find_if(options.begin(), options.end(),
                         [&](const auto& o) { return o.path() == path; });
  };
  EXPECT_EQ(option("limits.concurrent_judgements").expected, "a whole number from 1 to 10000");
  EXPECT_EQ(option("limits.concurrent_judgements").yaml(), "64");
  EXPECT_EQ(option("streams.name").yaml(), "news");
  EXPECT_EQ(option("format.mode").expected, "off, observe or enforce");
  for (const ConfigOption& described : options) {
    EXPECT_TRUE(described.sentence.ends_with('.'))
        << described.path() << ": " << described.sentence;
    EXPECT_FALSE(described.expected.empty()) << described.path();
  }
}

TEST(ConfigOptions, of_every_policy_begin_with_what_all_policies_have) {
  const std::vector<std::string_view> common = {"mode",    "action", "origins", "on_error",
                                                "percent", "until",  "rules"};
  for (const std::string_view policy : {"format", "list_unsubscribe", "suppression"}) {
    std::vector<std::string_view> keys;
    for (const ConfigOption& option : config_options()) {
      if (option.section == policy && keys.size() < common.size()) keys.push_back(option.key);
    }
    EXPECT_EQ(keys, common) << policy;
  }
}

}  // namespace
}  // namespace icm
