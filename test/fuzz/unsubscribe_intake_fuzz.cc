// SPDX-License-Identifier: Apache-2.0
//
// A mail of hostile octets to the unsubscribe address: nobody is unsubscribed who was not named by
// a token, and what is said of it can be printed.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/unsubscribe/intake.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/header_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  static const icm::UnsubscribeTokens tokens({std::string(32, 'n')});
  static const icm::UnsubscribePlace place{"https://news.example.com/unsubscribe",
                                           "unsubscribe@news.example.com", "+"};
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  icm::IntakeMail mail;
  mail.headers = icm::header_lines(text).headers;
  if (size > 0 && (octets[0] & 1) != 0) mail.sender = std::string(text.substr(0, 40));
  if (size > 0 && (octets[0] & 2) != 0) mail.recipients = {std::string(text.substr(0, 100))};
  const icm::IntakeResult result = icm::read_intake(tokens, place, {"global", "stream:news"}, mail);
  icm::demand(icm::is_printable(result.evidence), "cannot be printed", result.evidence);
  if (result.kind == icm::IntakeResult::Kind::wish) {
    icm::demand(icm::Mailbox::parse(result.wish.address).has_value(), "no address");
  }
  return 0;
}
