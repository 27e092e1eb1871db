// SPDX-License-Identifier: Apache-2.0
//
// A message written in a test, as the header list and body that the code under test takes.
#pragma once

#include <string>
#include <string_view>

#include "policy/message/header.h"

namespace icm {

struct MailText {
  HeaderList headers;
  std::string body;
};

// `text` has LF line ends, as a raw string literal does; they become CRLF.
inline MailText mail_text(std::string_view text) {
  std::string wire;
  for (const char c : text) wire += c == '\n' ? "\r\n" : std::string(1, c);
  MailText mail;
  std::string_view rest = wire;
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    std::size_t end = rest.find("\r\n");
    while (end + 2 < rest.size() && (rest[end + 2] == ' ' || rest[end + 2] == '\t'))
      end = rest.find("\r\n", end + 2);
    const std::string_view field = rest.substr(0, end);
    const std::size_t colon = field.find(':');
    mail.headers.add(field.substr(0, colon), field.substr(colon + 1));
    rest.remove_prefix(end + 2);
  }
  if (!rest.empty()) mail.body = rest.substr(2);
  return mail;
}

}  // namespace icm
