// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl log: reviews the decision log.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/log_review.h"
#include "milter/ctl/log_summary.h"
#include "milter/ctl/one_of.h"
#include "policy/base/text.h"
#include "policy/rules.h"

namespace icm::ctl {
namespace {

constexpr std::size_t max_limit =
    1'000'000;                            // lines kept in memory; a slip of the finger is harmless
constexpr std::size_t follow_limit = 10;  // what --follow shows of the past, as tail does
constexpr std::size_t default_rows = 30;

// As the command line has it.
struct Options {
  std::vector<std::string> files;
  std::string config;
  LogCriteria criteria;
  std::string since;
  std::string until;
  bool json = false;
  bool brief = false;
  bool follow = false;
  std::optional<std::size_t> limit;
  std::string by = "rule";
  bool observed = false;
  std::size_t rows = default_rows;
};

// One value at a time, or several separated by commas; the option may be given again.
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                      const std::string& word, const std::string& help) {
  return app.add_option(name, values, help)
      ->option_text(word)
      ->allow_extra_args(false)
      ->delimiter(',');
}

// A word that no rule gives would only ever find nothing.
CLI::Validator known(std::string (*word_of)(const Rule&), std::string_view expected) {
  return {[word_of, expected](std::string& given) -> std::string {
            std::vector<std::string> words;
            for (const Rule& rule : all_rules()) words.push_back(word_of(rule));
            if (std::ranges::find(words, given) != words.end()) return {};
            const auto near = nearest(given, {words.begin(), words.end()});
            return fmt::format("expected {}, got \"{}\"{}", expected, for_log(given, 80),
                               near ? fmt::format("; did you mean {}?", *near) : "");
          },
          ""};
}

void add_filters(CLI::App& app, Options& options) {
  LogCriteria& criteria = options.criteria;
  app.add_option("FILE", options.files,
                 "Decision logs, also rotated ones; several are read in the order of their first "
                 "decisions. - is standard input (zcat old.gz | icloud-milterctl log -). Default: "
                 "log.decisions of the configuration.")
      ->option_text("...");
  app.add_option("--config", options.config, std::string(config_option_help))->option_text("FILE");
  app.add_option(
         "--since", options.since,
         "Decisions of this time and later: 2026-11-21, 2026-11-21T08:15:30Z (UTC unless an "
         "offset is given), @1763712930, or how long ago: 90m, 24h, 7d. Default: all.")
      ->option_text("TIME");
  app.add_option("--until", options.until,
                 "Decisions before this time, written as for --since. Default: all.")
      ->option_text("TIME");
  add_list(app, "--verdict", criteria.verdicts, "VERDICT",
           "What was decided: accept, tag, quarantine, defer or reject.")
      ->check(one_of({"accept", "tag", "quarantine", "defer", "reject"}));
  add_list(app, "--policy", criteria.policies, "POLICY",
           "Decisions with a finding of this policy (suppression), acting or observed.")
      ->check(
          known([](const Rule& rule) { return std::string(rule.policy); }, "the name of a policy"));
  add_list(app, "--rule", criteria.rules, "RULE",
           "Decisions with a finding of this rule (list_unsubscribe.post-missing), acting or "
           "observed.")
      ->check(known([](const Rule& rule) { return fmt::format("{}.{}", rule.policy, rule.name); },
                    "a rule as list_unsubscribe.post-missing"));
  add_list(
      app, "--sender", criteria.senders, "ADDRESS",
      "An address of the envelope sender or of From: news@shop.example; shop.example for any "
      "address of that domain; a pattern with * and ? for the whole address, such as "
      "\"*@*.shop.example\"; \"<>\" for the null sender. The case of letters does not matter.");
  add_list(app, "--recipient", criteria.recipients, "ADDRESS",
           "A recipient, written as for --sender.");
  add_list(app, "--queue-id", criteria.queue_ids, "ID", "The mail server's queue id, exactly.");
  add_list(app, "--role", criteria.roles, "ROLE",
           "Where the milter stood: arrival, gate or direct.")
      ->check(one_of({"arrival", "gate", "direct"}));
  add_list(app, "--origin", criteria.origins, "ORIGIN",
           "How the message came: submission, relay, local, forwarded or unknown.")
      ->check(one_of({"submission", "relay", "local", "forwarded", "unknown"}));
  add_list(app, "--stream", criteria.streams, "STREAM",
           "A stream declared in the configuration, exactly.");
}

Status read_moment(std::string_view option, const std::string& text, WallTime now,
                   std::optional<WallTime>& moment) {
  if (text.empty()) return {};
  const Result<WallTime> time = parse_moment(text, now);
  if (!time) return fail_at(option, time.error());
  moment = *time;
  return {};
}

// What the words on the command line mean.
Result<LogReview> review_of(Options options) {
  const WallTime now = SystemClock().now();
  ICM_CHECK(read_moment("--since", options.since, now, options.criteria.since));
  ICM_CHECK(read_moment("--until", options.until, now, options.criteria.until));
  if (options.files.empty()) {
    ICM_TRY(const Config config, load_configuration(options.config));
    if (config.log.decisions.empty()) {
      return fail(Code::config,
                  "log.decisions is empty, so no decision log is written; name a FILE");
    }
    options.files.push_back(config.log.decisions);
  }
  return LogReview{.files = std::move(options.files),
                   .filter = LogFilter(std::move(options.criteria)),
                   .form = options.json    ? Form::json
                           : options.brief ? Form::brief
                                           : Form::people,
                   .terminal = Terminal::of(stdout),
                   .output = stdout};
}

Exit complain_about(const Error& error) {
  return complain(error.text, error.code == Code::syntax ? Exit::usage : Exit::refused);
}

Exit list(const Options& options) {
  const Result<LogReview> review = review_of(options);
  if (!review) return complain_about(review.error());
  if (!options.follow) return list_decisions(*review, options.limit.value_or(0));
  if (review->files.size() != 1 || review->files.front() == "-") {
    return complain("--follow takes one FILE, which is not standard input", Exit::usage);
  }
  return follow_decisions(*review, options.limit.value_or(follow_limit));
}

// The word was checked.
SummaryBy summary_by(std::string_view word) {
  if (word == "policy") return SummaryBy::policy;
  if (word == "sender") return SummaryBy::sender;
  return word == "stream" ? SummaryBy::stream : SummaryBy::rule;
}

Exit sum_up(const Options& options) {
  const Result<LogReview> review = review_of(options);
  if (!review) return complain_about(review.error());
  return sum_up_decisions(*review, summary_by(options.by),
                          options.observed ? SummaryOf::observed : SummaryOf::everything,
                          {options.rows});
}

CLI::App* add_summary(CLI::App& log, const std::shared_ptr<Options>& options, Chosen& chosen) {
  CLI::App* summary = log.add_subcommand(
      "summary",
      "Sums up: what each rule refused, and what would have been refused if observe were enforce.");
  add_filters(*summary, *options);
  summary
      ->add_option("--by", options->by,
                   "A row for each rule, policy, sender (envelope) or stream. Default: rule.")
      ->option_text("GROUP")
      ->check(one_of({"rule", "policy", "sender", "stream"}));
  summary->add_flag("--observed", options->observed,
                    "Only what had no effect because it was observed, beyond the percent, or past "
                    "its until date.");
  summary
      ->add_option("--limit", options->rows,
                   "Rows shown, those with the most mail first; 0 shows all. Default: 30.")
      ->option_text("ROWS")
      ->check(CLI::Range(std::size_t{0}, max_limit));
  summary->add_flag("--json", options->json, "One JSON object instead of tables.");
  summary->footer(
      "A message counts once in a row, however many recipients it has; one that was deferred and\n"
      "tried again counts each time. \"if enforced\" leaves percent and until aside.\n"
      "Example, what enforcing all policies would have refused since yesterday, sender by sender:\n"
      "  icloud-milterctl log summary --since 24h --observed --by sender");
  summary->callback([options, &chosen] { chosen = [options] { return sum_up(*options); }; });
  return summary;
}

}  // namespace

void add_log(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* log = app.add_subcommand(
      "log", "Reviews the decision log: what was decided about which mail, and why.");
  add_filters(*log, *options);
  CLI::Option* json = log->add_flag(
      "--json", options->json, "The log's own JSON lines, unchanged, instead of lines for people.");
  log->add_flag("--brief", options->brief,
                "One line a decision: with the rule that decided, or what would have refused the "
                "mail had it been enforced.")
      ->excludes(json);
  log->add_flag("--follow,-f", options->follow,
                "Goes on as the log grows, also when it is rotated; ends with Ctrl-C. Shows the "
                "newest 10 decisions first unless --limit says otherwise.");
  log->add_option("--limit,-n", options->limit, "Only the newest so many. Default: all.")
      ->option_text("COUNT")
      ->check(CLI::Range(std::size_t{1}, max_limit));
  log->footer(
      "Options of one kind add up (--verdict reject,defer); different kinds all have to fit.\n"
      "Lines that are no decisions are passed over and named on standard error.\n"
      "Example, what was refused to one customer today:\n"
      "  icloud-milterctl log --since 2026-11-21 --verdict reject,defer --sender shop.example");
  const CLI::App* summary = add_summary(*log, options, chosen);
  log->callback([log, summary, options, &chosen] {
    if (log->got_subcommand(summary)) return;
    chosen = [options] { return list(*options); };
  });
}

}  // namespace icm::ctl
