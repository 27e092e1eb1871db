// SPDX-License-Identifier: Apache-2.0
//
// header_lines: any octets as a message that mail_text can take: in the header each line is a field
// or a fold, what is neither is left out.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "test/support/mail_text.h"

namespace icm {

inline MailText header_lines(std::string_view input) {
  std::string text;
  bool in_header = true;
  for (const std::string_view line : split(input, '\n')) {
    in_header = in_header && !line.empty();
    const bool is_fold = !text.empty() && !line.empty() && is_wsp(line.front());
    if (in_header && !is_fold && line.find(':') == std::string_view::npos) continue;
    if (in_header && line.find('\r') != std::string_view::npos) continue;
    text += std::string(line) + "\n";
  }
  return mail_text(text);
}

}  // namespace icm
