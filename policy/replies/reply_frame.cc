// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_frame.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;

// Words, in small letters, behind which the receiver's own begin.
constexpr std::array<std::string_view, 17> receiver_says = {
    " said: ",                               // Postfix; qmail's "Remote host said:"
    "refused to talk to me: ",               // Postfix, of a greeting
    "error from remote mail server",         // Exim: "SMTP error from ... after RCPT TO:<a>:"
    "remote host said:",                     // qmail
    "response from the remote server was:",  // Google
    "remote server returned",                // Exchange
    "remote server responded",
    "remote server said:",
    "remote mta replied:",
    "server responded with",
    "server replied:",
    "diagnostic-code:",  // RFC 3464 §2.3.6
    "smtp; ",
    "smtp;",
    "<<< ",    // Sendmail's transcript
    "reply=",  // Sendmail's log
    "response: ",
};

// How lines begin, in small letters, that our own server writes of itself.
constexpr std::array<std::string_view, 15> our_own = {"connect to ",
                                                      "connection timed out",
                                                      "connection refused",
                                                      "lost connection with",
                                                      "conversation with",
                                                      "host or domain name not found",
                                                      "name service error",
                                                      "cannot start tls",
                                                      "tls is required",
                                                      "server certificate not",
                                                      "message size ",
                                                      "smtputf8 is required",
                                                      "mail transport unavailable",
                                                      "unable to look up host",
                                                      "network is unreachable"};

// What our own smtpd and cleanup log of mail that they were handed.
constexpr std::array<std::string_view, 7> our_answers = {
    "noqueue: ",      "milter-reject:",   "milter-hold:", "milter-discard:",
    "milter-accept:", "milter-tempfail:", "milter inet:"};

// Filters behind our own server, whose refusals are its own.
constexpr std::array<std::string_view, 3> our_hosts = {"host 127.0.0.1[", "host localhost[",
                                                       "host ::1["};

// Sendmail's and OpenSMTPD's summary of what happened; the receiver's words may follow.
constexpr std::string_view summary = "stat=";

// Sendmail's words for its own exit statuses (sysexits.h): "User unknown" for every 550, 551 and
// 553, whatever the receiver said. Only "dsn=" is the receiver's then.
constexpr std::array<std::string_view, 3> exit_words = {"user unknown", "service unavailable",
                                                        "data format error"};

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '"' || text.back() == '\'')) text.remove_suffix(1);
  return trim(text);
}

// "(in reply to RCPT TO command)" at the end, wherever the end was cut.
void leave_command(ReplyFrame& frame) {
  constexpr std::string_view opening = "(in reply to ";
  const std::size_t begin = lower_ascii(frame.words).rfind(opening);
  if (begin == npos) return;
  std::string_view command = frame.words.substr(begin + opening.size());
  frame.words = trim(frame.words.substr(0, begin));
  command = trim(command.substr(0, command.find(')')));
  if (ends_with_ascii(command, " command")) command.remove_suffix(8);
  frame.command = command;
}

// Exim: "error from remote mail server after RCPT TO:<a@icloud.com>: 550 ...".
void take_command(std::string_view lower, std::string_view text, ReplyFrame& frame) {
  constexpr std::string_view opening = "error from remote mail server after ";
  constexpr std::string_view pipelined = "pipelined ";
  constexpr std::string_view greeting = "refused to talk to me";
  if (const std::size_t at = lower.find(greeting); at != npos) {
    frame.command = text.substr(at, greeting.size());
  } else if (const std::size_t after = lower.find(opening); after != npos) {
    std::size_t begin = after + opening.size();
    if (lower.substr(begin).starts_with(pipelined)) begin += pipelined.size();
    frame.command = text.substr(begin, text.find(':', begin) - begin);
  }
}

// Events in JSON: {"response":"550 ...","command":"MAIL FROM"}, of nodemailer and KumoMTA.
void take_command_field(std::string_view lower, std::string_view text, ReplyFrame& frame) {
  constexpr std::string_view name = "\"command\":";
  const std::size_t at = lower.rfind(name);
  if (at == npos || !frame.command.empty() || !text.starts_with('{')) return;
  const std::size_t begin = text.find('"', at + name.size());
  if (begin == npos || begin - at > name.size() + 1) return;
  frame.command = text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
}

// Exchange: "554 5.7.1 <mx.example #5.7.1 smtp; 554 5.7.1 words>".
std::string_view without_exchange_frame(std::string_view words) {
  constexpr std::string_view codes = "0123456789. -#";
  constexpr std::string_view quoted = "smtp;";
  const std::size_t open = words.find_first_not_of(codes);
  if (open == npos || words[open] != '<') return words;
  const std::string lower = lower_ascii(words.substr(0, words.find('>')));
  const std::size_t begin = lower.find(quoted);
  if (begin == npos || lower.find('#', open) > begin) return words;
  std::string_view inner = trim(words.substr(begin + quoted.size()));
  // The outer code is what was said to us; words within that say otherwise are no frame.
  const bool agrees =
      open == 0 || words[open - 1] == '#' || inner.substr(0, 1) == words.substr(0, 1);
  if (!agrees) return words;
  if (inner.ends_with('>')) inner.remove_suffix(1);
  return trim(inner);
}

struct Found {
  std::size_t begin = npos;
  std::size_t end = npos;
};

Found first_of_receiver(std::string_view lower) {
  Found first;
  for (const std::string_view words : receiver_says) {
    const std::size_t begin = lower.find(words);
    if (begin < first.begin) first = {begin, begin + words.size()};
  }
  return first;
}

std::size_t first_of(std::span<const std::string_view> several, std::string_view lower) {
  std::size_t first = npos;
  for (const std::string_view words : several) first = std::min(first, lower.find(words));
  return first;
}

// A bare reply begins with its code; whatever it says further on is no frame.
bool begins_with_code(std::string_view text) {
  if (text.size() > 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) &&
      is_digit(text[2]) && !is_digit(text[3]) && text[3] != '.') {
    return true;
  }
  return !leading_enhanced_code(text).empty();
}

// Postfix's log: "..., dsn=5.1.1, status=bounced (WORDS)". Only a success gives the receiver's
// words without saying so.
bool enter_status(std::string_view& text, std::string_view lower, ReplyFrame& frame) {
  const std::size_t status = lower.find("status=");
  // In a bare reply, or behind a frame, it is the receiver who wrote it.
  if (status == npos || begins_with_code(text) || first_of_receiver(lower).begin < status) {
    return false;
  }
  const std::size_t open = lower.find(" (", status);
  if (open == npos || open - status > 32) return false;
  const std::size_t code = lower.rfind("dsn=", status);
  if (code != npos) frame.enhanced_code = leading_enhanced_code(text.substr(code + 4));
  const bool is_sent = lower.substr(status + 7).starts_with("sent");
  frame.speaker = is_sent ? Speaker::receiver : Speaker::ourselves;
  text.remove_prefix(open + 2);
  if (text.ends_with(')')) text.remove_suffix(1);
  return true;
}

}  // namespace

std::string_view leading_enhanced_code(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return {};
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    const std::size_t longest = part == 0 ? 1 : 3;
    if (at == begin || at - begin > longest) return {};
  }
  const bool is_class = text[0] == '2' || text[0] == '4' || text[0] == '5';
  const bool goes_on = at < text.size() && (text[at] == '.' || is_alpha(text[at]));
  // "5.1.1." at the end of a sentence is one, "5.1.1.7" is none.
  const bool is_stop =
      goes_on && text[at] == '.' && (at + 1 == text.size() || !is_digit(text[at + 1]));
  if (!is_class || (goes_on && !is_stop)) return {};
  return text.substr(0, at);
}

ReplyFrame find_frame(std::string_view text) {
  ReplyFrame frame;
  text = trim(text);
  std::string lower = lower_ascii(text);
  const bool is_status = enter_status(text, lower, frame);
  if (is_status) lower = lower_ascii(text);
  frame.words = text;
  if (begins_with_code(text)) {
    leave_command(frame);
    frame.words = without_exchange_frame(frame.words);
    return frame;
  }
  // A receiver's reply is always led in ("said:"): what else stands there, a table of ours says.
  if (!is_status) frame.speaker = Speaker::unknown;
  const Found receiver = first_of_receiver(lower);
  const std::size_t answer = first_of(our_answers, lower);
  const std::size_t ours = first_of(our_own, lower);
  if (answer < std::min(receiver.begin, ours)) {
    frame.speaker = Speaker::ourselves;
    frame.words = text.substr(answer);
    frame.is_our_answer = true;
    return frame;
  }
  if (receiver.begin < ours) {
    const bool is_our_host = first_of(our_hosts, lower) < receiver.begin;
    frame.speaker = is_our_host ? Speaker::ourselves : Speaker::receiver;
    frame.words = without_quotes(text.substr(receiver.end));
    take_command(std::string_view(lower).substr(0, receiver.end + 64), text, frame);
    const Found nested = first_of_receiver(lower_ascii(frame.words));
    // "Diagnostic-Code: smtp; host mx[192.0.2.1] said: 550 ..." is two frames.
    if (nested.begin != npos && !begins_with_code(frame.words)) {
      frame.words = without_quotes(frame.words.substr(nested.end));
    }
  } else if (ours != npos) {
    frame.speaker = Speaker::ourselves;
  } else if (const std::size_t stat = lower.find(summary); stat != npos) {
    const std::size_t code = lower.rfind("dsn=", stat);
    if (code != npos) frame.enhanced_code = leading_enhanced_code(text.substr(code + 4));
    frame.words = without_quotes(text.substr(stat + summary.size()));
    const bool is_exit =
        std::ranges::find(exit_words, lower_ascii(frame.words)) != exit_words.end();
    if (is_exit && !frame.enhanced_code.empty()) frame.words = {};
  }
  leave_command(frame);
  take_command_field(lower, text, frame);
  frame.words = without_exchange_frame(frame.words);
  return frame;
}

}  // namespace icm
