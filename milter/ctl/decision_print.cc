// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/decision_print.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr int time_width = 20;
constexpr int finding_indent = 2;
constexpr int effect_width = 16;  // "would quarantine"
constexpr int label_width = 7;    // "found", "fix", "told", "Apple"
constexpr std::size_t recipients_shown = 3;

// "2026-11-21 08:15:30Z" of "2026-11-21T08:15:30.123Z"; anything else as it is.
std::string shown_time(std::string_view time) {
  if (time.size() == 24 && time[10] == 'T' && time[19] == '.') {
    return clean(fmt::format("{} {}Z", time.substr(0, 10), time.substr(11, 8)));
  }
  return clean(time);
}

std::string recipients_of(const DecisionRecord& decision) {
  std::string text;
  const std::size_t shown = std::min(decision.recipients.size(), recipients_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += clean(decision.recipients[i]);
  }
  if (const std::size_t more = decision.recipients.size() - shown; more > 0) {
    text += fmt::format(" and {} more", more);
  }
  return text.empty() ? "nobody" : text;
}

// "label  text" in its columns, wrapped under the text.
std::string labelled(std::string_view label, std::string_view text, int indent,
                     const Terminal& terminal) {
  if (text.empty()) return {};
  const int text_indent = indent + label_width;
  return fmt::format("{:{}}{}{}\n", "", indent,
                     terminal.paint(Style::dim, fmt::format("{:<{}}", label, label_width)),
                     wrap(clean(text), text_indent, terminal.width()));
}

Style style_of_effect(const FindingRecord& finding) {
  if (finding.weight == "advice" || finding.weight == "service") return Style::dim;
  if (finding.effect != "accept" && !finding.effect.empty()) return style_of(finding.effect);
  return finding.would == "reject" || finding.would == "defer" ? Style::yellow : Style::dim;
}

// `told` is the reply the sender got for it; empty unless this finding decided.
std::string print_finding(const FindingRecord& finding, std::string_view told, int indent,
                          const Terminal& terminal) {
  const std::string held_back =
      finding.held_back.empty() ? "" : fmt::format(" ({})", clean(finding.held_back));
  const int detail_indent = indent + effect_width + 2;
  const std::string effect = fmt::format("{:<{}}", effect_of(finding), effect_width);
  std::string text = fmt::format(
      "{:{}}{}  {}{}\n", "", indent, terminal.paint(style_of_effect(finding), effect),
      terminal.paint(Style::bold, clean(finding.rule)), terminal.paint(Style::dim, held_back));
  text += labelled("found", finding.evidence, detail_indent, terminal);
  if (!finding.held_back.starts_with("disputed")) {
    text += labelled("but", finding.disputed, detail_indent, terminal);
  }
  text += labelled("fix", finding.fix, detail_indent, terminal);
  text += labelled("told", told, detail_indent, terminal);
  text += labelled("Apple", finding.prediction, detail_indent, terminal);
  return text;
}

// When, what, which mail: what a decision begins with.
std::string first_line(const DecisionRecord& decision, const Terminal& terminal) {
  const std::string queue_id = decision.queue_id.empty() ? "NOQUEUE" : clean(decision.queue_id);
  const std::string verdict = clean(decision.verdict);
  return fmt::format("{:<{}}  {}  {:<15}  {} -> {}", shown_time(decision.time), time_width,
                     terminal.paint(style_of(decision.verdict), fmt::format("{:<10}", verdict)),
                     queue_id, decision.mail_from.empty() ? "<>" : clean(decision.mail_from),
                     recipients_of(decision));
}

// The rule that decided, or how many would have refused had they been enforced.
std::string reason_of(const DecisionRecord& decision) {
  if (!decision.rule.empty()) return clean(decision.rule);
  std::vector<std::string> rules;
  for (const FindingRecord& finding : decision.findings) {
    if (effect_of(finding).starts_with("would ")) {
      rules.push_back(fmt::format("{} {}", effect_of(finding), clean(finding.rule)));
    }
  }
  if (rules.empty()) return {};
  if (rules.size() == 1) return rules.front();
  return fmt::format("{} and {} more", rules.front(), rules.size() - 1);
}

}  // namespace

Style style_of(std::string_view disposition) {
  if (disposition == "accept") return Style::green;
  if (disposition == "reject") return Style::red;
  return Style::yellow;
}

std::string effect_of(const FindingRecord& finding) {
  if (finding.weight == "advice") return "advice";
  if (finding.weight == "service") return finding.held_back.empty() ? "done" : "not done";
  if (!finding.effect.empty() && finding.effect != "accept") return clean(finding.effect);
  if (!finding.disputed.empty()) return "disputed";
  if (finding.would.empty() || finding.would == "accept") return "no effect";
  return "would " + clean(finding.would);
}

std::string decision_heading(const Terminal& terminal) {
  return terminal.paint(Style::dim, fmt::format("{:<{}}  {:<10}  {:<15}  {}", "time (UTC)",
                                                time_width, "verdict", "queue id", "from -> to")) +
         '\n';
}

std::string print_decision(const DecisionRecord& decision, const Terminal& terminal) {
  std::string text = first_line(decision, terminal) + '\n';
  for (const std::string_view recipient : decision.removed_recipients) {
    text += fmt::format("{:{}}{:<{}}  {}\n", "", finding_indent, "taken off", effect_width,
                        clean(recipient));
  }
  // A refusal that no finding explains: the daemon was busy or out of time.
  if (decision.policy.empty()) {
    text += labelled("told", decision.reply, finding_indent + effect_width + 2, terminal);
  }
  return text + print_findings(decision, finding_indent, terminal);
}

std::string print_brief(const DecisionRecord& decision, const Terminal& terminal) {
  std::string text = first_line(decision, terminal);
  for (const std::string_view recipient : decision.removed_recipients) {
    text += fmt::format(", taken off {}", clean(recipient));
  }
  if (const std::string reason = reason_of(decision); !reason.empty()) text += "  " + reason;
  return text + '\n';
}

std::string print_findings(const DecisionRecord& decision, int indent, const Terminal& terminal) {
  // A sender whose recipients were taken off was told nothing.
  const std::string_view told =
      decision.removed_recipients.empty() ? decision.reply : std::string_view();
  std::string text;
  for (const FindingRecord& finding : decision.findings) {
    const bool decided = !decision.rule.empty() && finding.rule == decision.rule;
    text += print_finding(finding, decided ? told : std::string_view(), indent, terminal);
  }
  return text;
}

}  // namespace icm::ctl
