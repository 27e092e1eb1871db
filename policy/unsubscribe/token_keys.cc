// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/token_keys.h"

#include "policy/auth/sealing_keys.h"
#include "policy/auth/secret_file.h"

namespace icm {

Result<UnsubscribeTokens> load_unsubscribe_tokens(const std::string& file,
                                                  const std::string& credentials_directory) {
  constexpr std::string_view option = "unsubscribe.key_file";
  const bool is_credential = file.starts_with("credential:");
  const auto path = key_path(file, credentials_directory);
  if (!path) return fail_at(option, path.error());
  const auto keys = read_secret_keys(*path, is_credential ? KeyGuard::credential : KeyGuard::mode);
  if (!keys) return fail_at(option, keys.error());
  return UnsubscribeTokens(*keys);
}

}  // namespace icm
