// SPDX-License-Identifier: Apache-2.0
#include "test/support/milter_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/base/text.h"
#include "test/support/milter_client_packets.h"

namespace icm {
namespace {

namespace wire = milter_wire;

constexpr std::size_t most_changes = 10000;  // of one message; a filter that sends more is broken

// What Postfix 3.7 sends when a filter names no macros for a stage (milter_*_macros).
const std::vector<std::string>& default_macros(wire::Stage stage) {
  static const std::array<std::vector<std::string>, wire::stages> lists = {{
      {"j", "{daemon_name}", "{daemon_addr}", "v", "_"},
      {},
      {"i", "{auth_type}", "{auth_authen}", "{auth_author}", "{mail_addr}", "{mail_host}",
       "{mail_mailer}"},
      {"i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"},
      {"i"},
      {"i"},
      {"i"},
  }};
  return lists[stage];
}

std::string strings_of(const std::vector<std::string>& arguments) {
  std::string content;
  for (const std::string& argument : arguments) put_string(content, argument);
  return content;
}

}  // namespace

bool MilterAnswer::refuses() const {
  return kind == Kind::reject || kind == Kind::tempfail || kind == Kind::reply ||
         kind == Kind::shutdown;
}

std::string_view to_string(MilterAnswer::Kind kind) {
  switch (kind) {
    case MilterAnswer::Kind::not_owed:
      return "not owed";
    case MilterAnswer::Kind::go_on:
      return "go on";
    case MilterAnswer::Kind::accept:
      return "accept";
    case MilterAnswer::Kind::reject:
      return "reject";
    case MilterAnswer::Kind::tempfail:
      return "tempfail";
    case MilterAnswer::Kind::discard:
      return "discard";
    case MilterAnswer::Kind::reply:
      return "reply";
    case MilterAnswer::Kind::shutdown:
      return "shutdown";
  }
  return "invalid";
}

Result<MilterClient> MilterClient::open(std::string_view address, const MilterOffer& offer,
                                        std::chrono::milliseconds patience) {
  ICM_TRY(MilterSocket socket, MilterSocket::connect(address, patience));
  MilterClient client(std::move(socket));
  ICM_CHECK(client.negotiate(offer));
  return client;
}

Status MilterClient::negotiate(const MilterOffer& offer) {
  std::string content;
  for (const std::uint32_t number : {offer.version, offer.actions, offer.steps})
    put_number(content, number);
  ICM_CHECK(socket_.send(wire::negotiate, content));
  ICM_TRY(const MilterSocket::Packet packet, socket_.receive());
  if (packet.command != wire::negotiate || packet.content.size() < 12) {
    return fail(Code::permanent,
                fmt::format("negotiation: expected 'O' with 12 octets, got 0x{:02x} with {}",
                            static_cast<unsigned char>(packet.command), packet.content.size()));
  }
  terms_.version = number_at(packet.content, 0);
  terms_.actions = number_at(packet.content, 4);
  terms_.steps = number_at(packet.content, 8);
  if (terms_.version < wire::oldest_version || terms_.version > offer.version) {
    return fail(Code::permanent, fmt::format("negotiation: expected version {} to {}, got {}",
                                             wire::oldest_version, offer.version, terms_.version));
  }
  if ((terms_.actions & ~offer.actions) != 0 || (terms_.steps & ~offer.steps) != 0) {
    return fail(
        Code::permanent,
        fmt::format(
            "negotiation: the filter wants what was not offered: actions {:#x}, steps {:#x}",
            terms_.actions & ~offer.actions, terms_.steps & ~offer.steps));
  }
  return read_macro_lists(std::string_view(packet.content).substr(12));
}

Status MilterClient::read_macro_lists(std::string_view lists) {
  while (lists.size() > 4) {
    const auto stage = static_cast<int>(number_at(lists, 0));
    lists.remove_prefix(4);
    const auto names = take_string(lists);
    if (!names || stage < 0 || stage >= wire::stages) {
      return fail(Code::permanent, "negotiation: a macro list is malformed");
    }
    std::vector<std::string>& list = terms_.macros[stage];
    for (const std::string_view name : split(*names, ' ')) {
      if (!name.empty()) list.emplace_back(name);
    }
  }
  return {};
}

void MilterClient::define(std::string_view macro, std::string_view value) {
  if (value.empty()) {
    const auto known = values_.find(macro);
    if (known != values_.end()) values_.erase(known);
    return;
  }
  values_.insert_or_assign(std::string(macro), std::string(value));
}

// Postfix 3.7 sends a macro packet before every step, an empty one too, and takes an empty list for
// none (seen on the wire).
Status MilterClient::send_macros(wire::Stage stage, char command) {
  const auto named = terms_.macros.find(stage);
  const bool is_named = named != terms_.macros.end() && !named->second.empty();
  std::string content(1, command);
  for (const std::string& name : is_named ? named->second : default_macros(stage)) {
    const auto value = values_.find(name);
    if (value == values_.end()) continue;
    put_string(content, name);
    put_string(content, value->second);
  }
  return socket_.send(wire::macros, content);
}

Result<MilterAnswer> MilterClient::step(char command, std::string_view content,
                                        std::uint32_t silent) {
  ICM_CHECK(socket_.send(command, content));
  if ((terms_.steps & silent) != 0) return MilterAnswer{};
  return answer();
}

Result<MilterAnswer> MilterClient::answer() {
  for (;;) {
    ICM_TRY(const MilterSocket::Packet packet, socket_.receive());
    if (packet.command == wire::progress) continue;
    return answer_of(packet);
  }
}

Result<MilterAnswer> MilterClient::connect(const MilterPeer& peer) {
  if (!is_wanted(wire::step::no_connect)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_connect, wire::connect));
  std::string content;
  put_string(content, peer.name);
  content += peer.family;
  if (peer.family != 'U') {
    content += static_cast<char>(peer.port >> 8);
    content += static_cast<char>(peer.port);
    put_string(content, peer.address);
  }
  return step(wire::connect, content, wire::step::silent_connect);
}

Result<MilterAnswer> MilterClient::helo(std::string_view name) {
  if (!is_wanted(wire::step::no_helo)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_helo, wire::helo));
  return step(wire::helo, strings_of({std::string(name)}), wire::step::silent_helo);
}

Result<MilterAnswer> MilterClient::mail(const std::vector<std::string>& arguments) {
  skips_body_ = false;
  if (!is_wanted(wire::step::no_mail)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_mail, wire::mail));
  return step(wire::mail, strings_of(arguments), wire::step::silent_mail);
}

Result<MilterAnswer> MilterClient::rcpt(const std::vector<std::string>& arguments) {
  if (!is_wanted(wire::step::no_rcpt)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_rcpt, wire::rcpt));
  return step(wire::rcpt, strings_of(arguments), wire::step::silent_rcpt);
}

Result<MilterAnswer> MilterClient::data() {
  if (terms_.version < 4 || !is_wanted(wire::step::no_data)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_data, wire::data));
  return step(wire::data, {}, wire::step::silent_data);
}

Result<MilterAnswer> MilterClient::header(std::string_view name, std::string_view value) {
  if (!is_wanted(wire::step::no_header)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_end_of_header, wire::header));  // the stage Postfix takes for it
  // Without the leading-space step a filter never sees the blank after the colon.
  if ((terms_.steps & wire::step::leading_space) == 0 && value.starts_with(' '))
    value.remove_prefix(1);
  std::string content;
  content.reserve(name.size() + value.size() + 2);
  put_string(content, name);
  put_string(content, value);
  return step(wire::header, content, wire::step::silent_header);
}

Result<MilterAnswer> MilterClient::end_of_header() {
  if (!is_wanted(wire::step::no_end_of_header)) return MilterAnswer{};
  ICM_CHECK(send_macros(wire::at_end_of_header, wire::end_of_header));
  return step(wire::end_of_header, {}, wire::step::silent_end_of_header);
}

Result<MilterAnswer> MilterClient::body(std::string_view octets) {
  if (!is_wanted(wire::step::no_body)) return MilterAnswer{};
  while (!octets.empty() && !skips_body_) {
    const std::string_view chunk = octets.substr(0, wire::longest_chunk);
    octets.remove_prefix(chunk.size());
    ICM_CHECK(send_macros(wire::at_end_of_message, wire::body));  // the stage Postfix takes for it
    ICM_CHECK(socket_.send(wire::body, chunk));
    if ((terms_.steps & wire::step::silent_body) != 0) continue;
    ICM_TRY(const MilterSocket::Packet packet, socket_.receive());
    if (packet.command == wire::skip && (terms_.steps & wire::step::skip) != 0) {
      skips_body_ = true;
      break;
    }
    ICM_TRY(const MilterAnswer given, answer_of(packet));
    if (given.is_final()) return given;
  }
  return MilterAnswer{};
}

Result<MilterEnd> MilterClient::end_of_message() {
  ICM_CHECK(send_macros(wire::at_end_of_message, wire::end_of_message));
  ICM_CHECK(socket_.send(wire::end_of_message, {}));
  MilterEnd end;
  for (;;) {
    ICM_TRY(const MilterSocket::Packet packet, socket_.receive());
    if (packet.command == wire::progress) {
      ++end.progress;
      continue;
    }
    if (!is_change(packet.command)) {
      ICM_TRY(end.answer, answer_of(packet));
      return end;
    }
    if (end.changes.size() == most_changes) {
      return fail(Code::permanent,
                  fmt::format("more than {} changes of one message", most_changes));
    }
    ICM_TRY(MilterChange change, change_of(packet));
    end.changes.push_back(std::move(change));
  }
}

Status MilterClient::abort() {
  skips_body_ = false;
  ICM_CHECK(socket_.send(wire::abort, {}));
  return {};
}

Status MilterClient::quit() {
  ICM_CHECK(socket_.send(wire::quit, {}));
  return socket_.flush();
}

}  // namespace icm
