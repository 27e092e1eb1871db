// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/words.h"

#include <algorithm>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "milter/ctl/terminal.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t files_named = 8;

constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string counted(std::uint64_t number, std::string_view one, std::string_view more) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : more);
}

}  // namespace

std::string time_words(WallTime time) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(time);
  const auto day = std::chrono::floor<std::chrono::days>(minute);
  const std::chrono::year_month_day date(day);
  const auto of_day = (minute - day).count();
  return fmt::format("{} {} {}, {:02}:{:02}", static_cast<unsigned>(date.day()),
                     months[(static_cast<unsigned>(date.month()) - 1) % std::size(months)],
                     static_cast<int>(date.year()), of_day / 60, of_day % 60);
}

std::string span_words(Span span) {
  return fmt::format("{}, to {} (UTC)", time_words(span.since), time_words(span.until));
}

std::string step_words(std::chrono::seconds step) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(step).count();
  const auto say = [](auto count, std::string_view unit) {
    return count == 1 ? std::string(unit) : fmt::format("{} {}s", count, unit);
  };
  if (minutes % (24 * 60) == 0) return say(minutes / (24 * 60), "day");
  return minutes % 60 == 0 ? say(minutes / 60, "hour") : say(minutes, "minute");
}

std::string share_words(std::uint64_t part, std::uint64_t all) {
  if (all == 0 || part == 0) return "0%";
  if (part >= all) return "100%";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(all);
  return fmt::format("{:.1f}%", std::clamp(percent, 0.1, 99.9));
}

std::string change_words(std::uint64_t now, std::uint64_t before) {
  if (now == before) return now == 0 ? std::string() : std::string("as before");
  if (before == 0) return "new";
  if (now == 0) return "none now";
  const double ratio = static_cast<double>(now) / static_cast<double>(before);
  if (ratio >= 3) return fmt::format("{:.1f} times as many", ratio);
  const double percent = std::abs(ratio - 1) * 100;
  return fmt::format("{} {:.{}f}%", now > before ? "up" : "down", percent, percent < 10 ? 1 : 0);
}

std::vector<std::string> lede(const LogFacts& log) {
  const std::uint64_t all = log.total.all();
  if (all == 0) return {"No mail for Apple was judged in this span."};
  const std::uint64_t went_on = log.total[Outcome::accepted] + log.total[Outcome::would_be_refused];
  const std::uint64_t stopped = all - went_on;
  std::vector<std::string> sentences = {fmt::format("Of {} for Apple, {} went on.",
                                                    counted(all, "message", "messages"),
                                                    share_words(went_on, all))};
  std::vector<std::string> parts;
  for (const Outcome one : {Outcome::refused, Outcome::deferred, Outcome::held}) {
    if (log.total[one] == 0) continue;
    parts.push_back(fmt::format("{} {} {}", grouped(log.total[one]),
                                log.total[one] == 1 ? "was" : "were",
                                one == Outcome::held ? "put on hold" : to_string(one)));
  }
  if (stopped == 0) parts.emplace_back("nothing was refused, deferred or put on hold");
  std::string list = fmt::format("{}.", fmt::join(parts, ", "));
  if (list.front() == 'n') list.front() = 'N';
  sentences.push_back(std::move(list));
  if (const std::uint64_t would = log.total[Outcome::would_be_refused]; would > 0) {
    sentences.push_back(fmt::format(
        "{} more would not have gone on, had every policy been enforced.", grouped(would)));
  }
  if (log.has_before()) {
    const std::string change = change_words(all, log.total_before.all());
    sentences.push_back(
        fmt::format("In all {}: {} in the span before.", change, grouped(log.total_before.all())));
  }
  return sentences;
}

std::string no_comparison(const LogFacts& log) {
  if (log.has_before()) return {};
  if (!log.begins) return "The log that was read has no decision.";
  return fmt::format(
      "The log that was read begins on {}, so the span is not compared with the one before{}. "
      "zcat -f LOG* | icloud-milterctl report - reads older ones that were compressed, too.",
      time_words(*log.begins),
      *log.begins > log.now.since ? ", and is itself not covered from its beginning on" : "");
}

std::string answers_words(const RepliesFacts& replies) {
  std::uint64_t all = 0, taken = 0, predicted = 0;
  for (const AnswerFacts& one : replies.answers) {
    all += one.answered;
    if (one.is_success) taken += one.answered;
    if (!one.is_success && one.predicted_sent > 0) predicted += one.answered;
  }
  if (all == 0) return "No answer of Apple's was learnt in this span.";
  std::string text = fmt::format("{} learnt: {} took the mail",
                                 counted(all, "answer of Apple's was", "answers of Apple's were"),
                                 share_words(taken, all));
  if (all == taken) return text + ".";
  return text + fmt::format(
                    ", {} did not; {} of these are of a kind that was predicted here for "
                    "mail that went on.",
                    grouped(all - taken), grouped(predicted));
}

std::string_view reading_of(const AnswerFacts& answer) {
  if (answer.answered > 0 && answer.predicted_sent > 0) return "as predicted";
  if (answer.answered > 0 && answer.predicted_stopped > 0) return "partly kept back";
  if (answer.answered > 0) return "unforeseen";
  if (answer.predicted_sent > 0) return "not met";
  return answer.predicted_stopped > 0 ? "kept back" : "no more";
}

std::vector<std::string> remarks(const ReportFacts& facts) {
  const LogFacts& log = facts.log;
  std::vector<std::string> files;
  for (const std::string& file : log.files) {
    if (files.size() == files_named) break;
    files.push_back(clean(file));
  }
  std::vector<std::string> all = {
      fmt::format("Made on {} (UTC) of {}, read from {}{}.", time_words(facts.made),
                  counted(log.decisions_read, "decision", "decisions"), fmt::join(files, ", "),
                  log.files.size() > files_named ? " and more" : "")};
  if (log.bad_lines > 0) {
    all.push_back(fmt::format(
        "{} passed over.",
        counted(log.bad_lines, "line is no decision and was", "lines are no decisions and were")));
  }
  if (const std::string why = no_comparison(log); !why.empty()) all.push_back(why);
  all.emplace_back(
      "A message counts once, and so does a recipient that was refused alone; what was deferred "
      "and tried again counts each time. A message may break several rules.");
  all.emplace_back(
      "Senders are the authors (From); where a recipient was refused before there was one, the "
      "envelope sender.");
  all.emplace_back(
      "Predictions and Apple's answers are compared by kind, not message by message: what was kept "
      "back here was never answered. Answers are kept for five weeks.");
  return all;
}

}  // namespace icm::ctl::report
