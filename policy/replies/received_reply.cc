// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/received_reply.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "policy/base/text.h"
#include "policy/replies/plain_words.h"
#include "policy/replies/reply_frame.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;

// RFC 5321 §4.2: Reply-code. First digit 2 to 5, second 0 to 5; the third is anything. 571 and its
// like are no codes of the RFC, and said all the same.
std::optional<int> code_at(std::string_view text, std::size_t at) {
  if (text.size() - at < 3) return std::nullopt;
  const char first = text[at];
  const char second = text[at + 1];
  const char third = text[at + 2];
  const bool is_second = (second >= '0' && second <= '5') || (first == '5' && second == '7');
  if (first < '2' || first > '5' || !is_second || !is_digit(third)) return std::nullopt;
  if (at + 3 < text.size() && std::string_view(" -:;,)'\"#").find(text[at + 3]) == npos) {
    return std::nullopt;
  }
  return (first - '0') * 100 + (second - '0') * 10 + (third - '0');
}

// What may stand between a code and what follows it: "550 5.1.1", "550: 5.7.1", "550 #5.1.1",
// "(550, b'5.1.1 ...')".
std::string_view after_separators(std::string_view text) {
  for (;;) {
    const std::size_t begin = text.find_first_not_of(" -:;,#'\"(");
    text.remove_prefix(std::min(begin, text.size()));
    if (!text.starts_with("b'") && !text.starts_with("b\"")) return text;
    text.remove_prefix(2);
  }
}

// In free text three digits are a code only behind a sign that leads in ("error: 550 ...") or in
// front of an enhanced code.
bool is_led_in(std::string_view text, std::size_t at) {
  const std::string_view before = trim(text.substr(0, at));
  if (before.empty()) return true;
  const char previous = text[at - 1];
  if (is_digit(previous) || is_alpha(previous) || previous == '.' || previous == '-') return false;
  if (std::string_view(":;'\"(=#<>[").find(before.back()) != npos) return true;
  return previous == ' ' && !leading_enhanced_code(after_separators(text.substr(at + 3))).empty();
}

// Where the reply's code begins in `words`; npos: it has none.
std::size_t find_code(std::string_view words) {
  for (std::size_t at = 0; at + 3 <= words.size(); ++at) {
    if (is_digit(words[at]) && code_at(words, at) && is_led_in(words, at)) return at;
  }
  return npos;
}

void take_enhanced_code(std::string_view& text, ReceivedReply& reply) {
  const std::string_view after = after_separators(text);
  const std::string_view enhanced = leading_enhanced_code(after);
  if (enhanced.empty()) return;
  reply.enhanced_code = enhanced;
  text = after.substr(enhanced.size());
}

// RFC 5321 §4.2.1: "550-words", "550-words", "550 words". Postfix logs the lines joined by blanks,
// so that codes stand between the words: " 550-5.1.1 " and " 550 5.1.1 " with the code of the first
// line, or another one with an enhanced code behind it.
bool continues(std::string_view rest, const ReceivedReply& reply) {
  const auto code = code_at(rest, 0);
  if (!code || rest.size() < 4 || (rest[3] != '-' && rest[3] != ' ')) return false;
  const std::string_view enhanced = leading_enhanced_code(rest.substr(4));
  return *code == reply.code || (!enhanced.empty() && enhanced.front() == rest.front());
}

void join_lines(std::string_view words, ReceivedReply& reply) {
  std::string joined;
  for (std::size_t at = 0; at < words.size();) {
    // Behind a colon a code is quoted ("MAIL FROM error: 451 4.7.1"), and begins no line.
    const bool at_word = at == 0 || (words[at - 1] == ' ' && (at == 1 || words[at - 2] != ':'));
    if (!at_word || !continues(words.substr(at), reply)) {
      joined += words[at++];
      continue;
    }
    const std::string_view rest = words.substr(at);
    reply.code = *code_at(rest, 0);
    std::string_view after = rest.substr(4);
    take_enhanced_code(after, reply);
    at = words.size() - after.size();
  }
  reply.text = std::move(joined);
}

// Blanks and line ends become one blank; Sendmail's own commands (">>> RCPT To:<a>") go.
std::string one_line(std::string_view text) {
  std::string line;
  for (std::string_view piece : split(text, '\n')) {
    piece = trim(piece);
    if (piece.starts_with(">>>")) continue;
    for (const char c : piece) {
      if (c != ' ' || (!line.empty() && line.back() != ' ')) line += c;
    }
    if (!line.empty() && line.back() != ' ') line += ' ';
  }
  return std::string(trim(line));
}

// "Mail command failed: 550 no such user", "callback for <b@example.org>: 550 no such user": what
// stands before the code may tell that it was no RCPT that was answered.
bool is_about_sender(std::string_view before) {
  const std::string lower = lower_ascii(before);
  constexpr std::array<std::string_view, 6> signs = {"mail from", "mail command", "callback",
                                                     "callout",   "verifying <",  "sender verif"};
  return lower.find("rcpt") == npos && std::ranges::any_of(signs, [&](std::string_view sign) {
           return lower.find(sign) != npos;
         });
}

// qmail writes "_" for blanks: "delivery 7: failure: Remote_host_said:_550_5.1.1_no_such_user/".
void read_qmail_blanks(std::string& line) {
  const std::size_t number = line.find("delivery ");
  if (number == npos || (number > 0 && line[number - 1] != ' ')) return;
  const std::size_t colon = line.find(": ", number);
  if (colon == npos || colon - number > 24) return;
  const std::string_view outcome = std::string_view(line).substr(colon + 2);
  const bool is_qmail = outcome.starts_with("success: ") || outcome.starts_with("failure: ") ||
                        outcome.starts_with("deferral: ");
  if (is_qmail)
    std::replace(line.begin() + static_cast<std::ptrdiff_t>(colon), line.end(), '_', ' ');
}

// "Txn ID 00000000-0000-0000-0000-000000000000", which makes every reply another text.
void take_transaction_id(ReceivedReply& reply) {
  constexpr std::string_view name = "txn id";
  const std::size_t begin = lower_ascii(reply.text).find(name);
  if (begin == npos) return;
  std::size_t at = reply.text.find_first_not_of(" :=#", begin + name.size());
  if (at == npos) at = reply.text.size();
  std::size_t end = at;
  while (end < reply.text.size() &&
         (is_alpha(reply.text[end]) || is_digit(reply.text[end]) || reply.text[end] == '-')) {
    ++end;
  }
  reply.transaction_id = reply.text.substr(at, end - at);
  reply.text = one_line(reply.text.substr(0, begin) + reply.text.substr(end));
}

// RFC 5321 §4.5.3.1: 64 octets, @, 255 octets, and the brackets.
constexpr std::size_t longest_name = 64 + 1 + 255 + 2;

bool ends_address(char c) { return std::string_view(" <>()[]\"',;").find(c) != npos; }

// A quoted local part up to its "@" (RFC 5321 §4.1.2), however long a sender has made it; 0: none.
std::size_t quoted_local_part(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return text.substr(at + 1).starts_with('@') ? at + 1 : 0;
    }
  }
  return 0;
}

// "<...>" with an address or a host name in it, as a whole, whatever blanks and quotes it holds.
std::size_t bracketed_name(std::string_view text) {
  if (!text.starts_with('<')) return 0;
  const std::size_t quoted = quoted_local_part(text.substr(1));
  const std::size_t end = text.find_first_of("<>", 1 + quoted);
  if (end == npos || text[end] == '<') return 0;
  const std::string_view name = text.substr(0, end);
  if (name.find_first_of("@.") == npos) return 0;
  // What a sender made too long for an address is his all the same, where it is one word.
  const bool is_word = name.find(' ', quoted) == npos;
  return is_word || end < longest_name ? end + 1 : 0;
}

std::size_t bare_address(std::string_view text) {
  std::size_t end = quoted_local_part(text);
  while (end < text.size() && !ends_address(text[end])) ++end;
  return text.substr(0, end).find('@') == npos ? 0 : end;
}

}  // namespace

std::string words_without_addresses(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    if (const std::size_t name = bracketed_name(text); name > 0) {
      words += "<@>";
      text.remove_prefix(name);
      continue;
    }
    if (const std::size_t address = bare_address(text); address > 0) {
      words += "@";
      text.remove_prefix(address);
      continue;
    }
    std::size_t end = 0;
    while (end < text.size() && !ends_address(text[end])) ++end;
    words += text.substr(0, end + 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

int ReceivedReply::severity() const {
  if (code != 0) return code / 100;
  return enhanced_code.empty() ? 0 : enhanced_code.front() - '0';
}

bool ReceivedReply::names_no_recipient() const {
  const std::string to = lower_ascii(command);
  constexpr std::array<std::string_view, 8> earlier = {
      "mail", "ehlo", "helo", "initial", "starttls", "auth", "lhlo", "refused to talk"};
  return std::ranges::any_of(earlier, [&](std::string_view word) { return to.starts_with(word); });
}

ReceivedReply parse_received_reply(std::string_view octets) {
  std::string line = one_line(plain_words(octets.substr(0, max_reply_octets)));
  read_qmail_blanks(line);
  const ReplyFrame frame = find_frame(line);
  ReceivedReply reply;
  reply.speaker = frame.speaker;
  reply.command = frame.command;
  std::string_view words = frame.words;
  const std::size_t code = frame.is_our_answer ? npos : find_code(words);
  if (frame.is_our_answer) {
    reply.text = words;
  } else if (code != npos) {
    reply.code = *code_at(words, code);
    if (reply.command.empty() && is_about_sender(words.substr(0, code))) {
      reply.command = "MAIL FROM";
    }
    const bool has_more_lines = code + 3 < words.size() && words[code + 3] == '-';
    words.remove_prefix(code + 3);
    take_enhanced_code(words, reply);
    words = after_separators(words).empty() ? std::string_view() : words;
    if (has_more_lines) {
      join_lines(words, reply);
    } else {
      reply.text = words;
    }
  } else {
    take_enhanced_code(words, reply);
    reply.text = words;
  }
  if (reply.enhanced_code.empty()) reply.enhanced_code = frame.enhanced_code;
  reply.text = one_line(reply.text);
  const std::size_t begin = reply.text.find_first_not_of(" -:;,#'");
  reply.text.erase(0, std::min(begin, reply.text.size()));
  take_transaction_id(reply);
  return reply;
}

}  // namespace icm
