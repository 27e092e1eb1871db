// SPDX-License-Identifier: Apache-2.0
//
// The words in which a reply's meaning is told: what kind of trouble it is, whether it passes, what
// it is about, what is to be done, how sure we are. The table's files and the JSON of
// icloud-milterctl spell them like this.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace icm {

enum class ReplyClass {
  recipient_gone,
  recipient_inactive,
  mailbox_full,
  sender_unregistered,
  auth,
  dmarc,
  content,
  reputation_ip,
  reputation_domain,
  throttle,
  connection,
  our_dns,
  protocol,
  size,
  outage,
  relay_denied,
  success,
  local,
  unknown,
};

enum class ReplyNature {
  permanent,
  transient,
  transient_as_5xx,  // says 5xx and passes all the same
  permanent_as_4xx,  // says 4xx and never passes until somebody acts
  until_fixed,
  outage_suspect,
  success,
  unknown,
};

enum class ReplyScope { address, message, sending_domain, ip, destination };

enum class ReplyAction {
  record_success,
  suppress_address,  // at the first hit, once the breaker was asked
  suspend_address,   // count it; suppress only when it repeats over weeks
  retry_soft,
  slow_address,
  pause_destination,
  stop_destination_alert,
  stop_message_alert,
  fix_config_alert,
  requeue_elsewhere,
  sample_alert,
};

enum class Confidence { high, medium, low };

std::string_view to_string(ReplyClass word);
std::string_view to_string(ReplyNature word);
std::string_view to_string(ReplyScope word);
std::string_view to_string(ReplyAction word);
std::string_view to_string(Confidence word);

// The word that is spelled like this; nullopt when there is none.
template <class Word>
std::optional<Word> reply_word(std::string_view text);

// All spellings, for complaints.
template <class Word>
std::vector<std::string_view> reply_spellings();

}  // namespace icm
