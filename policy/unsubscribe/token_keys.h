// SPDX-License-Identifier: Apache-2.0
//
// The keys of the tokens, from where the configuration says.
#pragma once

#include <string>

#include "policy/base/result.h"
#include "policy/unsubscribe/token.h"

namespace icm {

// `file` is /PATH or credential:NAME; `credentials_directory` is systemd's CREDENTIALS_DIRECTORY,
// empty when there is none. The Error (Code::config) names the option.
[[nodiscard]] Result<UnsubscribeTokens> load_unsubscribe_tokens(
    const std::string& file, const std::string& credentials_directory);

}  // namespace icm
