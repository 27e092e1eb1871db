// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl report: a span of mail for Apple on one page, or as text.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/log_filter.h"
#include "milter/ctl/report/gather.h"
#include "milter/ctl/report/page.h"
#include "milter/ctl/report/page_file.h"
#include "milter/ctl/report/text.h"
#include "milter/ctl/suppress_options.h"

namespace icm::ctl {
namespace {

constexpr std::string_view standard_output = "-";
constexpr std::chrono::hours longest_span{24 * 366 * 10};

struct ReportOptions {
  std::vector<std::string> logs;
  std::string config;
  std::optional<std::string> socket;
  std::string since = "7d";
  std::string until;
  std::string now;
  std::optional<std::string> html;
  bool text = false;
};

Result<WallTime> moment_of(std::string_view option, const std::string& text, WallTime now) {
  const Result<WallTime> time = parse_moment(text, now);
  if (!time) return fail_at(option, time.error());
  return *time;
}

Result<report::Span> span_of(const ReportOptions& options, WallTime now) {
  report::Span span;
  ICM_TRY(span.since, moment_of("--since", options.since, now));
  span.until = now;
  if (!options.until.empty()) {
    ICM_TRY(span.until, moment_of("--until", options.until, now));
  }
  if (span.length() >= std::chrono::minutes{1} && span.length() <= longest_span) return span;
  return fail(Code::syntax,
              fmt::format("expected --since a minute to ten years before --until, got {} and {}",
                          to_rfc3339(span.since), to_rfc3339(span.until)));
}

Status print(const std::string& words) {
  std::fwrite(words.data(), 1, words.size(), stdout);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(Code::permanent, fmt::format("cannot write: {}", std::strerror(errno)));
}

Status write(const ReportOptions& options, const report::ReportFacts& facts) {
  if (options.html == standard_output) return print(report::page(facts));
  if (options.html) {
    ICM_CHECK(report::write_page(*options.html, report::page(facts)));
    if (!options.text) return {};
  }
  return print(report::text(facts, Terminal::of(stdout)));
}

Status make(const ReportOptions& options) {
  if (options.html == standard_output && options.text) {
    return fail(Code::syntax, "--text and --html both go to standard output; name a FILE");
  }
  WallTime now = SystemClock().now();
  if (!options.now.empty()) {
    ICM_TRY(now, moment_of("--now", options.now, now));
  }
  ICM_TRY(const report::Span span, span_of(options, now));
  ICM_TRY(Config config, load_configuration(options.config));
  report::Sources sources;
  sources.logs = options.logs;
  if (sources.logs.empty()) {
    if (config.log.decisions.empty()) {
      return fail(Code::config,
                  "log.decisions is empty, so no decision log is written; name a LOG");
    }
    sources.logs = report::with_rotated(config.log.decisions);
  }
  sources.socket = options.socket.value_or(config.control.socket);
  sources.config = std::move(config);
  ReadingReport reading;
  const auto facts = report::gather(sources, span, now, reading);
  for (const std::string& example : reading.examples) complain(example);
  if (!facts) return tl::make_unexpected(facts.error());
  return write(options, *facts);
}

void add_options(CLI::App& command, ReportOptions& options) {
  command
      .add_option("LOG", options.logs,
                  "Decision logs, also rotated ones. - is standard input (zcat -f "
                  "/var/log/icloud-milter/decisions.jsonl* | icloud-milterctl report -). Default: "
                  "log.decisions of the configuration, with what it was rotated to and is not "
                  "compressed.")
      ->option_text("...");
  command
      .add_option("--since", options.since,
                  "From when on: 2026-11-21, 2026-11-21T08:15:30Z (UTC unless an offset is given), "
                  "@1763712930, or how long ago: 24h, 7d. Default: 7d.")
      ->option_text("TIME");
  command
      .add_option("--until", options.until,
                  "Before this time, written as for --since. Default: now.")
      ->option_text("TIME");
  command
      .add_option("--html", options.html,
                  "One page for a browser, which needs no network; into FILE, or to standard "
                  "output. An older page in FILE is replaced, anything else is not.")
      ->option_text("[FILE]")
      ->expected(0, 1)
      ->default_str(std::string(standard_output));
  command.add_flag("--text", options.text,
                   "Plain text in lines of 78 columns; also beside --html FILE. Default.");
  command.add_option("--config", options.config, std::string(config_option_help))
      ->option_text("FILE");
  command
      .add_option("--socket", options.socket,
                  "The daemon's control socket, for throttle and warm-up. Default: control.socket "
                  "of the configuration.")
      ->option_text("PATH");
  command.add_option("--now", options.now, "As if it were then. Default: now.")
      ->option_text("TIME");
}

}  // namespace

void add_report(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand(
      "report",
      "A span of mail for Apple, compared with the span before: volumes, what was stopped and why, "
      "who sent it, what was predicted and what Apple answered, throttle and warm-up.");
  add_options(*command, *options);
  command->footer(
      "What the daemon or the book of replies does not tell is said in the report.\n"
      "Exit status: 0 written, 1 not, 2 usage.\n"
      "Examples, last week's page; and last week as a mail, of logs that were compressed, too:\n"
      "  icloud-milterctl report --since 7d --html week.html\n"
      "  zcat -f /var/log/icloud-milter/decisions.jsonl* |\n"
      "    icloud-milterctl report --since 7d - | mail -s \"Mail to Apple\" postmaster");
  command->callback([options, &chosen] {
    chosen = [options] {
      const Status done = make(*options);
      return done ? Exit::done : complain_about(done.error());
    };
  });
}

}  // namespace icm::ctl
