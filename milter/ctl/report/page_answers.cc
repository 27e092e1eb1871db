// SPDX-License-Identifier: Apache-2.0
//
// What was predicted, what Apple answered, and how much may leave.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/report/draw.h"
#include "milter/ctl/report/page_parts.h"
#include "milter/ctl/report/words.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t answers_shown = 20;

std::string bars_of(const AnswerFacts& answer, std::uint64_t most) {
  return draw_bar({{"would", answer.predicted_sent}}, most) +
         draw_bar({{"refused", answer.answered}}, most);
}

std::string answers_table(const std::vector<const AnswerFacts*>& shown) {
  std::uint64_t most = 0;
  for (const AnswerFacts* one : shown) {
    most = std::max({most, one->predicted_sent, one->answered});
  }
  HtmlTable table("Refusals and deferrals by kind: predicted here, and answered by Apple",
                  {{.title = "Kind of answer"},
                   {"predicted, kept back", true},
                   {"predicted, went on", true},
                   {"answered", true},
                   {"before", true},
                   {"so"}});
  for (const AnswerFacts* one : shown) {
    table.add({fmt::format("<code>{}</code>{}<p>{}</p>", html(one->entry), bars_of(*one, most),
                           html(one->meaning)),
               number(one->predicted_stopped), number(one->predicted_sent), number(one->answered),
               number(one->answered_before), std::string(reading_of(*one))});
  }
  return std::move(table).take();
}

std::string other_predictions(const LogFacts& log) {
  std::string text;
  if (log.junk_predicted > 0) {
    text += paragraph("", fmt::format("The junk folder was predicted {} times, of which no answer "
                                      "tells.",
                                      grouped(log.junk_predicted)));
  }
  if (log.silence_predicted > 0) {
    text +=
        paragraph("", fmt::format("{} times a rule was broken for which no answer of Apple's is "
                                  "known.",
                                  grouped(log.silence_predicted)));
  }
  return text;
}

std::string limits_table(const ThrottleFacts& throttle) {
  HtmlTable table("Limits and warm-up, as they stand",
                  {{.title = "Limit"}, {"used", true}, {"of at most", true}, {"in"}, {"remarks"}});
  for (const LimitFacts& limit : throttle.limits) {
    const std::string of = limit.subject.empty() ? "" : " " + html(limit.subject);
    table.add({fmt::format("<code>{}</code>{}{}", html(limit.name), of,
                           limit.used ? draw_bar({{"accepted", *limit.used}}, limit.usable) : ""),
               limit.used ? grouped(*limit.used) : "not known", grouped(limit.usable),
               html(limit.window), html(limit.remarks)});
  }
  return std::move(table).take();
}

std::string pauses_table(const ThrottleFacts& throttle) {
  HtmlTable table("Paused or slowed", {{.title = "What"}, {"until (UTC)"}, {"why"}});
  for (const PauseFacts& one : throttle.pauses) {
    table.add({html(one.what), one.until.empty() ? "resumed" : html(one.until), html(one.why)});
  }
  return std::move(table).take();
}

std::string left_out(std::uint64_t count) {
  return count == 0 ? std::string()
                    : paragraph("more", fmt::format("And {} more: icloud-milterctl throttle show.",
                                                    grouped(count)));
}

}  // namespace

std::string answers_section(const ReportFacts& facts) {
  constexpr std::string_view title = "Predicted, and answered";
  const RepliesFacts& replies = facts.replies;
  std::string body =
      replies.problem.empty()
          ? paragraph("", answers_words(replies))
          : paragraph("missing", "Apple's answers are not known: " + html(replies.problem));
  std::vector<const AnswerFacts*> shown;
  for (const AnswerFacts& one : replies.answers) {
    if (!one.is_success && shown.size() < answers_shown) shown.push_back(&one);
  }
  if (!shown.empty()) {
    body += paragraph("key",
                      "<span class=\"swatch would\"></span> above: predicted for mail that "
                      "went on. <span class=\"swatch refused\"></span> below: answered.");
    body += answers_table(shown);
  }
  body += other_predictions(facts.log);
  if (replies.unknown_samples > 0) {
    body += paragraph("", fmt::format("{} kinds of answers are not known: icloud-milterctl replies "
                                      "show unknown.",
                                      grouped(replies.unknown_samples)));
  }
  return section("answers", title, body);
}

std::string throttle_section(const ThrottleFacts& throttle) {
  constexpr std::string_view title = "Throttle and warm-up";
  std::string body;
  if (!throttle.problem.empty()) {
    body += paragraph("missing", "How the limits stand is not known: " + html(throttle.problem));
    if (throttle.mode.empty()) return section("throttle", title, body);
  }
  body += paragraph("", fmt::format("Mode: {}.", html(throttle.mode)));
  body += throttle.limits.empty() ? paragraph("none", "No limits are configured.")
                                  : limits_table(throttle) + left_out(throttle.limits_left_out);
  body += throttle.pauses.empty() ? paragraph("none", "Nothing is paused or slowed.")
                                  : pauses_table(throttle) + left_out(throttle.pauses_left_out);
  return section("throttle", title, body);
}

}  // namespace icm::ctl::report
