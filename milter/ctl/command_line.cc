// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
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

class WrappingFormatter final : public CLI::Formatter {
 public:
  explicit WrappingFormatter(int width) : width_(width) { column_width(option_column); }

  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             wrapped(command->get_description()), option_column);
    return out.str();
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

// CLI11 says that a command is required also where one was given that it does not know.
std::string unknown_command(const CLI::App& app) {
  const CLI::App* asked = &app;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  const std::vector<std::string> words = asked->remaining();
  if (words.empty() || words.front().starts_with('-')) return {};
  std::vector<std::string_view> known;
  for (const CLI::App* command : asked->get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  if (known.empty()) return {};
  const auto meant = nearest(words.front(), known);
  return fmt::format("{}: unknown command \"{}\"; {}", app.get_name(), for_log(words.front()),
                     meant ? fmt::format("did you mean \"{}\"?", *meant)
                           : fmt::format("expected {}", fmt::join(known, ", ")));
}

// What a mistake ends with. A mail server that hands a mail to a command (pipe(8), local(8)) sends
// the mail back for any status but EX_TEMPFAIL; the mistake is in its configuration, so it waits.
int usage_status(const CLI::App& app) {
  const CLI::App* asked = &app;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  return static_cast<int>(asked->get_name() == "intake" ? Exit::try_again : Exit::usage);
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
    if (const std::string complaint = unknown_command(app);
        error.get_exit_code() != 0 && !complaint.empty()) {
      fmt::print(stderr, "{}\nRun with --help for more information.\n", complaint);
      return usage_status(app);
    }
    return app.exit(error) == 0 ? static_cast<int>(Exit::done) : usage_status(app);
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
