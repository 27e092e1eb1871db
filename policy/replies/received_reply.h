// SPDX-License-Identifier: Apache-2.0
//
// A reply to mail that we handed over, as logs, bounces and programs quote it, taken apart: whose
// words they are, the code, the words. What the words mean is the table's business.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace icm {

enum class Speaker {
  unknown,    // a bare reply: nothing around it says who gave it
  receiver,   // "host mx.example[192.0.2.1] said:", "Diagnostic-Code: smtp;", ...
  ourselves,  // our own mail server: "connect to", "milter-reject:", ...
};

struct ReceivedReply {
  Speaker speaker = Speaker::unknown;
  int code = 0;                // of the last line of the reply (RFC 5321 §4.2.1); 0: none
  std::string enhanced_code;   // RFC 3463, "5.1.1"; empty: none
  std::string text;            // the words: printable ASCII, blanks never doubled, no code in front
  std::string command;         // "RCPT TO", "end of DATA", as it is quoted; empty: not said
  std::string transaction_id;  // Apple's "Txn ID", by which its postmaster finds the event

  // 2, 4 or 5: the code's, which outranks the enhanced one as in Postfix; 0 when there is neither.
  int severity() const;

  // RFC 5321 §3.3: it answers a command before the first RCPT, so it is about no recipient,
  // whatever its words and codes are.
  bool names_no_recipient() const;
};

// Octets beyond this are not looked at.
inline constexpr std::size_t max_reply_octets = 8 * 1024;

// Never fails: octets that are no reply become text without a code. Takes a bare reply, a log line
// of Postfix, Sendmail or Exim, a Diagnostic-Code field, or what mail programs say in bounces.
// Typographic apostrophes, quotes, dashes and blanks become ASCII, other octets "?".
ReceivedReply parse_received_reply(std::string_view octets);

// `text` with "<@>" and "@" in place of addresses and of names in angle brackets: what a sender or
// a recipient is called must not read as what the receiver says (userunknown@icloud.com).
std::string words_without_addresses(std::string_view text);

}  // namespace icm
