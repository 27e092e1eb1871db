// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/key_rights.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace icm {
namespace {

constexpr std::uint32_t root = 0;

// The name that this host has for a number, or the number.
template <class Entry, class Find, class Name>
std::string name_of(std::uint32_t id, Find find, Name name) {
  std::array<char, 4096> space{};
  Entry entry{};
  Entry* found = nullptr;
  const bool is_known = find(id, &entry, space.data(), space.size(), &found) == 0 && found;
  return is_known ? std::string(name(entry)) : fmt::format("{}", id);
}

std::string user_name(std::uint32_t id) {
  return name_of<passwd>(id, ::getpwuid_r, [](const passwd& entry) { return entry.pw_name; });
}

std::string group_name(std::uint32_t id) {
  return name_of<group>(id, ::getgrgid_r, [](const group& entry) { return entry.gr_name; });
}

std::string found(const FileRights& rights) {
  return fmt::format("mode {:04o}, owner {}, group {}", rights.mode, user_name(rights.owner),
                     group_name(rights.group));
}

// A path that a shell takes as one word.
std::string shell_word(const std::string& path) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  std::string word = "'";
  for (const char c : path) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

bool is_own_group(std::uint32_t id, const KeyReader& reader) {
  return std::find(reader.groups.begin(), reader.groups.end(), id) != reader.groups.end();
}

std::string own_group(const KeyReader& reader) {
  return reader.groups.empty() ? std::string("root") : group_name(reader.groups.front());
}

std::optional<FileRights> rights_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileRights{status.st_uid, status.st_gid, status.st_mode & 07777u};
}

// "/a", "/a/b" and "/a/b/c" of "/a/b/c/key".
std::vector<std::string> directories_to(const std::string& path) {
  std::vector<std::string> directories;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    directories.push_back(path.substr(0, slash));
  }
  return directories;
}

}  // namespace

KeyReader KeyReader::self() {
  KeyReader reader{.user = ::geteuid(), .groups = {::getegid()}};
  if (const int count = ::getgroups(0, nullptr); count > 0) {
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    groups.resize(static_cast<std::size_t>(std::max(::getgroups(count, groups.data()), 0)));
    reader.groups.insert(reader.groups.end(), groups.begin(), groups.end());
  }
  return reader;
}

std::string rights_problem(const std::string& path, const FileRights& rights,
                           const KeyReader& reader) {
  const bool is_root = reader.user == root;
  const bool has_own_group = is_root || is_own_group(rights.group, reader);
  const bool has_good_owner = is_root || rights.owner == root || rights.owner == reader.user;
  const bool others = (rights.mode & 07u) != 0;
  const bool group_writes = (rights.mode & 030u) != 0;
  const bool group_reads = (rights.mode & 040u) != 0;
  std::vector<std::string> problems;
  std::vector<std::string> modes;
  std::string owner;
  if (!has_good_owner) {
    problems.push_back(fmt::format("{} owns the key", user_name(rights.owner)));
    owner = "root";
  }
  if (others) {
    problems.push_back((rights.mode & 04u) != 0 ? "everybody may read the key"
                                                : "everybody has rights to the key");
    modes.push_back("o=");
  }
  if (group_writes) {
    problems.push_back(fmt::format("group {} may change the key", group_name(rights.group)));
    modes.push_back("g-wx");
  }
  const bool foreign_group_reads = group_reads && !has_own_group;
  if (foreign_group_reads) {
    problems.push_back(fmt::format("group {} may read the key", group_name(rights.group)));
  }
  if (problems.empty()) return {};

  std::vector<std::string> commands;
  const std::string file = shell_word(path);
  const bool needs_group = !has_own_group && (!has_good_owner || rights.owner != reader.user);
  if (!owner.empty() || needs_group) {
    // root owns it then, and we read it as the group.
    commands.push_back(fmt::format("chown {}:{} {}", owner, own_group(reader), file));
    if (!group_reads) modes.push_back("g+r");
  } else if (foreign_group_reads) {
    modes.push_back("g-r");
  }
  if (!modes.empty()) commands.push_back(fmt::format("chmod {} {}", fmt::join(modes, ","), file));
  const std::string expected =
      is_root ? "rights for its owner, and for one group to read"
              : fmt::format("root or {} as owner, and rights for nobody else but group {} to read",
                            user_name(reader.user), own_group(reader));
  return fmt::format("{} ({}); expected {}: {}", fmt::join(problems, ", "), found(rights), expected,
                     fmt::join(commands, " && "));
}

std::string denial_problem(const std::string& path, const KeyReader& reader) {
  for (const std::string& directory : directories_to(path)) {
    // With the effective user, as open() is.
    if (::faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) == 0) continue;
    const auto rights = rights_of(directory);
    return fmt::format("user {} may not pass through {}{}: chgrp {} {} && chmod g+x {}",
                       user_name(reader.user), directory,
                       rights ? fmt::format(" ({})", found(*rights)) : "", own_group(reader),
                       shell_word(directory), shell_word(directory));
  }
  const auto rights = rights_of(path);
  return fmt::format("user {} may not read it{}: chgrp {} {} && chmod g=r {}",
                     user_name(reader.user), rights ? fmt::format(" ({})", found(*rights)) : "",
                     own_group(reader), shell_word(path), shell_word(path));
}

}  // namespace icm
