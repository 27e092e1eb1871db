// SPDX-License-Identifier: Apache-2.0
//
// Facts: all that a policy may know about one message.
#pragma once

#include "policy/auth/auth_results.h"
#include "policy/auth/authenticator.h"
#include "policy/base/clock.h"
#include "policy/classification.h"
#include "policy/message/body_scan.h"
#include "policy/message/envelope.h"
#include "policy/message/header.h"
#include "policy/message/structured.h"

namespace icm {

class SecondOpinions;

// References into an Inspection; valid while it is judged.
struct Facts {
  const Envelope& envelope;
  const HeaderList& headers;
  const BodyFindings& body;                     // the body itself is gone
  const Result<std::vector<Address>>& authors;  // the From field parsed, or what is wrong with it
  const Classification& classification;
  WallTime now;
  bool header_overflow = false;  // `headers` lacks fields that were beyond the configured bounds

  // What we wrote down about its sender when the message came in, as far as it can be believed:
  // spf, dkim, dmarc, arc in the order of the header. Empty where nobody has looked.
  const std::vector<MethodResult>* arrival = nullptr;

  // Who the message is from as Apple will see it. Absent where nobody asked: a policy that needs it
  // has nothing to say then.
  const Authentication* authentication = nullptr;
  const SpfQuestions* spf_questions = nullptr;  // with it: what SPF was asked
  AuthSources* sources = nullptr;               // with it: where more can be looked up
  SecondOpinions* second_opinions = nullptr;    // with it: to be asked before a refusal
};

}  // namespace icm
