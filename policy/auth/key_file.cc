// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/key_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/auth/key_rights.h"
#include "policy/base/handle.h"

namespace icm {
namespace {

constexpr std::size_t max_octets = 65536;  // RSA of 16 kbit in PEM needs a fifth of it
constexpr int most_rsa_bits = 8192;        // what our own verifier takes
constexpr int common_rsa_bits = 4096;      // what every verifier takes (RFC 8301 §3.2)

void close_file(std::FILE* file) { (void)std::fclose(file); }
using File = Handle<std::FILE, close_file>;

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Code::config, fmt::format("{}: {}", path, why));
}

Result<File> open_file(const std::string& path, KeyGuard guard) {
  // A pipe without a writer must not keep the daemon from starting.
  const int wait = guard == KeyGuard::person ? 0 : O_NONBLOCK;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | wait);
  if (descriptor < 0) {
    const int error = errno;
    if (error == EACCES) return refuse(path, denial_problem(path, KeyReader::self()));
    if (error == ENOENT) {
      return refuse(path, "there is no such file; \"icloud-milterctl keys generate\" makes a key");
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

Result<std::string> read_all(const std::string& path, std::FILE* file) {
  std::string text(max_octets + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (std::ferror(file) != 0) {
    return refuse(path, fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  }
  if (text.size() > max_octets) {
    return refuse(
        path, fmt::format("is larger than {} octets, expected one private key in PEM", max_octets));
  }
  if (text.empty()) return refuse(path, "is empty, expected a private key in PEM");
  return text;
}

// What people put there instead; OpenSSL's own words ("no start line") help nobody.
Result<PrivateKey> parse_pem(const std::string& path, std::string_view pem) {
  const auto has = [&](std::string_view word) { return pem.find(word) != std::string_view::npos; };
  if (has("-----BEGIN ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED")) {
    return refuse(path, fmt::format("the key has a passphrase, and nobody is there to type it in; "
                                    "take it off: openssl pkey -in {} -out NEW.pem",
                                    path));
  }
  if (!has("PRIVATE KEY-----")) {
    const std::string_view what = has("PUBLIC KEY-----")          ? "a public key"
                                  : has("-----BEGIN CERTIFICATE") ? "a certificate"
                                  : has("-----BEGIN ")            ? "something else in PEM"
                                                                  : "no PEM";
    return refuse(path, fmt::format("holds {}, expected \"-----BEGIN PRIVATE KEY-----\"", what));
  }
  if (has("-----BEGIN OPENSSH PRIVATE KEY-----")) {
    return refuse(path,
                  "holds a key of OpenSSH's own form, expected \"-----BEGIN PRIVATE "
                  "KEY-----\"; \"icloud-milterctl keys generate\" makes one");
  }
  auto key = PrivateKey::from_pem(pem);
  if (!key) return refuse(path, key.error().text);
  return key;
}

// That the key is one that seals: long enough for verifiers, and whole.
Status check_key(const std::string& path, const PrivateKey& key) {
  if (key.type() == KeyType::rsa && key.bits() < least_rsa_bits) {
    return refuse(path, fmt::format("RSA key of {} bits: verifiers take none below {} (RFC 8301 "
                                    "section 3.2), make one of {}",
                                    key.bits(), least_rsa_bits, good_rsa_bits));
  }
  if (key.type() == KeyType::rsa && key.bits() > most_rsa_bits) {
    return refuse(path, fmt::format("RSA key of {} bits: expected at most {}, and {} is enough",
                                    key.bits(), most_rsa_bits, good_rsa_bits));
  }
  const Sha256Digest digest = sha256("does this key verify what it signs?");
  const auto signature = key.sign(digest);
  const auto public_key = PublicKey::from_octets(key.type(), key.public_octets());
  if (!signature) return refuse(path, signature.error().text);
  if (!public_key) return refuse(path, public_key.error().text);
  if (!public_key->verifies(digest, *signature)) {
    return refuse(path, "the key is damaged: it does not verify what it signs");
  }
  return {};
}

// What is good enough to seal, and not as good as it should be.
std::string advice_on(const PrivateKey& key) {
  if (key.type() == KeyType::ed25519) {
    return "an ed25519 key: ARC knows rsa-sha256 alone (RFC 8617 section 4.1.2), so hardly any "
           "receiver verifies its seals";
  }
  if (key.bits() < good_rsa_bits) {
    return fmt::format("RSA key of {} bits: make one of {} (RFC 8301 section 3.2)", key.bits(),
                       good_rsa_bits);
  }
  if (key.bits() > common_rsa_bits) {
    return fmt::format(
        "RSA key of {} bits: verifiers need not take more than {} (RFC 8301 section "
        "3.2)",
        key.bits(), common_rsa_bits);
  }
  return {};
}

}  // namespace

Result<KeyFile> read_key_file(const std::string& path, KeyGuard guard) {
  ICM_TRY(const File file, open_file(path, guard));
  ICM_TRY(const std::string danger, check_file(path, file.get(), guard));
  ICM_TRY(const std::string pem, read_all(path, file.get()));
  ICM_TRY(PrivateKey key, parse_pem(path, pem));
  ICM_CHECK(check_key(path, key));
  std::vector<std::string> warnings;
  for (const std::string& warning : {danger, advice_on(key)}) {
    if (!warning.empty()) warnings.push_back(fmt::format("{}: {}", path, warning));
  }
  return KeyFile{.key = std::move(key), .warnings = std::move(warnings)};
}

}  // namespace icm
