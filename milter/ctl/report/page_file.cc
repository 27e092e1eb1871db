// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/page_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "milter/ctl/report/page.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl::report {
namespace {

tl::unexpected<Error> failure(const std::string& path, std::string_view what) {
  return fail(Code::permanent, fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

Status check_place(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return {};
  if (!file) return failure(path, "cannot be opened");
  struct stat found {};
  char begin[page_begin.size()];
  const bool is_file = ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode);
  if (is_file && found.st_size == 0) return {};
  if (is_file && ::read(file.get(), begin, sizeof begin) == static_cast<ssize_t>(sizeof begin) &&
      std::string_view(begin, sizeof begin) == page_begin) {
    return {};
  }
  return fail(Code::syntax,
              fmt::format("{}: expected a new file or an earlier page of this command, found "
                          "something else; it is left as it is",
                          path));
}

Status write_all(const std::string& path, int file, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t count = ::write(file, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(path, "cannot be written");
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Status write_page(const std::string& path, std::string_view page) {
  ICM_CHECK(check_place(path));
  std::string made = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(made.data(), O_CLOEXEC));
  if (!file) return failure(made, "cannot be made");
  Status done = write_all(made, file.get(), page);
  if (done && ::fchmod(file.get(), 0640) != 0) done = failure(made, "cannot be given its mode");
  if (done && ::rename(made.c_str(), path.c_str()) != 0)
    done = failure(path, "cannot be put there");
  if (!done) ::unlink(made.c_str());
  return done;
}

}  // namespace icm::ctl::report
