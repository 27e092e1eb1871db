// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/sealing_keys.h"

#include <algorithm>
#include <map>

#include "policy/auth/key_file.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::string_view credential_mark = "credential:";

Result<KeyFile> read_configured(const std::string& file, const std::string& credentials_directory) {
  ICM_TRY(const std::string path, key_path(file, credentials_directory));
  return read_key_file(path,
                       file.starts_with(credential_mark) ? KeyGuard::credential : KeyGuard::mode);
}

bool names(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Result<std::string> key_path(const std::string& file, const std::string& credentials_directory) {
  if (!file.starts_with(credential_mark)) return file;
  const std::string name = file.substr(credential_mark.size());
  if (credentials_directory.empty()) {
    return fail(Code::config,
                fmt::format("{}: CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with "
                            "LoadCredential={}:/PATH",
                            file, name));
  }
  return fmt::format("{}/{}", credentials_directory, name);
}

Result<SealingKeys> SealingKeys::load(const std::vector<SealingKeyConfig>& configs,
                                      const std::string& credentials_directory) {
  SealingKeys loaded;
  std::map<std::string, Result<KeyFile>> files;  // one may seal for several domains
  std::string problems;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const SealingKeyConfig& config = configs[i];
    const auto known = files.find(config.file);
    const bool is_new = known == files.end();
    const Result<KeyFile>& file =
        is_new ? files.emplace(config.file, read_configured(config.file, credentials_directory))
                     .first->second
               : known->second;
    const std::string option = fmt::format("arc_sealing.keys[{}].file", i + 1);
    if (!file) {
      if (is_new) {
        problems +=
            fmt::format("{}{}: {}", problems.empty() ? "" : "\n", option, file.error().text);
      }
      continue;
    }
    for (const std::string& warning : is_new ? file->warnings : std::vector<std::string>{}) {
      loaded.warnings_.push_back(fmt::format("{}: {}", option, warning));
    }
    loaded.keys_.push_back({.domain = config.domain,
                            .selector = config.selector,
                            .key = file->key,
                            .file = config.file});
    loaded.scopes_.push_back({config.recipients, config.listeners});
  }
  if (!problems.empty()) return fail(Code::config, std::move(problems));
  return loaded;
}

const SealingKey* SealingKeys::choose(std::string_view recipient_domain,
                                      std::string_view listener) const {
  const std::string recipient = lower_ascii(recipient_domain);  // as the configuration has it
  const SealingKey* best = nullptr;
  int best_weight = -1;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Scope& scope = scopes_[i];
    if (!scope.recipients.empty() && !names(scope.recipients, recipient)) continue;
    if (!scope.listeners.empty() && !names(scope.listeners, listener)) continue;
    const int weight = (scope.recipients.empty() ? 0 : 2) + (scope.listeners.empty() ? 0 : 1);
    if (weight <= best_weight) continue;
    best = &keys_[i];
    best_weight = weight;
  }
  return best;
}

}  // namespace icm
