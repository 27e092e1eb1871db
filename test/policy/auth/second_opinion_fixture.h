// SPDX-License-Identifier: Apache-2.0
//
// What the tests of second opinions say: an opinion in one word or sentence, printed as it is.
#pragma once

#include <ostream>
#include <string>

#include "policy/auth/second_opinion.h"

namespace icm {

inline void PrintTo(const SecondOpinion& opinion, std::ostream* out) {
  *out << "{\"" << opinion.result << "\", \"" << opinion.reason << "\"}";
}

inline Deadline soon() { return Deadline::in(std::chrono::seconds{60}); }

inline SecondOpinion said(std::string result, std::string reason = {}) {
  return {.result = std::move(result), .reason = std::move(reason)};
}

inline SecondOpinion unasked(const std::string& why) { return SecondOpinion::not_asked(why); }

}  // namespace icm
