// SPDX-License-Identifier: Apache-2.0
//
// How fast icloud-milterctl log goes through a decision log: lines a second, to be multiplied by
// the million lines of a busy day. The log is written by the function that writes the real one.
#include <cstdio>
#include <fstream>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "milter/ctl/log_review.h"
#include "milter/decision.h"
#include "policy/base/handle.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

constexpr int lines = 100'000;

Judged finding(int i, std::string_view policy, std::string_view rule) {
  Judged judged;
  judged.policy = policy;
  judged.finding.rule = rule;
  judged.finding.evidence = "bulk mail without List-Unsubscribe-Post";
  judged.finding.fix = "add \"List-Unsubscribe-Post: List-Unsubscribe=One-Click\"";
  judged.finding.reply = {
      .code = 550, .enhanced = "5.7.1", .text = "bulk mail needs one-click unsubscription"};
  judged.would = Disposition::reject;
  judged.mode = i % 3 == 0 ? Mode::enforce : Mode::observe;
  if (judged.mode == Mode::enforce) {
    judged.effect = judged.would;
  } else {
    judged.held_back = "mode observe";
  }
  return judged;
}

// Every second message has a finding, every eighth two.
Decision decision(int i) {
  Decision decision;
  decision.time = *parse_time("2026-11-20") + std::chrono::milliseconds(i * 864);
  Envelope& envelope = decision.envelope;
  envelope.origin = Origin::submission;
  envelope.origin_reason = "Authentication-Results: mx.shop.example; auth=pass";
  envelope.client = *IpAddress::parse("127.0.0.1");
  envelope.client_name = "localhost";
  envelope.helo = "mx.shop.example";
  envelope.reverse_path.text = fmt::format("bounce+{}@shop.example", i % 1000);
  envelope.queue_id = fmt::format("4Xy{:09}", i);
  Recipient recipient;
  recipient.text = fmt::format("customer{}@icloud.com", i % 50000);
  recipient.is_apple = true;
  envelope.recipients = {recipient};
  decision.from = {"news@shop.example"};
  decision.message_id = fmt::format("<{}.1763712930@shop.example>", i);
  decision.classification = {MailClass::bulk, "news", "stream news (From domain)"};
  std::vector<Judged> findings;
  if (i % 2 == 0) findings.push_back(finding(i, "format", "format.date-past"));
  if (i % 8 == 0) {
    findings.push_back(finding(i + 1, "list_unsubscribe", "list_unsubscribe.post-missing"));
  }
  decision.verdict = combine(std::move(findings));
  decision.bytes = 40312;
  return decision;
}

// Written once for all benchmarks.
const std::string& log_file() {
  static const TemporaryDirectory directory;
  static const std::string path = [] {
    const std::string file = directory.path() / "decisions.jsonl";
    std::ofstream stream(file);
    for (int i = 0; i < lines; ++i) stream << to_json(decision(i)) << '\n';
    return file;
  }();
  return path;
}

LogReview review(LogCriteria criteria, std::FILE* output) {
  return {.files = {log_file()},
          .filter = LogFilter(std::move(criteria)),
          .form = Form::json,
          .terminal = Terminal::plain(),
          .output = output};
}

using Output = Handle<std::FILE, &std::fclose>;

template <class Deed>
void measure(benchmark::State& state, LogCriteria criteria, Deed deed) {
  const Output nowhere(std::fopen("/dev/null", "w"));
  const LogReview all = review(std::move(criteria), nowhere.get());
  for (auto _ : state) deed(all);
  state.SetItemsProcessed(state.iterations() * lines);
}

void find_one_sender(benchmark::State& state) {
  LogCriteria criteria;
  criteria.senders = {"bounce+7@shop.example"};
  measure(state, criteria, [](const LogReview& all) { list_decisions(all, 0); });
}
BENCHMARK(find_one_sender)->Unit(benchmark::kMillisecond);

void pass_all_lines_through(benchmark::State& state) {
  measure(state, {}, [](const LogReview& all) { list_decisions(all, 0); });
}
BENCHMARK(pass_all_lines_through)->Unit(benchmark::kMillisecond);

void show_all_to_people(benchmark::State& state) {
  measure(state, {}, [](LogReview all) {
    all.form = Form::people;
    list_decisions(all, 0);
  });
}
BENCHMARK(show_all_to_people)->Unit(benchmark::kMillisecond);

void sum_up_by_rule(benchmark::State& state) {
  measure(state, {}, [](const LogReview& all) {
    sum_up_decisions(all, SummaryBy::rule, SummaryOf::everything, {});
  });
}
BENCHMARK(sum_up_by_rule)->Unit(benchmark::kMillisecond);

void sum_up_by_sender(benchmark::State& state) {
  measure(state, {}, [](const LogReview& all) {
    sum_up_decisions(all, SummaryBy::sender, SummaryOf::everything, {});
  });
}
BENCHMARK(sum_up_by_sender)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace icm::ctl
