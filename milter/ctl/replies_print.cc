// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/replies_print.h"

#include <fmt/format.h>

#include "milter/ctl/status_print.h"
#include "milter/json_line.h"
#include "policy/config/option_form.h"

namespace icm::ctl {
namespace {

std::uint64_t unsigned_of(std::int64_t number) {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

std::string show(WallTime time) { return moment(to_rfc3339(time)); }

double percent(std::int64_t in_a_million) { return static_cast<double>(in_a_million) / 10'000; }

std::string_view class_of(const ReplyTable& table, std::string_view id) {
  const ReplyEntry* const entry = table.find(id);
  return entry == nullptr ? std::string_view() : to_string(entry->reply_class);
}

std::string_view action_of(const ReplyTable& table, std::string_view id) {
  const ReplyEntry* const entry = table.find(id);
  return entry == nullptr ? std::string_view() : to_string(entry->action);
}

std::int64_t sum_of(const std::vector<EntryAnswers>& answers) {
  std::int64_t sum = 0;
  for (const EntryAnswers& one : answers) sum += one.answers;
  return sum;
}

std::string ways_text(const LearntSummary& learnt, const Terminal& terminal) {
  Table table({{.title = "LEAVES BY"},
               {.title = learnt.mode == Mode::enforce ? "IS" : "WOULD BE"},
               {.title = "SINCE"},
               {.title = "WHY"}});
  for (const Way& way : learnt.ways) {
    const std::string state = state_of(way, learnt.now);
    if (state.empty()) continue;
    table.add({{.text = way.egress},
               {.text = state, .style = Style::red},
               {.text = show(way.asked)},
               {.text = way.reply}});
  }
  return table.empty() ? std::string() : "\n" + table.text(terminal);
}

std::string alerts_text(const LearntSummary& learnt, const Terminal& terminal) {
  Table table({{.title = "LAST"},
               {.title = "TIMES", .align = Table::Align::right},
               {.title = "ENTRY"},
               {.title = "ALERT"}});
  for (const Alert& one : learnt.alerts) {
    if (one.last < learnt.since) continue;
    table.add({{.text = show(one.last)},
               {.text = grouped(unsigned_of(one.count))},
               {.text = one.entry},
               {.text = one.what}});
  }
  return table.empty() ? std::string() : "\n" + table.text(terminal);
}

}  // namespace

std::string state_of(const Way& way, WallTime now) {
  if (way.stopped) return fmt::format("stopped since {}, probed", show(*way.stopped));
  if (way.paused > now) return fmt::format("paused until {}", show(way.paused));
  return way.percent < 100 ? fmt::format("slowed to {} percent", way.percent) : std::string();
}

std::string summary_text(const LearntSummary& learnt, const ReplyTable& table,
                         const Terminal& terminal) {
  const std::int64_t all = sum_of(learnt.answers);
  std::string text =
      fmt::format("replies: {}, {} answers since {}\n", choice_form<Mode>().write(learnt.mode),
                  grouped(unsigned_of(all)), show(learnt.since));
  for (const BreakerOpening& one : learnt.openings) {
    if (!one.closed) text += terminal.paint(Style::red, clean(opening_text(one))) + "\n";
  }
  if (learnt.owed > 0) {
    text +=
        fmt::format("Addresses that wait to be decided: {}.\n", grouped(unsigned_of(learnt.owed)));
  }
  if (learnt.samples > 0) {
    text += fmt::format("{} answer{} not known: icloud-milterctl replies show unknown\n",
                        learnt.samples, learnt.samples == 1 ? " is" : "s are");
  }
  Table answers({{.title = "ANSWER"},
                 {.title = "TIMES", .align = Table::Align::right},
                 {.title = "PERCENT", .align = Table::Align::right},
                 {.title = "CLASS"},
                 {.title = "ACTION"}});
  for (const EntryAnswers& one : learnt.answers) {
    answers.add({{.text = one.entry},
                 {.text = grouped(unsigned_of(one.answers))},
                 {.text = fmt::format("{:.1f}", percent(one.answers * 1'000'000 / all))},
                 {.text = std::string(class_of(table, one.entry))},
                 {.text = std::string(action_of(table, one.entry))}});
  }
  if (!answers.empty()) text += "\n" + answers.text(terminal);
  return text + ways_text(learnt, terminal) + alerts_text(learnt, terminal);
}

std::string summary_json(const LearntSummary& learnt, const ReplyTable& table) {
  JsonLine line;
  line.begin_object();
  line.text("mode", choice_form<Mode>().write(learnt.mode));
  line.text("since", to_rfc3339(learnt.since));
  line.text("now", to_rfc3339(learnt.now));
  line.number("answers", unsigned_of(sum_of(learnt.answers)));
  line.number("waiting_addresses", unsigned_of(learnt.owed));
  line.number("unknown_answers", unsigned_of(learnt.samples));
  line.begin_array("entries");
  for (const EntryAnswers& one : learnt.answers) {
    line.begin_object();
    line.text("id", one.entry);
    line.text("class", class_of(table, one.entry));
    line.text("action", action_of(table, one.entry));
    line.number("answers", unsigned_of(one.answers));
    line.end_object();
  }
  line.end_array();
  line.begin_array("ways");
  for (const Way& way : learnt.ways) {
    line.begin_object();
    line.text("egress", way.egress);
    line.text("stopped", way.stopped ? to_rfc3339(*way.stopped) : std::string());
    line.text("paused_until", way.paused > learnt.now ? to_rfc3339(way.paused) : std::string());
    line.number("percent", unsigned_of(way.percent));
    line.text("reply", way.reply);
    line.end_object();
  }
  line.end_array();
  line.begin_array("outages");
  for (const BreakerOpening& one : learnt.openings) {
    if (one.closed) continue;
    line.begin_object();
    line.text("id", one.entry);
    line.text("since", to_rfc3339(one.opened));
    line.end_object();
  }
  line.end_array();
  line.begin_array("alerts");
  for (const Alert& one : learnt.alerts) {
    if (one.last < learnt.since) continue;
    line.begin_object();
    line.text("kind", to_string(one.kind));
    line.text("id", one.entry);
    line.text("what", one.what);
    line.text("first", to_rfc3339(one.first));
    line.text("last", to_rfc3339(one.last));
    line.number("count", unsigned_of(one.count));
    line.end_object();
  }
  line.end_array();
  line.end_object();
  return line.take();
}

std::string hits_text(const std::vector<AddressHit>& hits, const Terminal& terminal) {
  Table table({{.title = "CAUSE"},
               {.title = "TIMES", .align = Table::Align::right},
               {.title = "FIRST"},
               {.title = "LAST"},
               {.title = "SUSPENDED"},
               {.title = "REMARK"},
               {.title = "ANSWER"}});
  for (const AddressHit& hit : hits) {
    std::string remark = hit.is_owed ? "to be decided" : "";
    if (hit.is_doubted) remark += remark.empty() ? "in an outage" : ", in an outage";
    table.add({{.text = std::string(to_string(hit.cause))},
               {.text = grouped(unsigned_of(hit.evidence.count))},
               {.text = show(hit.evidence.first_seen)},
               {.text = show(hit.evidence.last_seen)},
               {.text = hit.rests == 0 ? std::string("never") : fmt::format("{} times", hit.rests)},
               {.text = remark},
               {.text = hit.evidence.reply}});
  }
  return table.text(terminal);
}

std::string samples_text(const std::vector<ReplySample>& samples, const Terminal& terminal) {
  Table table({{.title = "LAST"},
               {.title = "TIMES", .align = Table::Align::right},
               {.title = "QUEUE ID"},
               {.title = "ANSWER"}});
  for (const ReplySample& one : samples) {
    table.add({{.text = show(one.last)},
               {.text = grouped(unsigned_of(one.count))},
               {.text = one.queue_id},
               {.text = one.reply}});
  }
  return table.text(terminal);
}

std::string opening_text(const BreakerOpening& opening) {
  return fmt::format(
      "An outage of {} was suspected at {}: {} of {} addresses ({:.1f} percent, usual are {:.1f}); "
      "{}",
      opening.entry, show(opening.opened), opening.share.hits, opening.share.answers,
      percent(opening.share.in_a_million()), percent(opening.usual),
      opening.closed ? "over at " + show(*opening.closed)
                     : std::string("no address is suppressed until it is over"));
}

std::string hits_json(const std::vector<AddressHit>& hits) {
  std::string lines;
  for (const AddressHit& hit : hits) {
    JsonLine line;
    line.begin_object();
    line.text("address", hit.address);
    line.text("cause", to_string(hit.cause));
    line.text("id", hit.evidence.pattern);
    line.text("reply", hit.evidence.reply);
    line.text("queue_id", hit.evidence.queue_id);
    line.text("first", to_rfc3339(hit.evidence.first_seen));
    line.text("last", to_rfc3339(hit.evidence.last_seen));
    line.number("count", unsigned_of(hit.evidence.count));
    line.number("suspended", unsigned_of(hit.rests));
    line.text("state", hit.is_owed ? "waiting" : (hit.is_doubted ? "doubted" : "decided"));
    line.end_object();
    lines += line.take() + "\n";
  }
  return lines;
}

std::string samples_json(const std::vector<ReplySample>& samples) {
  std::string lines;
  for (const ReplySample& one : samples) {
    JsonLine line;
    line.begin_object();
    line.text("reply", one.reply);
    line.text("id", one.entry);
    line.text("queue_id", one.queue_id);
    line.text("first", to_rfc3339(one.first));
    line.text("last", to_rfc3339(one.last));
    line.number("count", unsigned_of(one.count));
    line.end_object();
    lines += line.take() + "\n";
  }
  return lines;
}

std::string alert_json(const Alert& alert) {
  JsonLine line;
  line.begin_object();
  line.text("kind", to_string(alert.kind));
  line.text("id", alert.entry);
  line.text("subject", alert.subject);
  line.text("what", alert.what);
  line.texts("egress", alert.egress);
  line.texts("replies", alert.replies);
  line.text("first", to_rfc3339(alert.first));
  line.text("last", to_rfc3339(alert.last));
  line.number("count", unsigned_of(alert.count));
  line.end_object();
  return line.take() + "\n";
}

std::string opening_json(const BreakerOpening& opening) {
  JsonLine line;
  line.begin_object();
  line.text("kind", "outage");
  line.text("id", opening.entry);
  line.text("since", to_rfc3339(opening.opened));
  line.text("until", opening.closed ? to_rfc3339(*opening.closed) : std::string());
  line.number("hits", unsigned_of(opening.share.hits));
  line.number("answers", unsigned_of(opening.share.answers));
  line.end_object();
  return line.take() + "\n";
}

}  // namespace icm::ctl
