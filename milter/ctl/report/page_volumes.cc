// SPDX-License-Identifier: Apache-2.0
//
// How much mail there was, and what became of it: one small chart for each outcome, each on a scale
// of its own, since what is refused is seldom much beside what goes on.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/report/draw.h"
#include "milter/ctl/report/page_parts.h"
#include "milter/ctl/report/words.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::report {
namespace {

std::vector<std::uint64_t> series(const LogFacts& log, Outcome outcome, Counts Step::*which) {
  std::vector<std::uint64_t> values;
  for (const Step& step : log.steps) values.push_back((step.*which)[outcome]);
  return values;
}

std::string chart_of(const LogFacts& log, Outcome outcome) {
  Columns columns;
  columns.id = fmt::format("v{}", static_cast<int>(outcome));
  columns.now = series(log, outcome, &Step::now);
  if (log.has_before()) columns.before = series(log, outcome, &Step::before);
  columns.title = fmt::format("Mail {} by {}", to_string(outcome), step_words(log.step));
  const auto most = std::ranges::max_element(columns.now);
  columns.words = fmt::format(
      "{} in all. Most: {} from {} on.", grouped(log.total[outcome]),
      most == columns.now.end() ? "0" : grouped(*most),
      most == columns.now.end()
          ? time_words(log.now.since)
          : time_words(log.steps[static_cast<std::size_t>(most - columns.now.begin())].begin));
  return fmt::format("<div class=\"plot\">{}<p class=\"most\">most {}</p></div>", draw(columns),
                     most == columns.now.end() ? "0" : grouped(*most));
}

std::string row_of(const LogFacts& log, Outcome outcome) {
  const std::uint64_t now = log.total[outcome];
  const std::uint64_t before = log.total_before[outcome];
  const std::string change = log.has_before() ? change_words(now, before) : std::string();
  const bool is_empty = now == 0 && before == 0;
  return fmt::format(
      "<div class=\"row {}\"><p class=\"what\"><span class=\"name\">{}</span> <strong>{}</strong> "
      "<span class=\"change\">{}</span></p>{}</div>\n",
      tone_of(outcome), to_string(outcome), grouped(now), change,
      is_empty ? "<p class=\"none\">none</p>" : chart_of(log, outcome));
}

std::string axis_of(const LogFacts& log) {
  const WallTime middle = log.now.since + log.now.length() / 2;
  return fmt::format(
      "<p class=\"axis\" aria-hidden=\"true\"><span>{}</span><span>{}</span><span>{}"
      "</span></p>\n",
      time_words(log.now.since), time_words(middle), time_words(log.now.until));
}

std::string figures_of(const LogFacts& log) {
  std::vector<TableColumn> columns = {{.title = "From (UTC)"}};
  for (const Outcome one : all_outcomes) columns.push_back({to_string(one), true});
  HtmlTable table(fmt::format("Mail for Apple, by {}", step_words(log.step)), std::move(columns));
  for (const Step& step : log.steps) {
    std::vector<std::string> cells = {time_words(step.begin)};
    for (const Outcome one : all_outcomes) cells.push_back(number(step.now[one]));
    table.add(cells);
  }
  return fmt::format("<details><summary>The same in figures</summary>\n{}</details>\n",
                     std::move(table).take());
}

}  // namespace

std::string_view tone_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return "accepted";
    case Outcome::would_be_refused:
      return "would";
    case Outcome::held:
      return "held";
    case Outcome::deferred:
      return "deferred";
    case Outcome::refused:
      return "refused";
  }
  return {};
}

std::string volumes_section(const LogFacts& log) {
  if (log.total.all() == 0 && log.total_before.all() == 0) {
    return section("volumes", "What became of the mail",
                   paragraph("none", "There is nothing to show."));
  }
  std::string rows;
  for (const Outcome one : all_outcomes) rows += row_of(log, one);
  const std::string words =
      fmt::format("Columns are {} each{}. Each row has a scale of its own.", step_words(log.step),
                  log.has_before() ? "; the thin line is the span before" : "");
  return section("volumes", "What became of the mail",
                 fmt::format("<figure>\n<figcaption>{}</figcaption>\n{}{}</figure>\n{}", words,
                             rows, axis_of(log), figures_of(log)));
}

}  // namespace icm::ctl::report
