// SPDX-License-Identifier: Apache-2.0
//
// Facts of Debian's libmilter (8.17) that this file rests on, each tried:
//   - It fakes the no-reply steps for a mail server that does not know them, so they are always
//     offered here, and SMFIS_NOREPLY is always right for a step that was agreed to have no reply.
//   - The end of a body may come together with the end of the message (Postfix and Sendmail send it
//     before, the protocol allows both). libmilter then calls xxfi_body, and xxfi_eom only if that
//     said SMFIS_CONTINUE: after SMFIS_NOREPLY or SMFIS_SKIP the mail server would wait for an
//     answer that never comes. What tells the two apart is a macro that was asked for at the end of
//     the message alone: where it is known, the end has come. So SMFIP_NR_BODY is taken from mail
//     servers that let a filter choose its macros; from others a body is skipped when it is not
//     needed, at a chunk of full size, which is never the last.
//   - A connection may be closed and begun again without negotiating (SMFIC_QUIT_NC).
#include "milter/callbacks.h"

#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>

#include "milter/libmilter_mta.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t full_chunk = 65535;  // MILTER_CHUNK_SIZE

// A mail server may be silent for as long as its client takes to send a message: RFC 5321 §4.5.3.2
// gives ten minutes for single steps, and trickling makes hours of it.
constexpr int silence_seconds = 7210;
constexpr int backlog = 512;

constexpr unsigned long needed_actions =
    SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_DELRCPT | SMFIF_QUARANTINE;
constexpr unsigned long silent_steps =
    SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH;
constexpr unsigned long welcome_steps = SMFIP_SKIP | SMFIP_HDR_LEADSPC;

// The mail server's own name: every one knows it at every step; asked for at the end only.
constexpr const char* end_macro = "j";

// libmilter has no place for a pointer of ours before the first callback of a connection.
CallbackContext* shared = nullptr;

// One connection: hangs on libmilter's context, made at negotiation, deleted at close.
class Connection {
 public:
  explicit Connection(unsigned long steps)
      : session(shared->sessions),
        leading_blank((steps & SMFIP_HDR_LEADSPC) != 0 ? LeadingBlank::kept
                                                       : LeadingBlank::stripped),
        may_skip((steps & SMFIP_SKIP) != 0),
        is_body_silent((steps & SMFIP_NR_BODY) != 0) {
    shared->connections.fetch_add(1, std::memory_order_relaxed);
    if (shared->sessions.meters != nullptr) {
      shared->sessions.meters->connections.fetch_add(1, std::memory_order_relaxed);
    }
  }
  ~Connection() {
    shared->connections.fetch_sub(1, std::memory_order_relaxed);
    if (is_counted_) shared->in_flight.end();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void count_message() {
    if (session.is_in_message() == is_counted_) return;
    is_counted_ = !is_counted_;
    is_counted_ ? shared->in_flight.begin() : shared->in_flight.end();
  }

  Session session;
  LeadingBlank leading_blank;
  bool may_skip;
  bool is_body_silent;        // no reply to body chunks was agreed on
  bool is_connected = false;  // who is connected, and as what, is known: on_connect succeeded
  bool is_broken = false;     // a step failed, or the daemon stops: nothing of it may be accepted

 private:
  bool is_counted_ = false;
};

Connection* connection_of(SMFICTX* context) {
  return static_cast<Connection*>(smfi_getpriv(context));
}

void panic(std::string_view step, std::string_view what) noexcept {
  try {
    shared->sessions.log.say(LogLevel::panic,
                             fmt::format("{}: {}; the message is deferred", step, for_log(what)));
  } catch (...) {  // not even memory for a line: the mail server is still told to try again
  }
}

enum class Reply { none, awaited };

// Runs a step of a connection. Whatever flies out of it ends here: the message is forgotten, this
// step and all that follow of the message (of the connection, where it is connect that failed) are
// answered with "try again".
template <Reply reply, class Body>
sfsistat step(SMFICTX* context, std::string_view name, Body body) noexcept {
  constexpr sfsistat failed = reply == Reply::awaited ? SMFIS_TEMPFAIL : SMFIS_NOREPLY;
  Connection* const connection = connection_of(context);
  if (connection == nullptr || connection->is_broken) return failed;
  try {
    const sfsistat status = body(*connection);
    connection->count_message();
    return reply == Reply::awaited ? status : SMFIS_NOREPLY;
  } catch (const std::exception& error) {
    panic(name, error.what());
  } catch (...) {
    panic(name, "unknown exception");
  }
  connection->is_broken = true;
  connection->session.abort();
  connection->count_message();
  return failed;
}

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view macro(SMFICTX* context, const char* name) {
  return text_of(smfi_getsymval(context, const_cast<char*>(name)));
}

std::vector<std::string_view> arguments_of(char** list) {
  std::vector<std::string_view> arguments;
  for (; list != nullptr && *list != nullptr; ++list) arguments.emplace_back(*list);
  return arguments;
}

Session::Peer peer_of(const char* name, const sockaddr* address) {
  Session::Peer peer{.name = std::string(text_of(name)), .address = std::nullopt, .port = 0};
  if (address == nullptr) return peer;
  if (address->sa_family == AF_INET) {
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address);
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    peer.address = IpAddress::v4(octets);
    peer.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    peer.address = IpAddress::v6(octets);
    peer.port = ntohs(v6.sin6_port);
  }
  return peer;
}

sfsistat status_of(SMFICTX* context, const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::go_on:
      return SMFIS_CONTINUE;
    case Answer::Kind::let_go:
      return SMFIS_ACCEPT;
    case Answer::Kind::refuse:
      break;
  }
  std::string code = std::to_string(answer.reply.code);
  std::string enhanced = answer.reply.enhanced;
  std::string text = doubled_percent(answer.reply.text);
  // When libmilter takes no such reply, the mail server's own words for the same class are said.
  smfi_setreply(context, code.data(), enhanced.data(), text.data());
  return answer.reply.code < 500 ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

// The macros each step needs, and no others: every one costs a few octets at every step.
void ask_for_macros(SMFICTX* context) {
  struct Wish {
    int stage;
    const char* macros;
  };
  constexpr Wish wishes[] = {{SMFIM_CONNECT, "{daemon_name}"},
                             {SMFIM_HELO, ""},
                             {SMFIM_ENVFROM, "{auth_authen}"},
                             {SMFIM_ENVRCPT, "i"},
                             {SMFIM_DATA, "i"},
                             {SMFIM_EOH, ""},
                             {SMFIM_EOM, "i j"}};
  for (const auto& [stage, macros] : wishes) {
    smfi_setsymlist(context, stage, const_cast<char*>(macros));
  }
}

sfsistat on_negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                      unsigned long, unsigned long, unsigned long* actions, unsigned long* steps,
                      unsigned long* reserved1, unsigned long* reserved2) noexcept {
  try {
    const Terms terms = terms_for(offered_actions, offered_steps);
    if (!terms.missing.empty()) {
      shared->sessions.log.say(
          LogLevel::error,
          fmt::format("a mail server connected that cannot {}; it is not served", terms.missing));
      return SMFIS_REJECT;
    }
    if ((terms.actions & SMFIF_SETSYMLIST) != 0) ask_for_macros(context);
    auto connection = std::make_unique<Connection>(terms.steps);
    smfi_setpriv(context, connection.release());
    *actions = terms.actions;
    *steps |= terms.steps;  // libmilter has named the steps that have no callback here
    *reserved1 = *reserved2 = 0;
    return SMFIS_CONTINUE;
  } catch (const std::exception& error) {
    panic("negotiate", error.what());
    return SMFIS_REJECT;
  }
}

sfsistat on_connect(SMFICTX* context, char* name, _SOCK_ADDR* address) noexcept {
  if (connection_of(context) == nullptr) {  // begun again on an old connection: terms unknown
    try {
      smfi_setpriv(context, std::make_unique<Connection>(SMFIP_HDR_LEADSPC).release());
    } catch (const std::exception& error) {
      panic("connect", error.what());
    }
  }
  return step<Reply::none>(context, "connect", [&](Connection& connection) {
    connection.session.connect(peer_of(name, address), macro(context, "{daemon_name}"));
    connection.is_connected = true;
    return SMFIS_CONTINUE;
  });
}

sfsistat on_helo(SMFICTX* context, char* name) noexcept {
  return step<Reply::none>(context, "helo", [&](Connection& connection) {
    connection.session.helo(text_of(name));
    return SMFIS_CONTINUE;
  });
}

sfsistat on_mail(SMFICTX* context, char** list) noexcept {
  // A failure ends with its message, except that of connect: without it even the role is unknown,
  // and a gate would be taken for an arrival.
  if (Connection* const connection = connection_of(context)) {
    connection->is_broken = !connection->is_connected || shared->in_flight.is_closed();
  }
  return step<Reply::none>(context, "mail", [&](Connection& connection) {
    connection.session.mail(arguments_of(list), macro(context, "{auth_authen}"));
    return SMFIS_CONTINUE;
  });
}

sfsistat on_rcpt(SMFICTX* context, char** list) noexcept {
  return step<Reply::awaited>(context, "rcpt", [&](Connection& connection) {
    return status_of(context, connection.session.rcpt(arguments_of(list), macro(context, "i")));
  });
}

sfsistat on_data(SMFICTX* context) noexcept {
  return step<Reply::awaited>(context, "data", [&](Connection& connection) {
    return status_of(context, connection.session.data(macro(context, "i")));
  });
}

sfsistat on_header(SMFICTX* context, char* name, char* value) noexcept {
  return step<Reply::none>(context, "header", [&](Connection& connection) {
    const std::string_view given = text_of(value);
    if (connection.leading_blank == LeadingBlank::kept) {
      connection.session.header(text_of(name), given);
    } else {
      connection.session.header(text_of(name), wire_value(given, connection.leading_blank));
    }
    return SMFIS_CONTINUE;
  });
}

sfsistat on_end_of_header(SMFICTX* context) noexcept {
  return step<Reply::none>(context, "end of header", [](Connection& connection) {
    connection.session.end_of_header();
    return SMFIS_CONTINUE;
  });
}

sfsistat on_body(SMFICTX* context, unsigned char* chunk, std::size_t size) noexcept {
  const std::string_view octets(reinterpret_cast<const char*>(chunk), size);
  const Connection* const known = connection_of(context);
  if (known != nullptr && known->is_body_silent && macro(context, end_macro).empty()) {
    return step<Reply::none>(context, "body", [&](Connection& connection) {
      connection.session.body(octets);
      return SMFIS_CONTINUE;
    });
  }
  return step<Reply::awaited>(context, "body", [&](Connection& connection) -> sfsistat {
    connection.session.body(octets);
    const bool may_skip = connection.may_skip && size == full_chunk && !connection.is_body_silent;
    return may_skip && connection.session.body_is_settled() ? SMFIS_SKIP : SMFIS_CONTINUE;
  });
}

sfsistat on_end_of_message(SMFICTX* context) noexcept {
  return step<Reply::awaited>(context, "end of message", [&](Connection& connection) {
    LibmilterMta mta(context, connection.leading_blank);
    return status_of(context, connection.session.end_of_message(macro(context, "i"), mta));
  });
}

// May come at any time, also before anything else, also twice.
sfsistat on_abort(SMFICTX* context) noexcept {
  if (Connection* const connection = connection_of(context)) {
    connection->session.abort();
    connection->count_message();
  }
  return SMFIS_CONTINUE;
}

// May come without connect.
sfsistat on_close(SMFICTX* context) noexcept {
  const std::unique_ptr<Connection> connection(connection_of(context));
  smfi_setpriv(context, nullptr);
  return SMFIS_CONTINUE;
}

}  // namespace

Terms terms_for(unsigned long offered_actions, unsigned long offered_steps) {
  struct Need {
    unsigned long action;
    std::string_view words;
  };
  constexpr Need needs[] = {{SMFIF_ADDHDRS, "add header fields"},
                            {SMFIF_CHGHDRS, "remove header fields"},
                            {SMFIF_DELRCPT, "remove recipients"},
                            {SMFIF_QUARANTINE, "hold a message"}};
  Terms terms{.actions = needed_actions | (offered_actions & SMFIF_SETSYMLIST),
              .steps = silent_steps | (offered_steps & welcome_steps),
              .missing = {}};
  if ((offered_actions & SMFIF_SETSYMLIST) != 0) terms.steps |= offered_steps & SMFIP_NR_BODY;
  const auto miss = [&](std::string_view words) {
    if (!terms.missing.empty()) terms.missing += ", ";
    terms.missing += words;
  };
  for (const auto& [action, words] : needs) {
    if ((offered_actions & action) == 0) miss(words);
  }
  if ((offered_steps & silent_steps) != silent_steps) miss("do without a reply to every step");
  return terms;
}

Status register_callbacks(CallbackContext& context) {
  shared = &context;
  static char name[] = "icloud-milter";
  smfiDesc callbacks{};
  callbacks.xxfi_name = name;
  callbacks.xxfi_version = SMFI_VERSION;
  callbacks.xxfi_flags = needed_actions;
  callbacks.xxfi_negotiate = on_negotiate;
  callbacks.xxfi_connect = on_connect;
  callbacks.xxfi_helo = on_helo;
  callbacks.xxfi_envfrom = on_mail;
  callbacks.xxfi_envrcpt = on_rcpt;
  callbacks.xxfi_data = on_data;
  callbacks.xxfi_header = on_header;
  callbacks.xxfi_eoh = on_end_of_header;
  callbacks.xxfi_body = on_body;
  callbacks.xxfi_eom = on_end_of_message;
  callbacks.xxfi_abort = on_abort;
  callbacks.xxfi_close = on_close;
  if (smfi_register(callbacks) != MI_SUCCESS || smfi_settimeout(silence_seconds) != MI_SUCCESS ||
      smfi_setbacklog(backlog) != MI_SUCCESS) {
    return fail(Code::internal,
                "libmilter refused to be set up; is its version that of its header?");
  }
  return {};
}

Status open_milter_socket(const std::string& address) {
  std::string connection = address;
  if (smfi_setconn(connection.data()) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS) {
    return {};
  }
  return fail(Code::config,
              fmt::format("cannot listen on {}; libmilter's reason is in the system log", address));
}

Status serve_milter() {
  if (smfi_main() == MI_SUCCESS) return {};
  return fail(Code::internal, "libmilter ended; its reason is in the system log");
}

}  // namespace icm
