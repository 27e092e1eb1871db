// SPDX-License-Identifier: Apache-2.0
//
// A program's command line as plain facts, read off its CLI11 declarations: what the manual pages
// and the completions of the shells are written from.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace icm::ctl {

struct DescribedOption {
  std::vector<std::string> names;  // "-f", "--follow"; none for what stands by its place alone
  std::string value;               // "FILE", its own name where it has no other; empty for a flag
  std::string sentences;
  std::vector<std::string> words;  // what it takes, where that is one of a few words
  bool takes_file = false;
  bool is_required = false;
  bool repeats = false;  // may be given, or have values, more than once
};

struct DescribedCommand {
  std::vector<std::string> path;  // "icloud-milterctl", "suppress", "add"
  std::string description;
  std::string footer;                      // lines, as --help shows them
  std::vector<DescribedOption> arguments;  // by place, in their order
  std::vector<DescribedOption> options;
  std::vector<DescribedCommand> commands;

  std::string name() const;  // the path with blanks between
};

DescribedCommand describe_command(const CLI::App& app);

}  // namespace icm::ctl
