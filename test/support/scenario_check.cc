// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_check.h"

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/base/text.h"
#include "test/support/scenario_result.h"

namespace icm {
namespace {

using Json = nlohmann::json;

// All that can be said about one recipient or one message.
struct Subject {
  const MilterMail& mail;
  const MilterAnswer& answer;
  MilterOutcome::Stage stage;
  const std::vector<MilterChange>& changes;
  const Json* decision = nullptr;  // absent: none was logged
  const std::string* line = nullptr;
  bool is_message = true;
};

// "expected X, got Y", or nothing when all is well.
using Difference = std::optional<std::string>;

Difference unlike(std::string_view what, std::string_view expected, std::string_view got) {
  if (expected == got) return std::nullopt;
  return fmt::format("{}: expected \"{}\", got \"{}\"", what, expected, got);
}

std::string reply_of(const MilterAnswer& answer) {
  if (!answer.refuses()) return "none";
  return answer.text.empty() ? std::string(to_string(answer.kind)) : answer.text;
}

std::pair<std::string, std::string> word_and_rest(std::string_view argument) {
  const std::size_t blank = std::min(argument.find(' '), argument.size());
  return {std::string(argument.substr(0, blank)), std::string(trim(argument.substr(blank)))};
}

// ---- each subject of "expect"

Difference reply(const Subject& subject, const std::string& argument) {
  return unlike("reply", argument, reply_of(subject.answer));
}

Difference reply_like(const Subject& subject, const std::string& pattern) {
  const std::string got = reply_of(subject.answer);
  if (std::regex_match(got, std::regex(pattern))) return std::nullopt;
  return fmt::format("reply: expected all of it to match {}, got \"{}\"", pattern, got);
}

Difference let_go(const Subject& subject, const std::string&) {
  const bool is_let_go = subject.stage == MilterOutcome::Stage::data &&
                         subject.answer.kind == MilterAnswer::Kind::accept;
  if (is_let_go) return std::nullopt;
  return fmt::format("expected to be let go at DATA, got {} at {}", to_string(subject.answer.kind),
                     to_string(subject.stage));
}

Difference member(const Subject& subject, const std::string& pointer, const Json& expected) {
  if (subject.decision == nullptr) return "expected a logged decision, got none";
  const Json::json_pointer path(pointer);
  if (!subject.decision->contains(path)) {
    return fmt::format("{}: expected {}, got no such member in {}", pointer, expected.dump(),
                       subject.decision->dump());
  }
  const Json& got = subject.decision->at(path);
  if (got == expected) return std::nullopt;
  return fmt::format("{}: expected {}, got {}", pointer, expected.dump(), got.dump());
}

Difference verdict(const Subject& subject, const std::string& argument) {
  return member(subject, "/verdict", argument);
}

Difference rule(const Subject& subject, const std::string& argument) {
  return member(subject, "/rule", argument == "none" ? "" : argument);
}

Difference json(const Subject& subject, const std::string& argument) {
  const auto [pointer, text] = word_and_rest(argument);
  const Json expected = Json::parse(text, nullptr, false);
  if (expected.is_discarded())
    return fmt::format("json: expected \"/member VALUE\" with a JSON value, got {}", argument);
  return member(subject, pointer, expected);
}

Difference json_like(const Subject& subject, const std::string& argument) {
  if (subject.decision == nullptr) return "expected a logged decision, got none";
  const auto [pointer, pattern] = word_and_rest(argument);
  const Json value = subject.decision->value(Json::json_pointer(pointer), Json());
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (std::regex_search(text, std::regex(pattern))) return std::nullopt;
  return fmt::format("{}: expected a match of {}, got {}", pointer, pattern, text);
}

// "RULE EFFECT", "RULE held back: WHY" or "RULE" alone.
std::string describe(const Json& finding) {
  const std::string held_back = finding.value("held_back", "");
  return held_back.empty() ? finding.value("effect", "") : "held back: " + held_back;
}

Difference finding(const Subject& subject, const std::string& argument) {
  if (subject.decision == nullptr) return "expected a logged decision, got none";
  const auto [wanted, effect] = word_and_rest(argument);
  std::string seen;
  for (const Json& one : subject.decision->value("findings", Json::array())) {
    if (one.value("rule", "") == wanted && (effect.empty() || describe(one) == effect))
      return std::nullopt;
    seen += fmt::format("{}{} {}", seen.empty() ? "" : "; ", one.value("rule", ""), describe(one));
  }
  return fmt::format("finding: expected \"{}\", got \"{}\"", argument,
                     seen.empty() ? "none" : seen);
}

Difference no_finding(const Subject& subject, const std::string& argument) {
  if (subject.decision == nullptr) return "expected a logged decision, got none";
  for (const Json& one : subject.decision->value("findings", Json::array())) {
    const std::string rule_seen = one.value("rule", "");
    if (argument.empty() || rule_seen == argument || rule_seen.starts_with(argument + ".")) {
      return fmt::format("finding: expected none{}{}, got {}: {}", argument.empty() ? "" : " of ",
                         argument, rule_seen, one.value("evidence", ""));
    }
  }
  return std::nullopt;
}

std::vector<std::string> values_after(const Subject& subject, std::string_view name) {
  return values_of(changed_fields(subject.mail.fields, subject.changes), name);
}

Difference field(const Subject& subject, const std::string& argument) {
  const std::size_t colon = argument.find(':');
  const std::string name = argument.substr(0, colon);
  const std::string expected(trim(colon == std::string::npos ? "" : argument.substr(colon + 1)));
  const auto values = values_after(subject, name);
  if (std::ranges::count(values, expected) == 1) return std::nullopt;
  return fmt::format("field {}: expected once \"{}\", got [{}]", name, expected,
                     fmt::join(values, "] ["));
}

Difference fields(const Subject& subject, const std::string& argument) {
  const auto [name, count] = word_and_rest(argument);
  const auto values = values_after(subject, name);
  if (parse_number(count) == values.size()) return std::nullopt;
  return fmt::format("fields {}: expected {}, got {}: [{}]", name, count, values.size(),
                     fmt::join(values, "] ["));
}

Difference no_field(const Subject& subject, const std::string& argument) {
  return fields(subject, argument + " 0");
}

Difference removed_recipient(const Subject& subject, const std::string& argument) {
  const auto asked = std::ranges::count_if(subject.changes, [&](const MilterChange& change) {
    return change.kind == MilterChange::Kind::delete_recipient && change.name == argument;
  });
  if (asked == 1) return std::nullopt;
  return fmt::format("expected {} removed once, got {} times", argument, asked);
}

Difference quarantine(const Subject& subject, const std::string& argument) {
  for (const MilterChange& change : subject.changes) {
    if (change.kind == MilterChange::Kind::quarantine)
      return unlike("quarantine", argument, change.value);
  }
  return "quarantine: expected one, got none";
}

Difference line(const Subject& subject, const std::string& argument) {
  const std::string_view got = subject.line == nullptr ? "" : std::string_view(*subject.line);
  if (got.find(argument) != got.npos) return std::nullopt;
  return fmt::format("log line: expected \"{}\" in it, got \"{}\"", argument, got);
}

Difference no_line(const Subject& subject, const std::string& argument) {
  if (subject.line == nullptr || subject.line->find(argument) == std::string::npos)
    return std::nullopt;
  return fmt::format("log line: expected no \"{}\" in it, got \"{}\"", argument, *subject.line);
}

Difference not_logged(const Subject& subject, const std::string&) {
  if (subject.decision == nullptr) return std::nullopt;
  return fmt::format("expected no logged decision, got {}", subject.decision->dump());
}

struct Known {
  std::string_view subject;
  Difference (*compare)(const Subject&, const std::string&);
};
constexpr Known known[] = {
    {"reply", reply},
    {"reply-like", reply_like},
    {"let-go", let_go},
    {"verdict", verdict},
    {"rule", rule},
    {"json", json},
    {"json-like", json_like},
    {"finding", finding},
    {"no-finding", no_finding},
    {"field", field},
    {"fields", fields},
    {"no-field", no_field},
    {"removed-recipient", removed_recipient},
    {"quarantine", quarantine},
    {"line", line},
    {"no-line", no_line},
    {"not-logged", not_logged},
};

// ---- what nobody announced

bool expects(const std::vector<ScenarioExpectation>& all, std::string_view subject,
             std::string_view beginning = {}) {
  return std::ranges::any_of(all, [&](const ScenarioExpectation& one) {
    return one.subject == subject && starts_with_ascii(one.argument, beginning);
  });
}

Difference unannounced_change(const MilterChange& change,
                              const std::vector<ScenarioExpectation>& all) {
  using Kind = MilterChange::Kind;
  switch (change.kind) {
    case Kind::insert_header:
      if (expects(all, "field", change.name + ":")) return std::nullopt;
      return fmt::format("unannounced: {}: {} is inserted", change.name,
                         trim(unfold(change.value)));
    case Kind::change_header:
      if (change.value.empty() &&
          (expects(all, "fields", change.name + " ") || expects(all, "no-field", change.name)))
        return std::nullopt;
      return fmt::format("unannounced: {} {} is changed to \"{}\"", change.name, change.index,
                         change.value);
    case Kind::delete_recipient:
      if (expects(all, "removed-recipient", change.name)) return std::nullopt;
      return fmt::format("unannounced: recipient {} is removed", change.name);
    case Kind::quarantine:
      if (expects(all, "quarantine")) return std::nullopt;
      return fmt::format("unannounced: quarantine, {}", change.value);
    case Kind::add_header:
    case Kind::add_recipient:
    case Kind::change_sender:
    case Kind::replace_body:
      break;
  }
  return fmt::format("a change that the milter never makes: {} {}", change.name, change.value);
}

std::vector<std::string> unannounced(const Subject& subject,
                                     const std::vector<ScenarioExpectation>& all) {
  std::vector<std::string> differences;
  const bool is_announced = expects(all, "reply") || expects(all, "reply-like") ||
                            expects(all, "rule") || expects(all, "verdict");
  if (subject.answer.refuses() && !is_announced) {
    differences.push_back(fmt::format("unannounced refusal: {}", reply_of(subject.answer)));
  }
  if (!subject.is_message) return differences;
  if (subject.stage == MilterOutcome::Stage::data && !expects(all, "let-go"))
    differences.push_back("let go at DATA, which nobody announced");
  for (const MilterChange& change : subject.changes) {
    if (Difference difference = unannounced_change(change, all))
      differences.push_back(*std::move(difference));
  }
  const bool reached_end = subject.stage == MilterOutcome::Stage::end_of_message;
  if (reached_end && subject.decision == nullptr && !expects(all, "not-logged")) {
    differences.push_back("expected a logged decision, got none");
  }
  return differences;
}

// Walks through mails and decisions side by side: both are in the order of the conversation.
class Walk {
 public:
  Walk(const Scenario& scenario, const ScenarioTranscript& transcript)
      : scenario_(scenario), transcript_(transcript) {
    for (const std::string& text : transcript.decisions) {
      decisions_.push_back(Json::parse(text, nullptr, false));
      if (decisions_.back().is_discarded())
        note(0, fmt::format("a decision that is no JSON: {}", text));
    }
  }

  std::vector<std::string> run() {
    for (std::size_t i = 0; i < scenario_.connections.size(); ++i) {
      for (std::size_t j = 0; j < scenario_.connections[i].messages.size(); ++j) {
        const ScenarioMessage& message = scenario_.connections[i].messages[j];
        if (i < transcript_.connections.size() && j < transcript_.connections[i].size()) {
          judge(message, transcript_.connections[i][j]);
        } else {
          note(message.line, "the mail was never answered");
        }
      }
    }
    for (; next_ < decisions_.size(); ++next_) {
      note(0, fmt::format("a decision that belongs to no mail: {}", decisions_[next_].dump()));
    }
    return std::move(differences_);
  }

 private:
  void note(int line_number, std::string_view text) {
    differences_.push_back(line_number == 0
                               ? fmt::format("{}: {}", scenario_.file, text)
                               : fmt::format("{}:{}: {}", scenario_.file, line_number, text));
  }

  void judge(const ScenarioMessage& message, const MilterOutcome& outcome) {
    static const std::vector<MilterChange> no_changes;
    for (std::size_t i = 0; i < outcome.recipients.size(); ++i) {
      Subject subject{.mail = message.mail,
                      .answer = outcome.recipients[i],
                      .stage = MilterOutcome::Stage::rcpt,
                      .changes = no_changes,
                      .is_message = false};
      const std::string& argument = message.mail.recipients[i].front();
      take_decision(subject, [&](const Json& decision) {
        return decision.value("event", "") == "recipient" &&
               "<" + decision.value(Json::json_pointer("/recipients/0"), "") + ">" == argument;
      });
      compare(subject, message.at_recipient[i].expectations, message.at_recipient[i].line);
    }
    Subject subject{.mail = message.mail,
                    .answer = outcome.answer,
                    .stage = outcome.stage,
                    .changes = outcome.changes};
    take_decision(subject, [&](const Json& decision) {
      const std::string queue_id = decision.value("queue_id", "");
      return decision.value("event", "") == "message" &&
             (queue_id == message.mail.queue_id || queue_id.empty());
    });
    compare(subject, message.at_end, message.line);
  }

  template <class Belongs>
  void take_decision(Subject& subject, Belongs belongs) {
    if (next_ == decisions_.size() || !belongs(decisions_[next_])) return;
    subject.decision = &decisions_[next_];
    if (next_ < transcript_.lines.size()) subject.line = &transcript_.lines[next_];
    ++next_;
  }

  void compare(const Subject& subject, const std::vector<ScenarioExpectation>& all,
               int line_number) {
    for (const ScenarioExpectation& one : all) {
      const auto* const found =
          std::ranges::find(known, std::string_view(one.subject), &Known::subject);
      if (Difference difference = found->compare(subject, one.argument))
        note(one.line, *difference);
    }
    // A message that ended because all its recipients were refused has nothing to say of its own.
    const bool is_echo = subject.is_message && subject.stage == MilterOutcome::Stage::rcpt;
    if (is_echo) return;
    for (const std::string& text : unannounced(subject, all)) note(line_number, text);
  }

  const Scenario& scenario_;
  const ScenarioTranscript& transcript_;
  std::vector<Json> decisions_;
  std::size_t next_ = 0;
  std::vector<std::string> differences_;
};

}  // namespace

const std::vector<std::string_view>& scenario_subjects() {
  static const std::vector<std::string_view> subjects = [] {
    std::vector<std::string_view> words;
    for (const Known& one : known) words.push_back(one.subject);
    return words;
  }();
  return subjects;
}

std::vector<std::string> check(const Scenario& scenario, const ScenarioTranscript& transcript) {
  return Walk(scenario, transcript).run();
}

}  // namespace icm
