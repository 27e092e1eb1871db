// SPDX-License-Identifier: Apache-2.0
//
// Classification: is this message bulk, and which declared stream does it belong to? A fact that
// several policies need, decided once.
#pragma once

#include <string>
#include <string_view>

#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/message/header.h"

namespace icm {

enum class MailClass {
  bulk,           // one message to many who subscribed
  transactional,  // a declared transactional stream
  discussion,     // a mailing list that people write to
  notice,         // DSN, MDN, auto-reply, auto-submitted notice
  personal,       // nothing says otherwise
};

std::string_view to_string(MailClass mail_class);

struct Classification {
  MailClass mail_class = MailClass::personal;
  std::string stream;  // name of the declared stream; empty when none matched
  std::string
      reason;  // the deciding signal, in words: "stream news (From domain)", "List-Unsubscribe"
  bool is_bulk() const { return mail_class == MailClass::bulk; }
};

// Declared streams first, in the order of the configuration; then what the header shows.
// Pure and safe from any thread.
Classification classify(const std::vector<StreamConfig>& streams, const Envelope& envelope,
                        const HeaderList& headers);

// The stream that the envelope alone gives away (login, envelope sender), as far as is known at
// RCPT; nullptr when none does.
const StreamConfig* stream_of_envelope(const std::vector<StreamConfig>& streams,
                                       const Envelope& envelope);

}  // namespace icm
