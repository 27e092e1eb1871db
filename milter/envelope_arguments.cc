// SPDX-License-Identifier: Apache-2.0
#include "milter/envelope_arguments.h"

#include "policy/base/text.h"

namespace icm {
namespace {

std::string_view without_brackets(std::string_view address) {
  if (address.size() >= 2 && address.front() == '<' && address.back() == '>') {
    address.remove_prefix(1);
    address.remove_suffix(1);
  }
  return address;
}

// RFC 3461 §4 hexchar: upper case only.
std::optional<int> hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> original_recipient(SmtpArguments arguments) {
  constexpr std::string_view keyword = "ORCPT=";
  constexpr std::string_view type = "rfc822;";
  for (const std::string_view parameter : arguments.subspan(1)) {
    if (!starts_with_ascii(parameter, keyword)) continue;
    const std::string_view value = parameter.substr(keyword.size());
    if (!starts_with_ascii(value, type)) return std::nullopt;
    return decode_xtext(value.substr(type.size()));
  }
  return std::nullopt;
}

}  // namespace

ReversePath reverse_path_of(SmtpArguments arguments) {
  return arguments.empty() ? ReversePath{} : ReversePath::from(arguments.front());
}

void read_mail_parameters(SmtpArguments arguments, Envelope& envelope) {
  constexpr std::string_view size_keyword = "SIZE=";
  if (arguments.empty()) return;
  for (const std::string_view parameter : arguments.subspan(1)) {
    if (equal_ascii(parameter, "SMTPUTF8")) envelope.smtputf8 = true;
    if (equal_ascii(parameter, "BODY=8BITMIME") || equal_ascii(parameter, "BODY=BINARYMIME")) {
      envelope.eight_bit_mime = true;
    }
    if (starts_with_ascii(parameter, size_keyword)) {
      envelope.declared_size = parse_number(parameter.substr(size_keyword.size()));
    }
  }
}

Recipient recipient_of(SmtpArguments arguments) {
  Recipient recipient;
  if (arguments.empty()) return recipient;
  recipient.text = without_brackets(arguments.front());
  if (auto mailbox = Mailbox::parse(arguments.front())) recipient.mailbox = *std::move(mailbox);
  recipient.original = original_recipient(arguments);
  return recipient;
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '+') {
      if (text.size() - at < 3) return std::nullopt;
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (!high || !low) return std::nullopt;
      decoded += static_cast<char>(*high * 16 + *low);
      at += 2;
    } else if (c >= '!' && c <= '~' && c != '=') {
      decoded += c;
    } else {
      return std::nullopt;
    }
  }
  return decoded;
}

}  // namespace icm
