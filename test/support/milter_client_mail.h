// SPDX-License-Identifier: Apache-2.0
//
// One message through a filter, from MAIL to its end, in the order and with the shortcuts of
// a mail server: a refused recipient alone is left out, a final answer ends the message.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/result.h"
#include "test/support/milter_client.h"

namespace icm {

struct MilterMail {
  // When the queue id becomes known. Postfix knows it once a recipient was accepted.
  enum class QueueIdKnown { at_mail, after_first_recipient, at_end_of_header, never };

  enum class Ending { end_of_message, abort };  // abort: RSET after all that was given

  std::vector<std::string> mail = {"<sender@example.org>"};
  std::vector<std::vector<std::string>> recipients;
  std::vector<std::pair<std::string, std::string>> fields;  // values with their leading blank
  std::string body;
  std::string login;
  std::string queue_id;
  QueueIdKnown queue_id_known = QueueIdKnown::after_first_recipient;
  Ending ending = Ending::end_of_message;
};

struct MilterOutcome {
  enum class Stage { mail, rcpt, data, header, end_of_header, body, end_of_message, aborted };

  Stage stage = Stage::mail;             // where the message found its end
  std::vector<MilterAnswer> recipients;  // one per recipient asked about
  MilterAnswer answer;                   // the one that ended it
  std::vector<MilterChange> changes;
  int progress = 0;

  // True when the message goes on to its recipients.
  bool goes_on() const;
  bool operator==(const MilterOutcome&) const = default;
};

std::string_view to_string(MilterOutcome::Stage stage);

// Sends the message and, as Postfix does before the next one, an abort behind it. When every
// recipient was refused the message ends there. An Error ends the conversation.
[[nodiscard]] Result<MilterOutcome> send_mail(MailFilter& filter, const MilterMail& mail);

}  // namespace icm
