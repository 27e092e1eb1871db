// SPDX-License-Identifier: Apache-2.0
//
// Postfix's own programs (postconf, postmulti, postfix, postmap, …), run for one instance of it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/program.h"
#include "policy/base/result.h"

namespace icm::ctl::postfix {

inline constexpr std::string_view default_directory = "/etc/postfix";

// Immutable.
class PostfixPrograms {
 public:
  // `directory` is the instance's configuration directory, made absolute. Code::config when there
  // is no Postfix on this host, or no main.cf in that directory.
  [[nodiscard]] static Result<PostfixPrograms> of(std::string_view directory = default_directory);

  const std::string& directory() const { return directory_; }

  // Runs `program` ("postconf") with -c DIRECTORY before the other arguments, and waits for a
  // minute, or until `deadline`. An Error when it cannot be run or does not end.
  [[nodiscard]] Result<ProgramEnd> ask(std::string_view program, std::vector<std::string> arguments,
                                       std::string_view input = {},
                                       Deadline deadline = Deadline::in(std::chrono::minutes{
                                           1})) const;

  // The same for a program that has to succeed: what it wrote on its standard output. The Error has
  // what it complained about.
  [[nodiscard]] Result<std::string> run(std::string_view program,
                                        std::vector<std::string> arguments) const;

 private:
  PostfixPrograms(std::string folder, std::string directory)
      : folder_(std::move(folder)), directory_(std::move(directory)) {}
  std::string folder_;  // where the programs are
  std::string directory_;
};

// One of a host's instances, as postmulti(1) knows them.
struct Instance {
  std::string name;  // "-": it has none
  std::string directory;
  bool operator==(const Instance&) const = default;
};

// What "postmulti -l" says.
[[nodiscard]] Result<std::vector<Instance>> read_instances(std::string_view listing);

// Every instance of this host, also those that are not enabled. Without multi-instance support set
// up there is one.
[[nodiscard]] Result<std::vector<Instance>> instances_of_this_host();

// The instance that `directory` names, or where it is empty the only one of this host. With several
// the Error (Code::syntax) lists them, and names the `option` that chooses.
[[nodiscard]] Result<PostfixPrograms> choose_instance(const std::string& directory,
                                                      std::string_view option = "--config-dir");

// Whether there is one to look at: Postfix is installed, and `directory` was named or has a main.cf
// (empty: the default). Not where this process may not read that file.
bool is_there(const std::string& directory);

}  // namespace icm::ctl::postfix
