// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/gather.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "milter/ctl/daemon_call.h"
#include "milter/ctl/replies_print.h"
#include "milter/ctl/report/log_tally.h"
#include "milter/ctl/suppress_options.h"
#include "milter/ctl/terminal.h"
#include "policy/replies/reply_table_file.h"

namespace icm::ctl::report {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr int most_rotations = 99;
constexpr int most_samples = 50;
constexpr std::size_t most_notices = 20;

std::uint64_t unsigned_of(std::int64_t number) {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

Status read_log(const std::vector<std::string>& logs, LogTally& tally, ReadingReport& reading) {
  ICM_TRY(const std::vector<std::string> files, oldest_first(logs));
  constexpr std::uint64_t unknown_total = 0;
  Progress progress("decisions read", unknown_total);
  std::uint64_t read = 0;
  LogReader reader([&](std::string_view, const DecisionRecord& decision) {
    progress.at(++read);
    tally.add(decision);
  });
  Status status;
  for (const std::string& file : files) {
    status = reader.read(file);
    if (!status) break;
  }
  reading = reader.report();
  return status;
}

class AnswerRows {
 public:
  explicit AnswerRows(const ReplyTable& table) : table_(table) {}

  AnswerFacts& of(const std::string& id) {
    const auto [place, is_new] = rows_.try_emplace(id);
    AnswerFacts& row = place->second;
    if (!is_new) return row;
    const ReplyEntry* const entry = table_.find(id);
    row.entry = id;
    row.meaning = (entry == nullptr ? unknown_reply() : *entry).meaning;
    row.is_success = entry != nullptr && entry->reply_class == ReplyClass::success;
    return row;
  }

  // What Apple answered most first; then what was predicted most.
  std::vector<AnswerFacts> take() && {
    std::vector<AnswerFacts> all;
    for (auto& [id, row] : rows_) all.push_back(std::move(row));
    const auto rank = [](const AnswerFacts& row) {
      return std::tuple(row.answered, row.predicted_sent + row.predicted_stopped,
                        row.answered_before);
    };
    std::ranges::stable_sort(all, [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
    return all;
  }

 private:
  const ReplyTable& table_;
  std::map<std::string, AnswerFacts> rows_;
};

void add_notice(RepliesFacts& facts, std::string notice) {
  if (facts.notices.size() < most_notices) facts.notices.push_back(std::move(notice));
}

Status add_notices(ReplyBook& book, Span span, WallTime now, RepliesFacts& facts) {
  ICM_TRY(const std::vector<BreakerOpening> openings, breaker_openings(book));
  for (const BreakerOpening& one : openings) {
    const bool is_within = one.opened < span.until && (!one.closed || *one.closed >= span.since);
    if (is_within) add_notice(facts, opening_text(one) + ".");
  }
  ICM_TRY(const std::vector<Way> ways, all_ways(book));
  for (const Way& way : ways) {
    const std::string state = state_of(way, now);
    if (state.empty()) continue;
    add_notice(facts,
               fmt::format("Mail that leaves by {} is {}: {}", way.egress, state, way.reply));
  }
  ICM_TRY(const std::vector<Alert> alerts, all_alerts(book));
  for (const Alert& one : alerts) {
    if (one.last < span.since || one.first >= span.until) continue;
    add_notice(facts, fmt::format("{} ({} times, {})", one.what, grouped(unsigned_of(one.count)),
                                  one.entry));
  }
  ICM_TRY(const auto samples, reply_samples(book, most_samples));
  facts.unknown_samples = unsigned_of(
      std::ranges::count_if(samples, [&](const ReplySample& one) { return span.has(one.last); }));
  return {};
}

Status add_answers(const std::string& path, Span span, WallTime now, AnswerRows& rows,
                   RepliesFacts& facts) {
  ICM_TRY(ReplyBook book,
          ReplyBook::open(path, Database::Access::read, Missing::refuse, lock_deadline()));
  const Span before = {.since = span.since - span.length(), .until = span.since};
  ICM_TRY(const auto now_answered, answers_within(book, {span.since, span.until}));
  ICM_TRY(const auto before_answered, answers_within(book, {before.since, before.until}));
  for (const EntryAnswers& one : now_answered)
    rows.of(one.entry).answered = unsigned_of(one.answers);
  for (const EntryAnswers& one : before_answered) {
    rows.of(one.entry).answered_before = unsigned_of(one.answers);
  }
  return add_notices(book, span, now, facts);
}

ThrottleFacts ask_throttle(const std::string& socket) {
  ThrottleFacts facts;
  if (socket.empty()) {
    facts.problem = "control.socket is empty, so the daemon cannot be asked";
    return facts;
  }
  const auto answer = exchange_lines(
      socket, to_line({.word = ControlRequest::Word::throttle, .policy = {}, .span = {}}),
      Deadline::in(patience));
  if (answer) return throttle_facts(*answer);
  facts.problem = answer.error().text;
  return facts;
}

}  // namespace

std::vector<std::string> with_rotated(const std::string& path) {
  std::vector<std::string> all = {path};
  for (int i = 1; i <= most_rotations; ++i) {
    const std::string rotated = fmt::format("{}.{}", path, i);
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(rotated, ignored)) break;
    all.push_back(rotated);
  }
  return all;
}

Result<ReportFacts> gather(const Sources& sources, Span span, WallTime now,
                           ReadingReport& reading) {
  ICM_TRY(const ReplyTable table, load_reply_table(sources.config.replies.table));
  LogTally tally(span, table);
  ICM_CHECK(read_log(sources.logs, tally, reading));
  ReportFacts facts;
  facts.host = sources.config.egress.helo;
  facts.made = now;
  facts.log = tally.facts();
  facts.log.files = sources.logs;
  facts.log.decisions_read = reading.decisions;
  facts.log.bad_lines = reading.bad_lines;
  AnswerRows rows(table);
  for (const auto& [entry, predicted] : tally.predicted()) {
    AnswerFacts& row = rows.of(entry);
    row.predicted_stopped = predicted.stopped;
    row.predicted_sent = predicted.sent;
  }
  const Status learnt = add_answers(sources.config.replies.book, span, now, rows, facts.replies);
  if (!learnt) facts.replies.problem = learnt.error().text;
  facts.replies.answers = std::move(rows).take();
  facts.throttle = ask_throttle(sources.socket);
  return facts;
}

}  // namespace icm::ctl::report
