// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl keys generate.
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/keys_options.h"
#include "milter/ctl/terminal.h"
#include "policy/auth/key_publication.h"
#include "policy/auth/key_record.h"
#include "policy/base/text.h"
#include "policy/base/unique_fd.h"
#include "policy/config/config_reference.h"

namespace icm::ctl {
namespace {

constexpr int most_made_bits = 4096;  // what every verifier takes (RFC 8301 §3.2)

struct Kind {
  KeyType type = KeyType::rsa;
  int bits = good_rsa_bits;
};

Result<Kind> kind_of(const KeysOptions& options) {
  if (options.algorithm == "ed25519") {
    if (options.bits != 0) return fail(Code::config, "--bits: an ed25519 key has one size only");
    return Kind{.type = KeyType::ed25519, .bits = 256};
  }
  if (options.algorithm != "rsa") {
    return fail(Code::config, fmt::format("--algorithm: expected rsa or ed25519, got \"{}\"",
                                          for_log(options.algorithm)));
  }
  if (options.bits == 0) return Kind{};
  if (options.bits < least_rsa_bits || options.bits > most_made_bits) {
    return fail(Code::config, fmt::format("--bits: expected {} to {}, got {}", least_rsa_bits,
                                          most_made_bits, options.bits));
  }
  return Kind{.type = KeyType::rsa, .bits = options.bits};
}

Status write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(Code::permanent, std::generic_category().message(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  // What is published must not be lost with the power.
  if (::fsync(file) != 0) return fail(Code::permanent, std::generic_category().message(errno));
  return {};
}

// A file that nobody else can read at any moment, or none.
Status write_new(const std::string& path, std::string_view text) {
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    if (errno == EEXIST) {
      return fail(Code::permanent,
                  fmt::format("{}: exists already, and a key is never overwritten; choose another "
                              "name",
                              path));
    }
    return fail(Code::permanent, fmt::format("{}: cannot be made: {}", path,
                                             std::generic_category().message(errno)));
  }
  // A umask may have taken more away than others' rights.
  if (::fchmod(file.get(), 0600) == 0) {
    const Status written = write_all(file.get(), text);
    if (written) return {};
    ::unlink(path.c_str());
    return fail_at(fmt::format("{}: cannot be written", path), written.error());
  }
  const std::string reason = std::generic_category().message(errno);
  ::unlink(path.c_str());
  return fail(Code::permanent, fmt::format("{}: cannot be written: {}", path, reason));
}

// What goes into milter.conf, with quotes where YAML wants them.
std::string config_lines(const SealingKeyConfig& key) {
  Config config;
  config.arc_sealing.keys = {key};
  std::string lines = "arc_sealing:\n  mode: observe\n  keys:\n";
  std::string_view dash = "- ";
  for (const ConfigOption& option : config_values(config)) {
    if (option.section != "arc_sealing.keys[1]" || option.values.empty()) continue;
    lines += fmt::format("    {}{}: {}\n", dash, option.key, option.yaml());
    dash = "  ";
  }
  return lines;
}

void print(const SealingKeyConfig& config, const PrivateKey& key) {
  const std::string name = key_name(config.domain, config.selector);
  const std::string record = key_record(key);
  const std::string file = clean(config.file);
  fmt::print(
      "{0}: made ({1})\n"
      "\n"
      "Publish this record:\n"
      "\n"
      "{2}\n"
      "\n"
      "A provider that asks for name and text takes {3} and\n"
      "\n"
      "{4}\n"
      "\n"
      "Write into milter.conf:\n"
      "\n"
      "{5}\n"
      "Let the daemon's group read the file, as installed icloud-milter:\n"
      "  chgrp icloud-milter {0} && chmod g=r {0}\n"
      "Wait until \"icloud-milterctl keys check\" finds the record, and reload the daemon.\n",
      file, key_size(key.type(), key.bits()), zone_line(name, record), name, record,
      config_lines(config));
}

void print_json(const SealingKeyConfig& config, const PrivateKey& key) {
  const std::string name = key_name(config.domain, config.selector);
  const nlohmann::ordered_json json = {{"file", config.file},
                                       {"domain", config.domain},
                                       {"selector", config.selector},
                                       {"algorithm", to_string(key.type())},
                                       {"bits", key.bits()},
                                       {"name", name},
                                       {"record", key_record(key)},
                                       {"zone", zone_line(name, key_record(key))},
                                       {"config", config_lines(config)}};
  fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

}  // namespace

Exit keys_generate(const KeysOptions& options) {
  const auto config = record_of(options);
  if (!config) return complain(config.error().text, Exit::usage);
  const auto kind = kind_of(options);
  if (!kind) return complain(kind.error().text, Exit::usage);
  const auto key = PrivateKey::generate(kind->type, kind->bits);
  if (!key) return complain(key.error().text);
  if (const Status written = write_new(config->file, key->to_pem()); !written) {
    return complain(written.error().text);
  }
  (options.json ? print_json : print)(*config, *key);
  return Exit::done;
}

}  // namespace icm::ctl
