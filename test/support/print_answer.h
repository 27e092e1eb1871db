// SPDX-License-Identifier: Apache-2.0
//
// How answers look in a failed test.
#pragma once

#include <ostream>

#include "milter/mta.h"
#include "milter/reply_text.h"

namespace icm {

inline void PrintTo(const SmtpReply& reply, std::ostream* out) { *out << to_string(reply); }

inline void PrintTo(const Answer& answer, std::ostream* out) {
  switch (answer.kind) {
    case Answer::Kind::go_on:
      *out << "go on";
      break;
    case Answer::Kind::let_go:
      *out << "let go";
      break;
    case Answer::Kind::refuse:
      *out << "refuse " << to_string(answer.reply);
      break;
  }
}

}  // namespace icm
