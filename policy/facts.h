// SPDX-License-Identifier: Apache-2.0
//
// Facts: all that a policy may know about one message.
#pragma once

#include "policy/base/clock.h"
#include "policy/classification.h"
#include "policy/message/body_scan.h"
#include "policy/message/envelope.h"
#include "policy/message/header.h"
#include "policy/message/structured.h"

namespace icm {

// References into an Inspection; valid while it is judged.
struct Facts {
  const Envelope& envelope;
  const HeaderList& headers;
  const BodyFindings& body;                   // the body itself is gone
  const Result<std::vector<Address>>& authors;  // the From field parsed, or what is wrong with it
  const Classification& classification;
  WallTime now;
  bool header_overflow = false;  // `headers` lacks fields that were beyond the configured bounds
};

}  // namespace icm
