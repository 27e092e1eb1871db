// SPDX-License-Identifier: Apache-2.0
#include "milter/reply_text.h"

#include <string_view>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_reply_line = 512;  // RFC 5321 §4.5.3.1.5, code and CRLF included
constexpr std::string_view cut_mark = "...";

// RFC 5321 §4.2: the second digit is 0 to 5. Only refusals are ours to give.
bool is_refusal(int code) { return (code >= 400 && code <= 459) || (code >= 500 && code <= 559); }

bool is_short_number(std::string_view digits) {
  return parse_number(digits).has_value() && digits.size() <= 3;
}

// RFC 3463 §2: class "." subject "." detail, the latter two of 1 to 3 digits. RFC 2034 §4 wants the
// class to be the reply's first digit; a stray one is corrected, the rest of the code is kept.
std::string legal_enhanced(std::string_view enhanced, char reply_class) {
  const auto parts = split(enhanced, '.');
  const bool is_legal = parts.size() == 3 && parts[0].size() == 1 && is_short_number(parts[0]) &&
                        is_short_number(parts[1]) && is_short_number(parts[2]);
  std::string legal = is_legal ? std::string(enhanced) : std::string("x.0.0");
  legal[0] = reply_class;
  return legal;
}

// One blank for any run of blanks and line ends, '?' for each character that is not ASCII: a reply
// must be ASCII unless the client asked for SMTPUTF8 (RFC 6531 §3.5), and we cannot know.
std::string legal_text(std::string_view text, std::size_t room) {
  std::string legal;
  std::size_t cost = 0;
  const auto weight = [](char c) { return c == '%' ? 2u : 1u; };
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if ((octet & 0xC0u) == 0x80u) continue;  // the rest of a UTF-8 character
    const bool is_blank = octet <= ' ' || octet == 0x7f;
    if (is_blank && (legal.empty() || legal.back() == ' ')) continue;
    const char next = is_blank ? ' ' : octet > 0x7f ? '?' : c;
    legal += next;
    cost += weight(next);
  }
  while (!legal.empty() && legal.back() == ' ') legal.pop_back();
  if (cost <= room) return legal;
  while (cost > room - cut_mark.size()) {
    cost -= weight(legal.back());
    legal.pop_back();
  }
  return legal.append(cut_mark);
}

}  // namespace

SmtpReply legal_reply(const SmtpReply& reply) {
  SmtpReply legal;
  if (is_refusal(reply.code)) {
    legal.code = reply.code;
    legal.enhanced = legal_enhanced(reply.enhanced, reply.code < 500 ? '4' : '5');
  } else {
    legal.code = 451;
    legal.enhanced = "4.3.0";
  }
  const std::size_t overhead = std::string_view("550 ").size() + legal.enhanced.size() + 1 + 2;
  legal.text = legal_text(reply.text, max_reply_line - overhead);
  if (legal.text.empty()) legal.text = legal.code < 500 ? "Try again later" : "Message refused";
  return legal;
}

std::string to_string(const SmtpReply& reply) {
  return fmt::format("{} {} {}", reply.code, reply.enhanced, reply.text);
}

}  // namespace icm
