// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/secret_file.h"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/auth/key_rights.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

void close_file(std::FILE* file) { (void)std::fclose(file); }
using File = Handle<std::FILE, close_file>;

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Code::config, fmt::format("{}: {}", path, why));
}

Result<File> open_file(const std::string& path, KeyGuard guard, const SecretKind& kind) {
  // A pipe without a writer must not keep the daemon from starting.
  const int wait = guard == KeyGuard::person ? 0 : O_NONBLOCK;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | wait);
  if (descriptor < 0) {
    const int error = errno;
    if (error == EACCES) return refuse(path, denial_problem(path, KeyReader::self()));
    if (error == ENOENT) {
      return refuse(path, fmt::format("there is no such file; {}", kind.how_to_make));
    }
    return refuse(path,
                  fmt::format("cannot be opened: {}", std::generic_category().message(error)));
  }
  File file(::fdopen(descriptor, "rb"));
  if (file != nullptr) return file;
  ::close(descriptor);
  return refuse(path, "cannot be opened: out of memory");
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// What the open file is, and who else may read it. The text is a warning where a person guards it.
Result<std::string> check_file(const std::string& path, std::FILE* file, KeyGuard guard) {
  struct stat status {};
  if (::fstat(::fileno(file), &status) != 0) {
    return refuse(path,
                  fmt::format("cannot be looked at: {}", std::generic_category().message(errno)));
  }
  const bool is_pipe = S_ISFIFO(status.st_mode) && guard == KeyGuard::person;
  if (!S_ISREG(status.st_mode) && !is_pipe) {
    return refuse(path, fmt::format("is {}, expected a regular file", kind_of(status.st_mode)));
  }
  if (is_pipe || guard == KeyGuard::credential) return std::string();
  std::string problem = rights_problem(
      path, {status.st_uid, status.st_gid, status.st_mode & 07777u}, KeyReader::self());
  if (!problem.empty() && guard == KeyGuard::mode) return refuse(path, problem);
  return problem;
}

Result<std::string> read_all(const std::string& path, std::FILE* file, const SecretKind& kind) {
  std::string text(kind.most_octets + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (std::ferror(file) != 0) {
    return refuse(path, fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  }
  if (text.size() > kind.most_octets) {
    return refuse(
        path, fmt::format("is larger than {} octets, expected {}", kind.most_octets, kind.content));
  }
  if (text.empty()) return refuse(path, fmt::format("is empty, expected {}", kind.content));
  return text;
}

constexpr std::size_t least_digits = 64;  // 256 bits: as many as HMAC-SHA-256 has (RFC 2104 §3)
constexpr std::size_t most_digits = 256;
constexpr std::size_t most_keys = 8;
constexpr SecretKind secret_keys = {.content = "keys of 64 hexadecimal digits, one a line",
                                    .most_octets = 8192,
                                    .how_to_make = "make it: openssl rand -hex 32"};

// Octets of hexadecimal digits; nothing when they are none. Says nothing of what stands there: it
// is a secret, or part of one.
std::optional<std::string> from_hex(std::string_view digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string octets;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::size_t high = alphabet.find(lower_ascii(digits[i]));
    const std::size_t low = alphabet.find(lower_ascii(digits[i + 1]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    octets += static_cast<char>(high * 16 + low);
  }
  return octets;
}

}  // namespace

Result<std::vector<std::string>> read_secret_keys(const std::string& path, KeyGuard guard) {
  ICM_TRY(const SecretText secret, read_secret(path, guard, secret_keys));
  std::vector<std::string> keys;
  int number = 0;
  for (std::string_view line : split(secret.text, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::optional<std::string> key = from_hex(line);
    if (!key || line.size() < least_digits || line.size() > most_digits) {
      return fail(Code::config,
                  fmt::format("{}:{}: expected a key of {} to {} hexadecimal digits, as \"openssl "
                              "rand -hex 32\" makes it; found {} octets{}",
                              path, number, least_digits, most_digits, line.size(),
                              key ? "" : " that are not such digits"));
    }
    keys.push_back(*key);
  }
  if (keys.empty() || keys.size() > most_keys) {
    return refuse(path, fmt::format("holds {} keys, expected one to {}", keys.size(), most_keys));
  }
  return keys;
}

Result<SecretText> read_secret(const std::string& path, KeyGuard guard, const SecretKind& kind) {
  ICM_TRY(const File file, open_file(path, guard, kind));
  SecretText secret;
  ICM_TRY(secret.danger, check_file(path, file.get(), guard));
  ICM_TRY(secret.text, read_all(path, file.get(), kind));
  return secret;
}

}  // namespace icm
