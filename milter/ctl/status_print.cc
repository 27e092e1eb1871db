// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/status_print.h"

#include <chrono>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "milter/ctl/throttle_print.h"
#include "policy/auth/key_publication.h"

namespace icm::ctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr int label_width = 15;
constexpr std::string_view no_mail =
    "No mail has come since the start: icloud-milterctl postfix status says whether the gate is "
    "attached.\n";

double figure_of(const Json& json, const char* member) {
  const Json& value = member_of(json, member);
  return value.is_number() ? value.get<double>() : 0;
}

std::string count_of(const Json& json, const char* member) {
  return grouped(number_of(json, member));
}

// "3d 4h", "12m 5s": two units are enough.
std::string duration(std::uint64_t seconds) {
  const std::uint64_t days = seconds / 86400, hours = seconds / 3600 % 24;
  const std::uint64_t minutes = seconds / 60 % 60;
  if (days > 0) return fmt::format("{}d {}h", days, hours);
  if (hours > 0) return fmt::format("{}h {}m", hours, minutes);
  if (minutes > 0) return fmt::format("{}m {}s", minutes, seconds % 60);
  return fmt::format("{}s", seconds);
}

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("{:<{}}{}\n", label, label_width, text);
}

std::string names(const Json& listening, const char* role, std::string_view none) {
  const std::vector<std::string> given = texts_of(listening, role);
  return given.empty() ? std::string(none) : clean(fmt::format("{}", fmt::join(given, ", ")));
}

std::string messages_line(const Json& json) {
  const Json& messages = member_of(json, "messages");
  return line("messages",
              fmt::format("{} judged: {} accepted, {} tagged, {} on hold, {} deferred, {} refused",
                          count_of(messages, "judged"), count_of(messages, "accepted"),
                          count_of(messages, "tagged"), count_of(messages, "quarantined"),
                          count_of(messages, "deferred"), count_of(messages, "refused")));
}

std::string recipients_line(const Json& json) {
  const Json& recipients = member_of(json, "recipients");
  return line("recipients",
              fmt::format("{} refused, {} deferred, {} taken off mixed messages",
                          count_of(recipients, "refused"), count_of(recipients, "deferred"),
                          count_of(recipients, "removed")));
}

std::string head_of(const Json& status) {
  const Json& configuration = member_of(status, "configuration");
  const Json& listening = member_of(status, "listening");
  const Json& store = member_of(status, "store");
  std::string text =
      fmt::format("icloud-milter {}, pid {}, up {} (since {})\n", clean(text_of(status, "version")),
                  number_of(status, "pid"), duration(number_of(status, "uptime_seconds")),
                  moment(text_of(status, "started")));
  text += line("configuration", fmt::format("{}, loaded {}", clean(text_of(configuration, "file")),
                                            moment(text_of(configuration, "loaded"))));
  text += line("listening", clean(text_of(listening, "address")));
  text += line("roles",
               fmt::format("gate: {}; direct: {}; arrival: {}", names(listening, "gate", "none"),
                           names(listening, "direct", "none"),
                           names(listening, "arrival", "every other name")));
  text += line("connections",
               fmt::format("{} open, messages under way: {}", count_of(status, "connections"),
                           count_of(status, "messages_under_way")));
  text += messages_line(status) + recipients_line(status);
  const std::string problem = text_of(store, "problem");
  text += line("store", fmt::format("{}: {}", clean(text_of(store, "path")),
                                    problem.empty() ? "answers" : clean(problem)));
  const Json& snapshot = member_of(store, "snapshot");
  if (!snapshot.is_object()) return text;
  return text +
         line("in memory",
              flag_of(snapshot, "ready")
                  ? fmt::format("{} entries, {:.1f} MiB", count_of(snapshot, "entries"),
                                static_cast<double>(number_of(snapshot, "memory")) / (1 << 20))
                  : "nothing yet; the store is asked each time");
}

// How far a policy goes beyond its mode: "10 percent", "until …", "set by root …, file: observe".
std::string remark_on(const Json& policy) {
  std::vector<std::string> remarks;
  if (text_of(policy, "mode") == "enforce") {
    if (number_of(policy, "percent") < 100) {
      remarks.push_back(fmt::format("{} percent", number_of(policy, "percent")));
    }
    const std::string until = text_of(policy, "until");
    if (flag_of(policy, "ended")) {
      remarks.push_back(fmt::format("only observes since {}", moment(until)));
    } else if (!until.empty()) {
      remarks.push_back(fmt::format("until {}", moment(until)));
    }
  }
  const Json& rules = member_of(policy, "rules");
  if (rules.is_object()) {
    for (const auto& [rule, mode] : rules.items()) {
      if (mode.is_string()) remarks.push_back(fmt::format("{}: {}", rule, mode.get<std::string>()));
    }
  }
  const Json& change = member_of(policy, "change");
  if (change.is_object()) {
    const std::string until = text_of(change, "until");
    remarks.push_back(fmt::format(
        "set {} by {}{}; the file says {}", moment(text_of(change, "since")), text_of(change, "by"),
        until.empty() ? ", until the daemon ends" : fmt::format(", until {}", moment(until)),
        text_of(policy, "configured")));
  }
  return fmt::format("{}", fmt::join(remarks, "; "));
}

Style style_of_mode(std::string_view mode) {
  if (mode == "enforce") return Style::green;
  return mode == "off" ? Style::dim : Style::plain;
}

std::string policies_of(const Json& status, const Terminal& terminal) {
  Table table({{.title = "POLICY"}, {.title = "MODE"}, {.title = "REMARKS"}});
  for (const Json& policy : member_of(status, "policies")) {
    const std::string mode = text_of(policy, "mode");
    table.add({{.text = text_of(policy, "name")},
               {.text = mode, .style = style_of_mode(mode)},
               {.text = remark_on(policy)}});
  }
  return "\n" + table.text(terminal);
}

std::string keys_of(const Json& status, const Terminal& terminal) {
  Table table({{.title = "KEY"}, {.title = "IN THE DNS"}, {.title = "ASKED"}, {.title = "FILE"}});
  for (const Json& key : member_of(status, "keys")) {
    const std::string state = text_of(key, "state");
    const Style style = state == to_string(KeyPublication::State::match) ? Style::green
                        : state == "not-compared"                        ? Style::plain
                                                                         : Style::red;
    table.add({{.text = text_of(key, "name")},
               {.text = state, .style = style},
               {.text = moment(text_of(key, "checked"))},
               {.text = text_of(key, "file")}});
  }
  return table.empty() ? "" : "\n" + table.text(terminal);
}

bool has_judged(const Json& status) {
  const Json& recipients = member_of(status, "recipients");
  return number_of(member_of(status, "messages"), "judged") > 0 ||
         number_of(recipients, "refused") > 0 || number_of(recipients, "deferred") > 0;
}

std::string throttle_of(const Json& status, const Terminal& terminal) {
  const Json& throttle = member_of(status, "throttle");
  const std::string held = held_text(throttle, terminal);
  if (held.empty()) return {};
  const std::string mode = text_of(throttle, "mode");
  const std::string_view remark =
      mode == "enforce" ? "" : " (nothing is held: the mode of throttle is not enforce)";
  return fmt::format("\nPaused and slowed{}:\n{}", remark, held);
}

}  // namespace

const Json& member_of(const Json& json, const char* name) {
  static const Json nothing;
  if (!json.is_object()) return nothing;
  const auto found = json.find(name);
  return found == json.end() ? nothing : *found;
}

std::uint64_t number_of(const Json& json, const char* member) {
  const Json& value = member_of(json, member);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string moment(const std::string& rfc3339) {
  std::string text = clean(rfc3339).substr(0, 19);
  if (text.size() < 19) return text;
  text[10] = ' ';
  return text + "Z";
}

std::string text_of(const Json& json, const char* member) {
  const Json& value = member_of(json, member);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag_of(const Json& json, const char* member) {
  const Json& value = member_of(json, member);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> texts_of(const Json& json, const char* member) {
  std::vector<std::string> texts;
  const Json& list = member_of(json, member);
  if (!list.is_array()) return texts;
  for (const Json& value : list) {
    if (value.is_string()) texts.push_back(value.get<std::string>());
  }
  return texts;
}

std::vector<std::string> attention_of(const Json& status) { return texts_of(status, "attention"); }

std::string status_text(const Json& status, const Terminal& terminal) {
  std::string text = head_of(status) + policies_of(status, terminal) +
                     throttle_of(status, terminal) + keys_of(status, terminal);
  const std::vector<std::string> attention = attention_of(status);
  const Json& failed = member_of(member_of(status, "configuration"), "failed_reload");
  if (attention.empty()) {
    text += "\n" + terminal.paint(Style::green, "All is well.") + "\n";
    return has_judged(status) ? text : text + std::string(no_mail);
  }
  text += "\n" + terminal.paint(Style::red, "Needs attention:") + "\n";
  for (const std::string& sentence : attention) {
    text += "  " + wrap(clean(sentence), 2, terminal.width()) + "\n";
  }
  for (const std::string& problem : texts_of(failed, "problems")) {
    text += "  " + clean(problem) + "\n";
  }
  return text;
}

std::string stats_text(const Json& stats, const Terminal& terminal) {
  std::string text = fmt::format("since {} ({})\n", moment(text_of(stats, "since")),
                                 duration(number_of(stats, "uptime_seconds")));
  text += messages_line(stats) + recipients_line(stats);
  text += line("judging", fmt::format("{:.1f} ms on average, {:.1f} ms at most",
                                      figure_of(stats, "mean_ms"), figure_of(stats, "longest_ms")));
  using Align = Table::Align;
  Table table({{.title = "FOUND", .align = Align::right},
               {.title = "ACTED ON", .align = Align::right},
               {.title = "RULE"}});
  for (const Json& rule : member_of(stats, "rules")) {
    table.add({{.text = count_of(rule, "found")},
               {.text = count_of(rule, "acted")},
               {.text = text_of(rule, "rule")}});
  }
  return table.empty() ? text : text + "\n" + table.text(terminal);
}

}  // namespace icm::ctl
