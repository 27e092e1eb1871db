// SPDX-License-Identifier: Apache-2.0
//
// What stands on the command line of icloud-milterctl unsubscribe, and the site it works for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/command.h"
#include "policy/config/config.h"
#include "policy/store/suppression_book.h"
#include "policy/unsubscribe/forms.h"

namespace icm::ctl {

// As the command line has it; empty is "not given".
struct UnsubscribeOptions {
  std::string config;
  std::vector<std::string> addresses;
  std::string stream;
  std::string list;
  bool all_mail = false;
  bool json = false;
  std::string recipient;
  std::string sender;
  bool has_sender = false;  // an empty sender is one, too
  std::string unclear = "bounce";
  std::string listen;
};

// One function for each word behind `unsubscribe`.
Exit unsubscribe_address(const UnsubscribeOptions& options);
Exit unsubscribe_intake(const UnsubscribeOptions& options);
Exit unsubscribe_serve(const UnsubscribeOptions& options);

// The configuration, and what is made of its section `unsubscribe`.
struct UnsubscribeSite {
  Config config;
  UnsubscribeTokens tokens;
  UnsubscribePlace place;
  std::string default_scope;
  std::vector<std::string> scopes;  // global and every declared stream
};

// Code::config says what an administrator has to change.
[[nodiscard]] Result<UnsubscribeSite> load_unsubscribe_site(const std::string& config_path);

// Puts a wish on the list, with how it came (`source`, `evidence`) and by which program (`who`).
// One that stands there is left as it is, with the evidence of the first time: a token that is used
// a thousand times leaves one line. One for a stream that the configuration does not declare (any
// more) is kept for all mail: under that name it would hold for none.
[[nodiscard]] Result<icm::Outcome> keep_wish(const UnsubscribeSite& site, SuppressionBook& book,
                                             const UnsubscribeWish& wish, std::string_view source,
                                             std::string_view evidence, std::string_view who);

}  // namespace icm::ctl
