// SPDX-License-Identifier: Apache-2.0
//
// Why mail was stopped, and whose it was.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/report/draw.h"
#include "milter/ctl/report/page_parts.h"
#include "milter/ctl/report/words.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t rules_shown = 20;
constexpr Outcome stopping[] = {Outcome::refused, Outcome::deferred, Outcome::held,
                                Outcome::would_be_refused};

std::string bar_of(const Counts& counts, std::uint64_t most) {
  std::vector<BarPart> parts;
  for (const Outcome one : stopping) {
    if (counts[one] > 0) parts.push_back({tone_of(one), counts[one]});
  }
  return draw_bar(parts, most);
}

std::string rule_cell(const RuleFacts& rule, std::uint64_t most) {
  std::string cell = fmt::format(
      "<code>{}</code>{}<p>Asks: {} <span "
      "class=\"page\">/usr/share/doc/icloud-milter/policy/{}</span></p>",
      html(rule.rule), bar_of(rule.now, most), html(rule.meaning), html(rule.page));
  if (!rule.fix.empty() && rule.now.all() > 0) {
    cell += fmt::format("<p class=\"fix\">Fix ({}): {}</p>",
                        rule.example.empty() ? std::string("example") : html(rule.example),
                        html(rule.fix));
  }
  return cell;
}

std::uint64_t most_of(const std::vector<RuleFacts>& rules) {
  std::uint64_t most = 0;
  for (const RuleFacts& rule : rules) most = std::max(most, rule.now.all());
  return most;
}

std::uint64_t stopped_of(const Counts& counts) { return counts.all() - counts[Outcome::accepted]; }

}  // namespace

std::string rules_section(const LogFacts& log) {
  constexpr std::string_view title = "What was stopped, and why";
  if (log.rules.empty()) {
    return section("rules", title, paragraph("none", "No rule was broken."));
  }
  std::vector<TableColumn> columns = {{.title = "Rule"}};
  for (const Outcome one : stopping) columns.push_back({to_string(one), true});
  if (log.has_before()) columns.push_back({"in all, before", true});
  HtmlTable table("Messages by the rule that they broke", columns);
  const std::uint64_t most = most_of(log.rules);
  for (std::size_t i = 0; i < std::min(rules_shown, log.rules.size()); ++i) {
    const RuleFacts& rule = log.rules[i];
    std::vector<std::string> cells = {rule_cell(rule, most)};
    for (const Outcome one : stopping) cells.push_back(number(rule.now[one]));
    const std::string change = change_words(rule.now.all(), rule.before.all());
    cells.push_back(
        fmt::format("{}<span class=\"change\">{}</span>", number(rule.before.all()), change));
    table.add(cells);
  }
  std::string body = std::move(table).take();
  if (log.rules.size() > rules_shown) {
    body +=
        paragraph("more", fmt::format("And {} rules more: icloud-milterctl log summary has them.",
                                      log.rules.size() - rules_shown));
  }
  return section("rules", title, body);
}

std::string senders_section(const LogFacts& log) {
  constexpr std::string_view title = "Who sent it";
  if (log.senders.empty()) return section("senders", title, paragraph("none", "Nobody."));
  HtmlTable table("Senders with the most mail for Apple", {{.title = "Sender"},
                                                           {"messages", true},
                                                           {"stopped", true},
                                                           {"would be refused", true},
                                                           {"mostly for"}});
  std::uint64_t most = 0;
  for (const SenderFacts& sender : log.senders) most = std::max(most, sender.counts.all());
  for (const SenderFacts& sender : log.senders) {
    const Counts& counts = sender.counts;
    std::vector<BarPart> parts = {{"accepted", counts[Outcome::accepted]}};
    for (const Outcome one : stopping) parts.push_back({tone_of(one), counts[one]});
    const std::uint64_t would = counts[Outcome::would_be_refused];
    table.add({html(sender.sender) + draw_bar(parts, most),
               (sender.unsure > 0 ? "at least " : "") + grouped(counts.all()),
               number(stopped_of(counts) - would), number(would),
               sender.rule.empty() ? std::string() : "<code>" + html(sender.rule) + "</code>"});
  }
  std::string body = std::move(table).take();
  if (log.is_crowded) {
    body += paragraph("more",
                      "There were more senders than are counted one by one; those with the "
                      "most mail are among them.");
  } else if (log.senders_left_out > 0) {
    body += paragraph("more", fmt::format("And {} senders more.", grouped(log.senders_left_out)));
  }
  return section("senders", title, body);
}

}  // namespace icm::ctl::report
