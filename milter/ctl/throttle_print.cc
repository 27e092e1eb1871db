// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/throttle_print.h"

#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "milter/ctl/status_print.h"
#include "policy/base/clock.h"
#include "policy/base/text.h"

namespace icm::ctl {

using Json = nlohmann::ordered_json;

std::string span_of(const Json& json, const char* member) {
  const std::uint64_t seconds = number_of(json, member);
  if (seconds > std::uint64_t{366} * 86400) return {};
  return to_span(std::chrono::seconds(seconds));
}

std::string remark_on(const Json& limit) {
  std::vector<std::string> remarks;
  if (const std::uint64_t burst = number_of(limit, "burst"); burst > 0) {
    remarks.push_back(fmt::format("{} at once", grouped(burst)));
  }
  const Json& day = member_of(limit, "warm_up");
  if (day.is_object()) {
    const std::uint64_t number = number_of(day, "day");
    remarks.push_back(number == 0 ? std::string("before its first day")
                                  : fmt::format("day {}", number));
    if (flag_of(day, "grown")) remarks.push_back("grown");
  }
  const Json& slowed = member_of(limit, "slowed");
  if (slowed.is_object()) {
    const std::string until = text_of(slowed, "until");
    remarks.push_back(fmt::format("slowed to {} percent until {}", number_of(slowed, "percent"),
                                  until.empty() ? "it is resumed" : moment(until)));
  }
  if (const std::string mode = text_of(limit, "mode"); mode != "enforce") remarks.push_back(mode);
  return fmt::format("{}", fmt::join(remarks, ", "));
}

namespace {

using Align = Table::Align;

// As it was given, in front of the kind where that is none.
std::string_view verb_of(BackoffKind kind) {
  switch (kind) {
    case BackoffKind::pause:
    case BackoffKind::slow:
      return "";
    case BackoffKind::recipient:
      return "slow ";
    case BackoffKind::from_domain:
    case BackoffKind::mail_template:
      return "pause ";
  }
  return "";
}

std::string end_of(const std::optional<WallTime>& time) {
  return time ? moment(to_rfc3339(*time)) : std::string("resumed");
}

void add_limit(const Json& limit, Table& table) {
  const std::uint64_t usable = number_of(limit, "usable");
  const bool is_known = member_of(limit, "used").is_number();
  const std::uint64_t used = number_of(limit, "used");
  const std::string free = text_of(limit, "free_at");
  const std::string window = text_of(limit, "window");
  table.add({{.text = text_of(limit, "name")},
             {.text = text_of(limit, "subject")},
             {.text = is_known ? grouped(used) : "?",
              .style = is_known && used >= usable ? Style::red : Style::plain},
             {.text = grouped(usable)},
             {.text = window == "utc-day" ? "day" : span_of(limit, "within_seconds")},
             {.text = free.empty() ? (is_known ? "now" : "?") : moment(free)},
             {.text = remark_on(limit)}});
}

std::string limits_of(const Json& throttle, const Terminal& terminal) {
  Table table({{.title = "LIMIT"},
               {.title = "OF"},
               {.title = "USED", .align = Align::right},
               {.title = "OF AT MOST", .align = Align::right},
               {.title = "IN"},
               {.title = "FREE"},
               {.title = "REMARKS"}});
  for (const Json& limit : member_of(throttle, "limits")) add_limit(limit, table);
  for (const Json& limit : member_of(throttle, "each")) {
    table.add({{.text = text_of(limit, "name")},
               {.text = "each " + text_of(limit, "per")},
               {.text = "-"},
               {.text = grouped(number_of(limit, "amount"))},
               {.text = span_of(limit, "within_seconds")}});
  }
  return table.empty() ? std::string("No limits are configured.\n") : table.text(terminal);
}

std::string_view whose(const Json& throttle) {
  const std::string who = text_of(throttle, "counted_for");
  if (who == "fleet") return ", counted for the fleet";
  if (who == "alone") return ", counted for this host alone: the fleet's store is away";
  return {};
}

std::string what_of(std::string_view kind, std::uint64_t percent, const std::string& every) {
  if (kind == "slow") return fmt::format("to {} percent", percent);
  const bool has_some = kind == "recipient" || (kind == "pause" && every != "0s");
  if (has_some && !every.empty()) return fmt::format("one in {}", every);
  return "nothing goes";
}

Table backoff_table() {
  return Table({{.title = "ASKED FOR"},
                {.title = "OF"},
                {.title = "WHAT"},
                {.title = "SINCE"},
                {.title = "UNTIL"},
                {.title = "BY"},
                {.title = "WHY"}});
}

}  // namespace

std::string throttle_text(const Json& throttle, const Terminal& terminal) {
  std::string text = fmt::format("throttle: {}, {}{}\n\n", clean(text_of(throttle, "mode")),
                                 moment(text_of(throttle, "now")), whose(throttle));
  if (const std::string problem = text_of(throttle, "problem"); !problem.empty()) {
    text += terminal.paint(Style::red, clean(problem)) + "\n\n";
  }
  text += limits_of(throttle, terminal);
  const std::string held = held_text(throttle, terminal);
  return held.empty() ? text : text + "\n" + held;
}

std::string held_text(const Json& throttle, const Terminal& terminal) {
  Table table = backoff_table();
  for (const Json& one : member_of(throttle, "backoffs")) {
    const std::string until = text_of(one, "until");
    table.add({{.text = text_of(one, "kind")},
               {.text = text_of(one, "subject")},
               {.text = what_of(text_of(one, "kind"), number_of(one, "percent"),
                                span_of(one, "every_seconds"))},
               {.text = moment(text_of(one, "since"))},
               {.text = until.empty() ? "resumed" : moment(until)},
               {.text = text_of(one, "by")},
               {.text = text_of(one, "why")}});
  }
  std::string text = table.empty() ? std::string() : table.text(terminal);
  std::vector<std::string> others;
  for (const char* const kind : {"recipient", "domain", "template"}) {
    const std::uint64_t count = number_of(member_of(throttle, "others"), kind);
    if (count > 0)
      others.push_back(fmt::format("{} {}{}", grouped(count), kind, count == 1 ? "" : "s"));
  }
  if (others.empty()) return text;
  return text + fmt::format("Held or slowed by themselves: {} (icloud-milterctl throttle list)\n",
                            fmt::join(others, ", "));
}

std::string backoffs_text(const std::vector<Backoff>& backoffs, const Terminal& terminal) {
  Table table = backoff_table();
  for (const Backoff& one : backoffs) {
    table.add({{.text = std::string(to_string(one.kind))},
               {.text = one.subject},
               {.text = what_of(to_string(one.kind), static_cast<std::uint64_t>(one.percent),
                                to_span(one.every))},
               {.text = moment(to_rfc3339(one.since))},
               {.text = end_of(one.until)},
               {.text = one.by},
               {.text = one.why}});
  }
  return table.empty() ? std::string("Nothing is paused or slowed.\n") : table.text(terminal);
}

std::string one_line(const Backoff& backoff) {
  std::string line(verb_of(backoff.kind));
  line += fmt::format("{} {}", to_string(backoff.kind), clean(backoff.subject));
  if (backoff.kind == BackoffKind::slow) line += fmt::format(" to {} percent", backoff.percent);
  if (backoff.every.count() > 0) {
    line += fmt::format(", one message in {}", to_span(backoff.every));
  }
  line += backoff.until ? fmt::format(" until {}", end_of(backoff.until))
                        : std::string(" until it is resumed");
  line += fmt::format(", by {}", clean(backoff.by));
  return backoff.why.empty() ? line : line + ": " + clean(backoff.why);
}

}  // namespace icm::ctl
