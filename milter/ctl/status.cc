// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl status, stats: what the running daemon says of itself.
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/daemon_call.h"
#include "milter/ctl/status_print.h"

namespace icm::ctl {
namespace {

constexpr std::chrono::seconds patience{10};

Exit status(const DaemonOption& option) {
  const auto answer = ask_daemon(
      option, {.word = ControlRequest::Word::status, .policy = {}, .span = {}}, patience);
  if (!answer) return answer.error();
  if (option.json) {
    fmt::print("{}\n", answer->line);
  } else {
    fmt::print("{}", status_text(answer->json, Terminal::of(stdout)));
  }
  return attention_of(answer->json).empty() ? Exit::done : Exit::refused;
}

Exit stats(const DaemonOption& option) {
  const auto answer =
      ask_daemon(option, {.word = ControlRequest::Word::stats, .policy = {}, .span = {}}, patience);
  if (!answer) return answer.error();
  if (option.json) {
    fmt::print("{}\n", answer->line);
  } else {
    fmt::print("{}", stats_text(answer->json, Terminal::of(stdout)));
  }
  return Exit::done;
}

}  // namespace

void add_status(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "status", "Says how the running daemon is: configuration, policies, keys, what went wrong.");
  const auto option = std::make_shared<DaemonOption>();
  option->add_to(*command);
  command->footer(
      "What is paused and slowed stands there with its end; it is no fault, and has no part in "
      "the\n"
      "exit status.\n"
      "Exit status: 0 all is well, 1 something needs attention (the last reload failed, a key is\n"
      "not in the DNS as it is on disk, the store does not answer, a socket cannot be opened),\n"
      "2 usage, 3 no daemon.");
  command->callback([option, &chosen] { chosen = [option] { return status(*option); }; });
}

void add_stats(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "stats", "Counts what the running daemon has decided since it started, rule by rule.");
  const auto option = std::make_shared<DaemonOption>();
  option->add_to(*command);
  command->footer(
      "What was found includes advice and what is only observed.\n"
      "Exit status: 0 done, 2 usage, 3 no daemon.");
  command->callback([option, &chosen] { chosen = [option] { return stats(*option); }; });
}

}  // namespace icm::ctl
