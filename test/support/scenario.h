// SPDX-License-Identifier: Apache-2.0
//
// Scenario: one conversation between a mail server and the milter with what is expected of it, read
// from a file of test/scenarios. README.md there describes the language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"
#include "test/support/milter_client_mail.h"

namespace icm {

// "expect SUBJECT ARGUMENT", about the recipient or the message it stands under.
struct ScenarioExpectation {
  int line = 0;
  std::string subject;
  std::string argument;
};

// "config suppression.mode enforce": a place in milter.conf and its value as YAML.
struct ScenarioSetting {
  int line = 0;
  std::vector<std::string> path;
  std::string value;
};

// "store ADDRESS REASON …": an entry of the suppression list, its words not yet read.
struct ScenarioEntry {
  int line = 0;
  std::string address;
  std::string reason;
  std::string scope = "global";
  std::string source = "scenario";
  std::string expires;  // RFC 3339; empty: never
  std::string note;
};

// "ledger ADDRESS …": what the ledger knows of an address; times in RFC 3339, empty: none.
struct ScenarioSubscription {
  int line = 0;
  std::string address;
  std::string scope = "global";
  std::string consented;
  std::string source;
  std::string withdrawn;
  std::string engaged;
};

// "dns NAME TYPE VALUE": a record that the milter finds when it asks.
struct ScenarioRecord {
  int line = 0;
  std::string name;
  std::string type;
  std::string value;
};

struct ScenarioRecipient {
  int line = 0;
  std::vector<ScenarioExpectation> expectations;
};

struct ScenarioMessage {
  int line = 0;
  MilterMail mail;
  std::vector<ScenarioRecipient> at_recipient;  // one for each recipient of `mail`
  std::vector<ScenarioExpectation> at_end;
};

struct ScenarioConnection {
  MilterPeer peer{.name = "mx.shop.example", .family = '4', .port = 49152, .address = "127.0.0.1"};
  std::string daemon_name = "ICLOUD-GATE";
  std::string helo = "mx.shop.example";
  std::vector<ScenarioMessage> messages;
};

struct Scenario {
  std::string file;
  std::string purpose;  // the comment at the top of the file, one line
  std::vector<ScenarioSetting> settings;
  std::vector<ScenarioEntry> entries;
  std::vector<ScenarioSubscription> subscriptions;
  std::vector<ScenarioRecord> records;
  bool store_is_broken = false;  // the suppression list cannot be read once the daemon runs
  std::vector<ScenarioConnection> connections;
};

// Reads a scenario; `now` is the time its dates are counted from. All errors of the file in one
// text, a line each: "file:line: what was expected, what was found".
[[nodiscard]] Result<Scenario> read_scenario(const std::string& file, WallTime now);

// The same for text at hand. Messages in files are looked up beside `file`.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text, const std::string& file,
                                              WallTime now);

// What may be expected, as the words after "expect".
const std::vector<std::string_view>& scenario_subjects();

}  // namespace icm
