// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/text.h"

#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/report/words.h"

namespace icm::ctl::report {
namespace {

using Align = Table::Align;

constexpr std::size_t rules_shown = 12;
constexpr std::size_t senders_shown = 10;
constexpr std::size_t answers_shown = 12;
constexpr std::size_t name_shown = 40;  // octets of a name that stands in a column

// At the end, where the table cuts it.
std::string cut(std::string_view name) {
  return name.size() <= name_shown ? std::string(name)
                                   : std::string(name.substr(0, name_shown - 3)) + "...";
}

class TextReport {
 public:
  TextReport(const ReportFacts& facts, const Terminal& colours)
      : facts_(facts),
        log_(facts.log),
        terminal_(colours.has_colours() ? Terminal::colourful(text_width)
                                        : Terminal::plain(text_width)) {}

  std::string take() {
    heading(facts_.host.empty() ? "Mail to Apple"
                                : "Mail to Apple from " + cut(clean(facts_.host)));
    text_ += span_words(log_.now) + "\n\n";
    std::string lead;
    for (const std::string& sentence : lede(log_)) lead += sentence + " ";
    paragraph(lead);
    notices();
    volumes();
    rules();
    senders();
    answers();
    throttle();
    title("About these numbers");
    for (const std::string& one : remarks(facts_)) item(one);
    return std::move(text_);
  }

 private:
  void heading(std::string_view words) { text_ += terminal_.paint(Style::bold, words) + "\n"; }
  void title(std::string_view words) {
    text_ += "\n";
    heading(words);
    text_ += std::string(words.size(), '-') + "\n";
  }
  void paragraph(std::string_view words) { text_ += wrap(words, 0, text_width) + "\n"; }
  void item(std::string_view words) { text_ += "- " + wrap(words, 2, text_width) + "\n"; }
  void table(const Table& table) { text_ += table.text(terminal_); }

  void notices() {
    if (facts_.replies.notices.empty()) return;
    title("What needs a person");
    for (const std::string& notice : facts_.replies.notices) item(clean(notice));
  }

  void volumes() {
    title("What became of the mail");
    Table rows({{"", Align::left}, {"NOW", Align::right}, {"BEFORE", Align::right}, {"CHANGE"}});
    for (const Outcome one : all_outcomes) {
      const bool has_before = log_.has_before();
      rows.add({{std::string(to_string(one))},
                {grouped(log_.total[one])},
                {has_before ? grouped(log_.total_before[one]) : "?"},
                {has_before ? change_words(log_.total[one], log_.total_before[one]) : ""}});
    }
    table(rows);
  }

  void rules() {
    title("What was stopped, and why");
    if (log_.rules.empty()) return paragraph("No rule was broken.");
    Table rows({{"REFUSED", Align::right},
                {"DEFERRED", Align::right},
                {"WOULD BE", Align::right},
                {"BEFORE", Align::right},
                {"RULE"}});
    const std::size_t shown = std::min(rules_shown, log_.rules.size());
    for (std::size_t i = 0; i < shown; ++i) {
      const RuleFacts& rule = log_.rules[i];
      rows.add({{grouped(rule.now[Outcome::refused])},
                {grouped(rule.now[Outcome::deferred] + rule.now[Outcome::held])},
                {grouped(rule.now[Outcome::would_be_refused])},
                {log_.has_before() ? grouped(rule.before.all()) : "?"},
                {rule.rule}});
    }
    table(rows);
    more(log_.rules.size() - shown);
    text_ += "\n";
    for (std::size_t i = 0; i < shown; ++i) meaning(log_.rules[i]);
  }

  void meaning(const RuleFacts& rule) {
    if (rule.now.all() == 0) return;
    item(fmt::format("{} asks: {} (/usr/share/doc/icloud-milter/policy/{})", rule.rule,
                     rule.meaning, rule.page));
    if (rule.fix.empty()) return;
    text_ +=
        "  " +
        wrap(fmt::format("Fix ({}): {}", rule.example.empty() ? "example" : clean(rule.example),
                         clean(rule.fix)),
             2, text_width) +
        "\n";
  }

  void senders() {
    title("Who sent it");
    if (log_.senders.empty()) return paragraph("Nobody.");
    Table rows({{"MESSAGES", Align::right},
                {"STOPPED", Align::right},
                {"WOULD BE", Align::right},
                {"SENDER"}});
    const std::size_t shown = std::min(senders_shown, log_.senders.size());
    for (std::size_t i = 0; i < shown; ++i) {
      const Counts& counts = log_.senders[i].counts;
      const std::uint64_t would = counts[Outcome::would_be_refused];
      rows.add({{(log_.senders[i].unsure > 0 ? ">=" : "") + grouped(counts.all())},
                {grouped(counts.all() - counts[Outcome::accepted] - would)},
                {grouped(would)},
                {log_.senders[i].sender}});
    }
    table(rows);
    more(log_.senders.size() - shown + log_.senders_left_out);
  }

  void answers() {
    title("Predicted, and answered");
    const RepliesFacts& replies = facts_.replies;
    paragraph(replies.problem.empty() ? answers_words(replies)
                                      : "Apple's answers are not known: " + clean(replies.problem));
    Table rows({{"KEPT BACK", Align::right},
                {"WENT ON", Align::right},
                {"ANSWERED", Align::right},
                {"BEFORE", Align::right},
                {"SO"},
                {"KIND"}});
    std::size_t shown = 0, all = 0;
    for (const AnswerFacts& one : replies.answers) {
      if (one.is_success || ++all > answers_shown) continue;
      ++shown;
      rows.add({{grouped(one.predicted_stopped)},
                {grouped(one.predicted_sent)},
                {grouped(one.answered)},
                {grouped(one.answered_before)},
                {std::string(reading_of(one))},
                {one.entry}});
    }
    if (rows.empty()) return;
    text_ += "\n";
    table(rows);
    more(all - shown);
    paragraph("Kept back and went on: as predicted here; answered: by Apple.");
  }

  void throttle() {
    title("Throttle and warm-up");
    const ThrottleFacts& throttle = facts_.throttle;
    if (!throttle.problem.empty()) {
      paragraph("How the limits stand is not known: " + clean(throttle.problem));
      if (throttle.mode.empty()) return;
    }
    paragraph(fmt::format("Mode: {}.", clean(throttle.mode)));
    Table rows({{"USED", Align::right}, {"OF AT MOST", Align::right}, {"IN"}, {"LIMIT"}});
    for (const LimitFacts& limit : throttle.limits) {
      rows.add({{limit.used ? grouped(*limit.used) : "?"},
                {grouped(limit.usable)},
                {limit.window},
                {fmt::format("{} {}{}{}", limit.name, limit.subject,
                             limit.remarks.empty() ? "" : ": ", limit.remarks)}});
    }
    rows.empty() ? paragraph("No limits are configured.") : table(rows);
    more(throttle.limits_left_out);
    if (throttle.pauses.empty()) return paragraph("Nothing is paused or slowed.");
    for (const PauseFacts& one : throttle.pauses) {
      item(clean(fmt::format("{} until {}{}{}", one.what,
                             one.until.empty() ? "it is resumed" : one.until,
                             one.why.empty() ? "" : ": ", one.why)));
    }
    more(throttle.pauses_left_out);
  }

  void more(std::uint64_t count) {
    if (count > 0) text_ += fmt::format("and {} more\n", grouped(count));
  }

  const ReportFacts& facts_;
  const LogFacts& log_;
  Terminal terminal_;
  std::string text_;
};

}  // namespace

std::string text(const ReportFacts& facts, const Terminal& colours) {
  return TextReport(facts, colours).take();
}

}  // namespace icm::ctl::report
