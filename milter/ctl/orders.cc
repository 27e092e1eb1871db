// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl reload, policy: commands to the running daemon.
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/daemon_call.h"
#include "milter/ctl/status_print.h"
#include "milter/ctl/terminal.h"

namespace icm::ctl {
namespace {

// The daemon waits up to five seconds each for a store and for its log.
constexpr std::chrono::seconds patience{60};

struct PolicyOption {
  DaemonOption daemon;
  std::string name;
  std::string mode;
  std::optional<std::string> span;  // given, though perhaps empty: then it is no span
};

Exit reload(const DaemonOption& option) {
  const auto answer = ask_daemon(
      option, {.word = ControlRequest::Word::reload, .policy = {}, .span = {}}, patience);
  if (!answer) return answer.error();
  const bool is_done = flag_of(answer->json, "reloaded");
  if (option.json) {
    fmt::print("{}\n", answer->line);
    return is_done ? Exit::done : Exit::refused;
  }
  for (const std::string& warning : texts_of(answer->json, "warnings")) {
    complain("warning: " + warning);
  }
  for (const std::string& problem : texts_of(answer->json, "problems")) complain(problem);
  if (!is_done) return complain("not reloaded; the configuration in use stays");
  fmt::print("reloaded {}\n", clean(text_of(answer->json, "file")));
  return Exit::done;
}

// What a person should know of a change that was made.
std::string words_of(const nlohmann::ordered_json& change) {
  const std::string mode = text_of(change, "mode");
  const std::string until = text_of(change, "until");
  const std::string configured = text_of(change, "configured");
  const std::string before = text_of(change, "before");
  std::string words = fmt::format("policy {}: {}", text_of(change, "policy"), mode);
  words +=
      mode == before && mode == "observe" ? ", for each of its rules" : " instead of " + before;
  if (!until.empty())
    return fmt::format("{}, until {} or the daemon ends; then {} again", words, until, configured);
  if (!flag_of(change, "overrides")) return words + ", as configured";
  return fmt::format("{}, until the daemon ends; \"policy {} {}\" goes back to the configuration",
                     words, text_of(change, "policy"), as_configured);
}

// What is true of all policies where nothing was to be changed.
std::string_view all_words_of(std::string_view mode) {
  if (mode == as_configured) return "every policy is as configured";
  return mode == "off" ? "every policy is off" : "no policy enforces anything";
}

Exit policy(const PolicyOption& option) {
  std::string line = fmt::format("{} policy {} {}", control_version, option.name, option.mode);
  if (option.span) line += fmt::format(" for {}", *option.span);
  const auto request = parse_control_request(line);
  if (!request) return complain(request.error().text, Exit::usage);
  const auto answer = ask_daemon(option.daemon, *request, patience);
  if (!answer) return answer.error();
  const bool is_done = flag_of(answer->json, "changed");
  if (option.daemon.json) {
    fmt::print("{}\n", answer->line);
    return is_done ? Exit::done : Exit::refused;
  }
  for (const std::string& problem : texts_of(answer->json, "problems")) complain(problem);
  if (!is_done) return complain("nothing was changed");
  if (option.name != all_policies) {
    fmt::print("{}\n", clean(words_of(answer->json)));
    return Exit::done;
  }
  const auto changes = answer->json.find("changes");
  if (changes == answer->json.end() || !changes->is_array() || changes->empty()) {
    fmt::print("nothing to change: {}\n", all_words_of(option.mode));
    return Exit::done;
  }
  for (const auto& change : *changes) fmt::print("{}\n", clean(words_of(change)));
  return Exit::done;
}

}  // namespace

void add_reload(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "reload",
      "Has the running daemon read its configuration again and reopen its logs; says what came of "
      "it.");
  const auto option = std::make_shared<DaemonOption>();
  option->add_to(*command);
  command->footer(
      "All or nothing: with an error anywhere the configuration in use stays. Changes made with\n"
      "\"policy\" outlive it.\n"
      "Exit status: 0 reloaded, 1 not, 2 usage, 3 no daemon.");
  command->callback([option, &chosen] { chosen = [option] { return reload(*option); }; });
}

void add_policy(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "policy",
      "Changes how far a policy of the running daemon goes, for a while or until it ends.");
  const auto option = std::make_shared<PolicyOption>();
  command
      ->add_option("POLICY", option->name,
                   "The policy, as in milter.conf; all is for every one that is on.")
      ->required()
      ->option_text(" ");
  command
      ->add_option("MODE", option->mode,
                   "observe, enforce, off or configured. The last is what the file says.")
      ->required()
      ->option_text(" ");
  command
      ->add_option("--for", option->span,
                   "How long at most, as 90s, 15m, 1h or 7d; then, or when the daemon ends, the "
                   "configuration holds again. Default: until the daemon ends.")
      ->option_text("SPAN");
  option->daemon.add_to(*command);
  command->footer(
      "The file stays as it is, and a reload does not end the change; configured does. observe is\n"
      "for all rules of the policy; enforce leaves percent, origins and the modes of single rules\n"
      "as they are, and takes one policy at a time. The log says who asked.\n"
      "When mail is refused that should not be: all observe. Nothing is refused or waits by a\n"
      "policy then; suppressed addresses get mail, and forwarded mail is not sealed.\n"
      "Exit status: 0 done, 1 not, 2 usage, 3 no daemon.\n"
      "Examples:\n"
      "  icloud-milterctl policy alignment observe --for 1h\n"
      "  icloud-milterctl policy all observe --for 12h");
  command->callback([option, &chosen] { chosen = [option] { return policy(*option); }; });
}

}  // namespace icm::ctl
