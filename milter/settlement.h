// SPDX-License-Identifier: Apache-2.0
//
// Settlement: the verdict on a message and those on its recipients, made into one thing that can be
// done at the end of a message.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/verdict.h"

namespace icm {

// An Apple recipient, and what was decided about it at RCPT where that could not be answered there.
struct AppleRecipient {
  std::size_t index = 0;  // in Envelope::recipients
  std::string argument;   // exactly as RCPT gave it
  Verdict verdict;        // accept where nothing is left to be done
};

struct Settlement {
  Verdict verdict;                     // for the message as a whole
  std::vector<std::size_t> removed;    // indices into Envelope::recipients; these get nothing
  std::vector<std::string> deletions;  // the same recipients, as RCPT gave them
};

// Mail that came by no SMTP cannot be refused recipient by recipient: Postfix takes a refused RCPT
// there for a broken configuration and keeps the message in the queue. So at its end
//   a deferred recipient defers the message (it is tried again, and nobody has got it yet),
//   refused recipients are taken off when somebody is left, else the message is refused, which
//   makes Postfix tell the sender.
// A message for Apple and for others that must be refused: `mixed` says whether Apple's recipients
// are taken off or everybody gets it. With `remove`, deferring and holding act on the whole
// message, since a recipient that is taken off is not tried again.
Settlement settle(Verdict message, const std::vector<AppleRecipient>& apple,
                  const Envelope& envelope, MixedRefusal mixed);

}  // namespace icm
