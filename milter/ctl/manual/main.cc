// SPDX-License-Identifier: Apache-2.0
//
// Writes the manual pages and the completions of the shells into a folder. It runs when the
// programs are built, and is not installed.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command_line.h"
#include "milter/ctl/manual/completion.h"
#include "milter/ctl/manual/man_pages.h"
#include "milter/ctl/manual/rules_page.h"
#include "milter/daemon_arguments.h"

namespace icm::ctl {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out << text;
  out.close();
}

void write_completions(const fs::path& folder, const DescribedCommand& program) {
  write(folder / "bash" / program.name(), bash_completion(program));
  write(folder / "zsh" / ("_" + program.name()), zsh_completion(program));
  write(folder / "fish" / (program.name() + ".fish"), fish_completion(program));
}

void write_all(const fs::path& folder) {
  CLI::App control_app;
  Chosen chosen;
  declare(control_app, chosen);
  const DescribedCommand control = describe_command(control_app);
  CLI::App daemon_app;
  DaemonArguments arguments;
  declare(daemon_app, arguments);
  const DescribedCommand daemon = describe_command(daemon_app);

  std::vector<ManualPage> pages = control_pages(control);
  pages.push_back(daemon_page(daemon));
  pages.push_back(configuration_page());
  pages.push_back(rules_page());
  for (const ManualPage& page : pages) write(folder / "scdoc" / (page.file + ".scd"), page.text);
  write(folder / "rules.md", rules_markdown());
  write_completions(folder / "completion", control);
  write_completions(folder / "completion", daemon);
}

}  // namespace
}  // namespace icm::ctl

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: {} FOLDER\n", argv[0]);
    return 2;
  }
  try {
    icm::ctl::write_all(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return 1;
  }
}
