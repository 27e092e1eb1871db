// SPDX-License-Identifier: Apache-2.0
#include "test/support/milter_client_packets.h"

#include "policy/base/text.h"

namespace icm {
namespace wire = milter_wire;
namespace {

// As strict as Postfix (milter8.c): a code of 4yz or 5yz, a blank or hyphen, an enhanced code of
// the same class. And stricter: Postfix drops a lone '%', here it is an error, for text was lost.
bool is_legal_reply(std::string_view text) {
  if (text.size() < 5 || (text[0] != '4' && text[0] != '5') || text[4] != text[0]) return false;
  if (!parse_number(text.substr(0, 3)) || (text[3] != ' ' && text[3] != '-')) return false;
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 2)) {
    if (text.substr(at, 2) != "%%") return false;
  }
  return true;
}

// Sendmail takes a reply for a format, so filters double each '%'.
std::string with_single_percents(std::string_view text) {
  std::string single;
  for (std::size_t i = 0; i < text.size(); ++i) {
    single += text[i];
    if (text[i] == '%') ++i;
  }
  return single;
}

}  // namespace

void put_number(std::string& out, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(number >> shift);
}

std::uint32_t number_at(std::string_view content, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<unsigned char>(content[at + i]);
  return number;
}

void put_string(std::string& out, std::string_view text) {
  out += text.substr(0, text.find('\0'));
  out += '\0';
}

std::optional<std::string> take_string(std::string_view& content) {
  const std::size_t end = content.find('\0');
  if (end == content.npos) return std::nullopt;
  std::string text(content.substr(0, end));
  content.remove_prefix(end + 1);
  return text;
}

Result<MilterAnswer> answer_of(const MilterSocket::Packet& packet) {
  using Kind = MilterAnswer::Kind;
  switch (packet.command) {
    case wire::go_on:
      return MilterAnswer{.kind = Kind::go_on, .text = {}};
    case wire::accept:
      return MilterAnswer{.kind = Kind::accept, .text = {}};
    case wire::reject:
      return MilterAnswer{.kind = Kind::reject, .text = {}};
    case wire::tempfail:
      return MilterAnswer{.kind = Kind::tempfail, .text = {}};
    case wire::discard:
      return MilterAnswer{.kind = Kind::discard, .text = {}};
    case wire::conn_fail:
    case wire::shutdown:
      return MilterAnswer{.kind = Kind::shutdown, .text = {}};
    case wire::reply_code:
      break;
    default:
      return fail(Code::permanent,
                  fmt::format("answer: expected one of c a r t d y s p, got 0x{:02x}",
                              static_cast<unsigned char>(packet.command)));
  }
  std::string_view content = packet.content;
  const auto text = take_string(content);
  if (!text || !is_legal_reply(*text)) {
    return fail(Code::permanent, fmt::format("reply: expected \"550 5.y.z text\", got \"{}\"",
                                             for_log(packet.content)));
  }
  return MilterAnswer{.kind = Kind::reply, .text = with_single_percents(*text)};
}

Result<MilterChange> change_of(const MilterSocket::Packet& packet) {
  using Kind = MilterChange::Kind;
  std::string_view content = packet.content;
  MilterChange change;
  const bool is_indexed =
      packet.command == wire::insert_header || packet.command == wire::change_header;
  if (is_indexed && content.size() >= 4) {
    change.index = number_at(content, 0);
    content.remove_prefix(4);
  }
  const bool is_field = is_indexed || packet.command == wire::add_header;
  switch (packet.command) {
    case wire::add_header:
      change.kind = Kind::add_header;
      break;
    case wire::insert_header:
      change.kind = Kind::insert_header;
      break;
    case wire::change_header:
      change.kind = Kind::change_header;
      break;
    case wire::add_recipient:
    case wire::add_recipient_with_arguments:
      change.kind = Kind::add_recipient;
      break;
    case wire::delete_recipient:
      change.kind = Kind::delete_recipient;
      break;
    case wire::change_sender:
      change.kind = Kind::change_sender;
      break;
    case wire::quarantine:
      change.kind = Kind::quarantine;
      break;
    case wire::replace_body:
      change.kind = Kind::replace_body;
      change.value = content;
      return change;
    default:
      return fail(Code::permanent, fmt::format("change: unknown command 0x{:02x}",
                                               static_cast<unsigned char>(packet.command)));
  }
  auto first = take_string(content);
  auto second = is_field ? take_string(content) : std::optional<std::string>("");
  if (!first || !second) {
    return fail(Code::permanent, fmt::format("change '{}': a string does not end", packet.command));
  }
  (change.kind == Kind::quarantine ? change.value : change.name) = *std::move(first);
  if (is_field) change.value = *std::move(second);
  return change;
}

bool is_change(char command) {
  constexpr std::string_view changes = "him+2-ebq";
  return changes.find(command) != changes.npos;
}

}  // namespace icm
