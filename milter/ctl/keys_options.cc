// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/keys_options.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "policy/auth/key_record.h"
#include "policy/auth/sealing_keys.h"
#include "policy/base/text.h"
#include "policy/config/option_form.h"

namespace icm::ctl {
namespace {

// The modes are the daemon's business: who looks at a key here may be root or anybody.
Result<KeyFile> read(const std::string& file, const std::string& credentials) {
  ICM_TRY(const std::string path, key_path(file, credentials));
  return read_key_file(path, path == file ? KeyGuard::person : KeyGuard::credential);
}

Result<std::string> in_form(const Form<std::string>& form, std::string_view option,
                            const std::string& given) {
  auto value = form.parse(given);
  if (value) return value;
  const std::string& reason = value.error().text;
  return fail(Code::config, fmt::format("{}: expected {}, got \"{}\"{}{}", option, form.expected,
                                        for_log(given), reason.empty() ? "" : "; ", reason));
}

}  // namespace

std::string NamedKey::name() const { return key_name(config.domain, config.selector); }

Result<SealingKeyConfig> record_of(const KeysOptions& options) {
  SealingKeyConfig key;
  ICM_TRY(key.domain, in_form(domain_name_form(), "--domain", options.domain));
  ICM_TRY(key.selector, in_form(selector_form(), "--selector", options.selector));
  if (auto name = Domain::parse(key_name(key.domain, key.selector)); !name) {
    return fail_at("--selector", name.error());
  }
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(options.file, error);
  key.file = error ? options.file : path.lexically_normal().string();
  return key;
}

Result<std::vector<NamedKey>> named_keys(const KeysOptions& options) {
  std::vector<NamedKey> keys;
  if (!options.file.empty()) {
    ICM_TRY(SealingKeyConfig config, record_of(options));
    auto file = read(config.file, options.credentials);
    keys.push_back({.config = std::move(config), .file = std::move(file)});
    return keys;
  }
  ICM_TRY(const Config config, load_configuration(options.dns.config));
  for (const SealingKeyConfig& key : config.arc_sealing.keys) {
    keys.push_back({.config = key, .file = read(key.file, options.credentials)});
  }
  if (!keys.empty()) return keys;
  const std::string place =
      options.dns.config.empty() ? std::string(default_config_path) : options.dns.config;
  return fail(Code::config, fmt::format("{}: there is no key in arc_sealing.keys; "
                                        "\"icloud-milterctl keys generate\" makes one",
                                        place));
}

std::vector<NamedKey> one_for_each_record(std::vector<NamedKey> keys) {
  std::vector<NamedKey> first;
  for (NamedKey& key : keys) {
    const bool is_known = std::any_of(first.begin(), first.end(), [&](const NamedKey& other) {
      return other.name() == key.name();
    });
    if (!is_known) first.push_back(std::move(key));
  }
  return first;
}

bool complain_of(const NamedKey& key) {
  if (!key.file) {
    complain(key.file.error().text);
    return false;
  }
  for (const std::string& warning : key.file->warnings) complain("warning: " + warning);
  return true;
}

}  // namespace icm::ctl
