// SPDX-License-Identifier: Apache-2.0
//
// Insertions taken out of a text that was edited since: what somebody else wrote stays.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/postfix/insertion.h"

namespace icm::ctl::postfix {

struct Removal {
  std::string text;
  // Sentences about what was not found as it was put there:
  std::vector<std::string> left;   // what becomes of it when it is taken out
  std::vector<std::string> drift;  // how it differs, where that was not for anybody to change
};

// Takes out what is still there. What stands between our marks goes, but for entries that somebody
// added there, and for what somebody added to the value of a parameter that others have, too.
Removal take_out(std::string_view text, File file, const std::vector<Insertion>& insertions);

// The value of that parameter without what `ours`, another value of it, has brought: milters at the
// same place, tables that are the same, and in tables written out the ways to our gate. What is
// left is as it was written.
std::string without(std::string_view parameter, std::string_view value, std::string_view ours);

}  // namespace icm::ctl::postfix
