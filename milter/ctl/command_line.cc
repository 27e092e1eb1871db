// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/terminal.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr int widest_help = 100;  // longer lines are hard to read
constexpr int help_width_of_a_file = 80;
constexpr int option_column = 24;
constexpr std::size_t longest_complaint = 1000;

class WrappingFormatter final : public CLI::Formatter {
 public:
  explicit WrappingFormatter(int width) : width_(width) { column_width(option_column); }

  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(option->get_description());
  }
  // WHAT... where CLI11 has WHAT(1x).
  std::string make_option_usage(const CLI::Option* option) const override {
    const std::string name =
        make_option_name(option, true) + (option->get_expected_max() > 1 ? "..." : "");
    return option->get_required() ? name : "[" + name + "]";
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             wrapped(command->get_description()), option_column);
    return out.str();
  }
  // Sentences that go on over several lines are wrapped anew; what is set in, examples, stays.
  std::string make_footer(const CLI::App* app) const override {
    const std::string footer = app->get_footer();
    std::string text, sentences;
    for (const std::string_view line : split(footer, '\n')) {
      if (line.starts_with(' ')) {
        text += fmt::format("{}\n", line);
        continue;
      }
      sentences += line;
      if (line.empty() || line.ends_with('.') || line.ends_with(':')) {
        text += wrap(std::exchange(sentences, {}), 0, width_) + '\n';
      } else {
        sentences += ' ';
      }
    }
    return sentences.empty() ? text : text + wrap(sentences, 0, width_) + '\n';
  }
  // Without CLI11's note on how many options are required.
  std::string make_description(const CLI::App* app) const override {
    return wrap(app->get_description(), 0, width_) + "\n\n";
  }

 private:
  // CLI11 indents what follows a LF itself.
  std::string wrapped(const std::string& description) const {
    return wrap(description, 0, width_ - option_column);
  }
  int width_;
};

// The command that was asked for, as far as it is known.
const CLI::App& asked_of(const CLI::App& app) {
  const CLI::App* asked = &app;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  return *asked;
}

std::string meant_or_expected(std::string_view word, const std::vector<std::string_view>& known) {
  const auto meant = nearest(word, known);
  return meant ? fmt::format("did you mean \"{}\"?", *meant)
               : fmt::format("expected {}", fmt::join(known, ", "));
}

std::string unknown_option(const CLI::App& asked, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : asked.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string_view name = word.substr(0, word.find('='));
  const auto meant = nearest(name, {names.begin(), names.end()});
  return fmt::format("unknown option \"{}\"{}", for_log(name),
                     meant ? fmt::format("; did you mean \"{}\"?", *meant) : "");
}

// Every command says what its exit status means; those that say nothing of their own, this.
void say_exit_statuses(CLI::App& command) {
  const std::string footer = command.get_footer();
  if (footer.find("xit status") == std::string::npos) {
    command.footer(
        footer + (footer.empty() || footer.ends_with('\n') ? "" : "\n") +
        "Exit status: 0 done, 1 refused or failed, 2 a mistake on the command line or in "
        "a file.");
  }
  for (CLI::App* below : command.get_subcommands([](CLI::App*) { return true; })) {
    say_exit_statuses(*below);
  }
}

// What is wrong, in words of ours. CLI11 says that a command is required also where one was given
// that it does not know.
std::string words_of(const CLI::App& asked, const CLI::ParseError& error) {
  std::vector<std::string_view> commands;
  for (const CLI::App* command : asked.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  const std::vector<std::string> left = asked.remaining();
  if (!left.empty() && left.front().starts_with('-')) return unknown_option(asked, left.front());
  if (!left.empty() && !commands.empty()) {
    return fmt::format("unknown command \"{}\"; {}", for_log(left.front()),
                       meant_or_expected(left.front(), commands));
  }
  if (!left.empty()) return fmt::format("unexpected argument \"{}\"", for_log(left.front()));
  if (!commands.empty() && error.get_name() == "RequiredError") {
    return fmt::format("expected a command: {}", fmt::join(commands, ", "));
  }
  return for_log(error.what(), longest_complaint);
}

// What a mistake ends with. A mail server that hands a mail to a command (pipe(8), local(8)) sends
// the mail back for any status but EX_TEMPFAIL; the mistake is in its configuration, so it waits.
int usage_status(const CLI::App& asked) {
  return static_cast<int>(asked.get_name() == "intake" ? Exit::try_again : Exit::usage);
}

}  // namespace

void declare(CLI::App& app, Chosen& chosen) {
  app.name("icloud-milterctl");
  app.description(
      "Runs and reviews icloud-milter, the milter that holds mail for iCloud to Apple's rules.");
  wrap_help(app);
  app.set_version_flag("--version", "icloud-milterctl " ICM_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 refused or failed, 2 usage, 3 no daemon.");
#define ICM_COMMAND(name) add_##name(app, chosen);
#include "milter/ctl/commands.inc"
#undef ICM_COMMAND
  say_exit_statuses(app);
}

void wrap_help(CLI::App& app) {
  const int width = Terminal::of(stdout).width();
  app.formatter(std::make_shared<WrappingFormatter>(
      width == 0 ? help_width_of_a_file : std::clamp(width, 2 * option_column, widest_help)));
}

int run_command_line(CLI::App& app, const Chosen& chosen, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 speaks by exceptions and prints what they carry; its exit codes are its own.
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const CLI::App& asked = asked_of(app);
    fmt::print(stderr, "{}: {}\nRun with --help for more information.\n", app.get_name(),
               words_of(asked, error));
    return usage_status(asked);
  }
  const Exit exit = chosen ? chosen() : Exit::usage;
  // Half an answer must not pass for all of it.
  const bool is_said = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (exit != Exit::done || is_said) return static_cast<int>(exit);
  fmt::print(stderr, "{}: standard output cannot be written: {}\n", app.get_name(),
             std::strerror(errno));
  return static_cast<int>(Exit::refused);
}

}  // namespace icm::ctl
