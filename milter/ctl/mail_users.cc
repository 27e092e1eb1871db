// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/mail_users.h"

#include <vector>

#include <pwd.h>
#include <sys/stat.h>

#include <fmt/format.h>

namespace icm::ctl {
namespace {

constexpr const char* data_directory = "/var/lib/postfix";  // postconf(5): data_directory

std::optional<std::uint32_t> number_of(const char* name) {
  passwd found{};
  passwd* result = nullptr;
  std::vector<char> room(16u << 10);
  if (::getpwnam_r(name, &found, room.data(), room.size(), &result) != 0) return std::nullopt;
  return result == nullptr ? std::nullopt : std::optional<std::uint32_t>(found.pw_uid);
}

}  // namespace

MailUsers MailUsers::of_this_machine() {
  MailUsers users;
  users.names_.emplace(0, "root");
  for (const char* name : {"postfix", "smmta"}) {
    if (const auto number = number_of(name)) users.names_.emplace(*number, name);
  }
  struct stat status {};
  if (::stat(data_directory, &status) == 0 && S_ISDIR(status.st_mode)) {
    users.names_.emplace(status.st_uid, "mail_owner");
  }
  return users;
}

std::string MailUsers::names() const {
  std::string all;
  for (const auto& [number, name] : names_) {
    all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
    if (number != 0) all += fmt::format(" ({})", number);
  }
  return all;
}

}  // namespace icm::ctl
