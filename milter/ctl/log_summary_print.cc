// SPDX-License-Identifier: Apache-2.0
//
// LogSummary in its two written forms.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/decision_print.h"
#include "milter/ctl/log_summary.h"

namespace icm::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string_view title_of(SummaryBy by) {
  switch (by) {
    case SummaryBy::rule:
      return "rule";
    case SummaryBy::policy:
      return "policy";
    case SummaryBy::sender:
      return "sender";
    case SummaryBy::stream:
      return "stream";
  }
  return "invalid";
}

// "2026-11-21 08:15" of a time as the log writes it.
std::string to_the_minute(std::string_view time) {
  std::string text(time.substr(0, 16));
  std::ranges::replace(text, 'T', ' ');
  return clean(text);
}

Style style_of_row(std::string_view effect) {
  if (effect.starts_with("would ")) return Style::yellow;
  if (effect == "advice" || effect == "no effect") return Style::dim;
  return style_of(effect);
}

// The rule that was violated most often; the first of the alphabet among equals.
std::string most_frequent(const std::map<std::string, std::uint64_t, std::less<>>& rules) {
  const auto most =
      std::ranges::max_element(rules, {}, [](const auto& rule) { return rule.second; });
  return most == rules.end() ? "" : most->first;
}

Json counts_json(const std::array<std::uint64_t, std::size(summed_dispositions)>& counts) {
  Json json = Json::object();
  for (const Disposition disposition : summed_dispositions) {
    json[std::string(to_string(disposition))] = counts[static_cast<std::size_t>(disposition)];
  }
  return json;
}

}  // namespace

std::string LogSummary::text(const ReadingReport& report, SummaryLimit limit,
                             const Terminal& terminal) const {
  std::string text = totals_text(report, terminal);
  const std::vector<const Row*> rows = sorted(limit);
  if (rows.empty()) return text;
  text += '\n';
  text += is_by_finding() ? finding_rows(rows, terminal) : decision_rows(rows, terminal);
  if (rows.size() < rows_.size()) {
    text += terminal.paint(Style::dim, fmt::format("and {} more; --limit 0 shows all",
                                                   grouped(rows_.size() - rows.size()))) +
            '\n';
  }
  if (is_by_finding()) text += fixes(rows, terminal);
  return text;
}

// Once for each name: a rule has a row for each mode and effect, but one fix.
std::string LogSummary::fixes(const std::vector<const Row*>& rows, const Terminal& terminal) const {
  std::string text;
  std::set<std::string_view> named;
  for (const Row* row : rows) {
    if (row->fix.empty() || !named.insert(row->name).second) continue;
    text += fmt::format("{}\n    {}\n", terminal.paint(Style::bold, clean(row->name)),
                        wrap(clean(row->fix), 4, terminal.width()));
  }
  if (text.empty()) return text;
  return '\n' + terminal.paint(Style::dim, "fix, as told for the example") + '\n' + text;
}

std::string LogSummary::totals_text(const ReadingReport& report, const Terminal& terminal) const {
  if (first_.empty()) return fmt::format("no decision ({} read)\n", grouped(report.decisions));
  std::string text = fmt::format("{} to {} (UTC), {} decisions read\n\n", to_the_minute(first_),
                                 to_the_minute(last_), grouped(report.decisions));
  using enum Table::Align;
  Table table({{"verdict"},
               {"messages", right},
               {"if enforced", right},
               {"recipients", right},
               {"if enforced", right}});
  for (const Disposition disposition : summed_dispositions) {
    const auto i = static_cast<std::size_t>(disposition);
    table.add({{std::string(to_string(disposition)), style_of(to_string(disposition))},
               {grouped(messages_.now[i])},
               {grouped(messages_.if_enforced[i])},
               {grouped(recipients_.now[i])},
               {grouped(recipients_.if_enforced[i])}});
  }
  return text + table.text(terminal);
}

std::string LogSummary::finding_rows(const std::vector<const Row*>& rows,
                                     const Terminal& terminal) const {
  using enum Table::Align;
  Table table({{std::string(title_of(by_))},
               {"mode"},
               {"effect"},
               {"messages", right},
               {"recipients", right},
               {"senders", right},
               {"example"}});
  for (const Row* row : rows) {
    table.add({{row->name, Style::bold},
               {row->mode},
               {row->effect, style_of_row(row->effect)},
               {grouped(row->messages.count())},
               {grouped(row->recipients.count())},
               {grouped(row->senders.count())},
               {row->example}});
  }
  return table.text(terminal);
}

std::string LogSummary::decision_rows(const std::vector<const Row*>& rows,
                                      const Terminal& terminal) const {
  using enum Table::Align;
  Table table({{std::string(title_of(by_))},
               {"messages", right},
               {"refused", right},
               {"would be", right},
               {"recipients", right},
               {"example"},
               {"mostly for"}});
  for (const Row* row : rows) {
    table.add(
        {{row->name, Style::bold},
         {grouped(row->messages.count())},
         {grouped(row->refused.count()), row->refused.count() > 0 ? Style::red : Style::plain},
         {grouped(row->would_be_refused.count()),
          row->would_be_refused.count() > 0 ? Style::yellow : Style::plain},
         {grouped(row->recipients.count())},
         {row->example},
         {most_frequent(row->rules)}});
  }
  return table.text(terminal);
}

std::string LogSummary::json(const ReadingReport& report, SummaryLimit limit) const {
  Json rows = Json::array();
  for (const Row* row : sorted(limit)) {
    Json json{{title_of(by_), row->name}};
    if (is_by_finding()) {
      json["mode"] = row->mode;
      json["effect"] = row->effect;
    }
    json["messages"] = row->messages.count();
    if (!is_by_finding()) {
      json["refused"] = row->refused.count();
      json["would_be_refused"] = row->would_be_refused.count();
    }
    json["recipients"] = row->recipients.count();
    json["senders"] = row->senders.count();
    if (!is_by_finding()) json["rule"] = most_frequent(row->rules);
    json["example"] = row->example;
    json["fix"] = row->fix;
    rows.push_back(std::move(json));
  }
  const Json summary{
      {"from", first_},
      {"to", last_},
      {"decisions_read", report.decisions},
      {"bad_lines", report.bad_lines},
      {"messages",
       {{"now", counts_json(messages_.now)}, {"if_enforced", counts_json(messages_.if_enforced)}}},
      {"recipients",
       {{"now", counts_json(recipients_.now)},
        {"if_enforced", counts_json(recipients_.if_enforced)}}},
      {"by", title_of(by_)},
      {"rows", std::move(rows)}};
  constexpr int no_indent = -1;
  constexpr bool ascii_only = true;  // nothing in it can move a cursor
  return summary.dump(no_indent, ' ', ascii_only, Json::error_handler_t::replace);
}

}  // namespace icm::ctl
