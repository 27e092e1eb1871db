// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/postfix_programs.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::chrono::seconds patience{
    60};  // for a busy host; postconf takes 20 ms on an idle one
constexpr std::size_t longest_output = 8U << 20U;  // every parameter with its value is 32 KiB

std::optional<std::string> folder_of_programs() {
  constexpr std::array<std::string_view, 4> folders = {"/usr/sbin", "/usr/local/sbin", "/sbin",
                                                       "/opt/postfix/sbin"};
  for (const std::string_view folder : folders) {
    if (::access(fmt::format("{}/postconf", folder).c_str(), X_OK) == 0) return std::string(folder);
  }
  return std::nullopt;
}

tl::unexpected<Error> no_postfix() {
  return fail(Code::config,
              "there is no Postfix on this host: postconf is not in /usr/sbin, /usr/local/sbin, "
              "/sbin or /opt/postfix/sbin");
}

std::string_view last_line(std::string_view text) {
  const auto lines = split(trim(text), '\n');
  return lines.back();
}

}  // namespace

Result<PostfixPrograms> PostfixPrograms::of(std::string_view directory) {
  const auto folder = folder_of_programs();
  if (!folder) return no_postfix();
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(directory), error);
  if (error) {
    return fail(Code::config, fmt::format("{}: {}", excerpt(directory), error.message()));
  }
  std::string path = absolute.lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string main = path + "/main.cf";
  if (::access(main.c_str(), R_OK) != 0) {
    const std::string why = std::error_code(errno, std::generic_category()).message();
    return fail(Code::config, fmt::format("{}: {}; expected the configuration of a Postfix there "
                                          "(--config-dir names another directory)",
                                          main, why));
  }
  return PostfixPrograms(*folder, std::move(path));
}

Result<ProgramEnd> PostfixPrograms::ask(std::string_view program,
                                        std::vector<std::string> arguments, std::string_view input,
                                        Deadline deadline) const {
  std::vector<std::string> all = {fmt::format("{}/{}", folder_, program), "-c", directory_};
  for (std::string& one : arguments) all.push_back(std::move(one));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
  return ask_program(all, input, left, longest_output);
}

Result<std::string> PostfixPrograms::run(std::string_view program,
                                         std::vector<std::string> arguments) const {
  ICM_TRY(ProgramEnd end, ask(program, std::move(arguments)));
  if (end.status == 0) return std::move(end.output);
  // Warnings stand above what ended it; postfix(1) complains to the log alone where nobody watches.
  std::string_view why = last_line(end.errors.empty() ? end.output : end.errors);
  if (why.empty()) why = "the mail log says why";
  return fail(Code::config, fmt::format("{} of {} ended with status {}: {}", program, directory_,
                                        end.status, excerpt(why, 400)));
}

Result<std::vector<Instance>> read_instances(std::string_view listing) {
  // postmulti(1): name, group, "y" or "n" for enabled, directory; none of them has blanks.
  std::vector<Instance> found;
  for (const std::string_view line : split(listing, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    if (words.empty()) continue;
    if (words.size() != 4 || !words[3].starts_with('/')) {
      return fail(Code::syntax,
                  fmt::format("postmulti -l: \"{}\": expected a name, a group, y or n "
                              "and a directory",
                              excerpt(line)));
    }
    found.push_back({.name = std::string(words[0]), .directory = std::string(words[3])});
  }
  return found;
}

Result<std::vector<Instance>> instances_of_this_host() {
  const auto folder = folder_of_programs();
  if (!folder) return no_postfix();
  ICM_TRY(const ProgramEnd end,
          ask_program({*folder + "/postmulti", "-l"}, "", patience, longest_output));
  if (end.status != 0) {
    return fail(Code::config, fmt::format("postmulti -l ended with status {}: {}", end.status,
                                          excerpt(last_line(end.errors), 400)));
  }
  return read_instances(end.output);
}

Result<PostfixPrograms> choose_instance(const std::string& directory, std::string_view option) {
  if (!directory.empty()) return PostfixPrograms::of(directory);
  ICM_CHECK(PostfixPrograms::of(default_directory));  // says best what is missing
  ICM_TRY(const auto all, instances_of_this_host());
  if (all.empty()) return PostfixPrograms::of(default_directory);
  if (all.size() == 1) return PostfixPrograms::of(all.front().directory);
  std::vector<std::string> places;
  for (const Instance& one : all) places.push_back(one.directory);
  return fail(Code::syntax,
              fmt::format("this host has {} instances of Postfix; say which with {}: {}",
                          all.size(), option, fmt::join(places, ", ")));
}

bool is_there(const std::string& directory) {
  if (!folder_of_programs()) return false;
  const std::string folder = directory.empty() ? std::string(default_directory) : directory;
  if (::access((folder + "/main.cf").c_str(), R_OK) == 0) return true;
  return !directory.empty() && errno != EACCES;
}

}  // namespace icm::ctl::postfix
