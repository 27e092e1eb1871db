// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the disk: room for the store and the decision log, and whether the daemon may write
// them.
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "milter/ctl/doctor/context.h"
#include "milter/ctl/doctor/other_user.h"

namespace icm::ctl::doctor {
namespace {

// A store of a million addresses needs 200 MB, and as much again while it is brought up to date.
constexpr std::uint64_t too_few_octets = 16u << 20;
constexpr std::uint64_t few_octets = 512u << 20;
constexpr std::uint64_t too_few_files = 10;

std::string megabytes(std::uint64_t octets) { return fmt::format("{} MiB", octets >> 20); }

std::string reason(int error) { return std::generic_category().message(error); }

// What the package makes is made anew by its own list.
std::string remedy_for(int error) {
  return error == ENOENT ? "make it: systemd-tmpfiles --create icloud-milter.conf" : "";
}

void examine_room(const Context& context, const std::string& directory, Diagnoses& diagnoses) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) {
    const int error = errno;
    if (context.is_hidden(directory)) return;  // disk.unknown says so
    return add(diagnoses, found("disk.unwritable", directory, reason(error), remedy_for(error)));
  }
  const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  const std::uint64_t size = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
  const bool lacks_files = disk.f_files > 0 && disk.f_favail < too_few_files;  // btrfs counts none
  const std::string evidence =
      lacks_files ? fmt::format("{} more files can be made", disk.f_favail)
                  : fmt::format("{} of {} are free", megabytes(free), megabytes(size));
  if (free < too_few_octets || lacks_files) {
    add(diagnoses, found("disk.full", directory, evidence));
  } else if (free < few_octets) {
    add(diagnoses, found("disk.low", directory, evidence));
  } else {
    add(diagnoses, found("disk.space", directory, evidence));
  }
}

// What the daemon's user meets when it opens the file, or makes it in its directory. 0 is nothing.
int write_error(const Context& context, const std::string& path, int mode, Deadline deadline) {
  if (::geteuid() == *context.daemon) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
  }
  const auto user = OtherUser::of(*context.daemon);
  return user ? user->access_error(path, mode, deadline) : 0;
}

void examine_right(const Context& context, const std::string& file, const std::string& directory,
                   Deadline deadline, Diagnoses& diagnoses) {
  std::error_code error;
  const bool is_there = std::filesystem::exists(file, error);
  const std::string& path = is_there ? file : directory;
  const int problem = write_error(context, path, is_there ? W_OK : W_OK | X_OK, deadline);
  if (problem == 0) return;
  const auto user = OtherUser::of(*context.daemon);
  const std::string name = user ? user->name() : std::to_string(*context.daemon);
  add(diagnoses,
      found("disk.unwritable", path,
            fmt::format("{} may not write {}: {}", name, path, reason(problem)),
            problem == ENOENT ? remedy_for(problem) : fmt::format("chown {} {}", name, path)));
}

}  // namespace

Diagnoses examine_disk(const Context& context, Deadline deadline) {
  Diagnoses diagnoses;
  const bool can_try =
      context.daemon && (OtherUser::can_be_tried() || ::geteuid() == *context.daemon);
  for (const std::string& file : {context.config.store.path, context.config.log.decisions}) {
    if (file.empty()) continue;
    const std::string directory = std::filesystem::path(file).parent_path().string();
    examine_room(context, directory, diagnoses);
    if (can_try) examine_right(context, file, directory, deadline, diagnoses);
  }
  if (!can_try) {
    const bool is_root = OtherUser::can_be_tried();
    add(diagnoses, found("disk.unknown", {},
                         is_root ? "the daemon is not running"
                                 : "this process is neither root nor the daemon's user"));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
