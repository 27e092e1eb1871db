// SPDX-License-Identifier: Apache-2.0
//
// A mail that came to the unsubscribe address: what does whoever sent it want?
//
// Apple Mail's button sends an empty subject and X-Apple-Unsubscribe: true; other programs send the
// subject of the mailto form. What an answering machine or a mail server sends is never a wish: it
// answers our mail, and knows nothing of lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/message/header.h"
#include "policy/unsubscribe/forms.h"
#include "policy/unsubscribe/token.h"

namespace icm {

struct IntakeMail {
  // From the envelope, where it is known; else the fields that a delivery leaves behind are read.
  std::optional<std::string> sender;  // empty: the null reverse-path
  std::vector<std::string> recipients;
  HeaderList headers;
};

struct IntakeResult {
  enum class Kind {
    wish,       // `wish` is to be fulfilled
    automatic,  // nobody wrote it; nothing to do
    unclear,    // somebody may want something, but no token of ours says what
  };
  Kind kind = Kind::unclear;
  UnsubscribeWish wish;
  std::string evidence;  // how it was said, or why it is no wish; safe to print, no addresses
};

// `scopes` are those that a mark is tried with: it names none itself.
IntakeResult read_intake(const UnsubscribeTokens& tokens, const UnsubscribePlace& place,
                         const std::vector<std::string>& scopes, const IntakeMail& mail);

}  // namespace icm
