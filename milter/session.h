// SPDX-License-Identifier: Apache-2.0
//
// Session: one connection of the mail server as a state machine. It gathers, asks the engine, and
// says what to tell the mail server; it knows nothing of libmilter.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "milter/log.h"
#include "milter/mta.h"
#include "milter/slots.h"
#include "milter/world.h"
#include "policy/base/clock.h"
#include "policy/inspection.h"

namespace icm {

// What all sessions share. References outlive every session.
struct SessionContext {
  CurrentWorld& world;
  Log& log;
  const Clock& clock;
  Slots& slots;
};

// Steps come one at a time, from any thread (libmilter's pool moves a session between threads).
class Session {
 public:
  explicit Session(SessionContext context);
  Session(Session&&) noexcept;
  ~Session();  // out of line, where Message is complete

  struct Peer {
    std::string name;                  // as the mail server resolved it
    std::optional<IpAddress> address;  // absent for unix sockets
    int port = 0;                      // 0 for mail that came by no SMTP (Postfix: sendmail(1))
  };
  void connect(const Peer& peer, std::string_view daemon_name);
  void helo(std::string_view name);

  // `arguments` as libmilter gives them: the address with its brackets, then ESMTP parameters.
  void mail(std::span<const std::string_view> arguments, std::string_view login);
  Answer rcpt(std::span<const std::string_view> arguments, std::string_view queue_id);
  Answer data(std::string_view queue_id);
  void header(std::string_view name, std::string_view value);
  void end_of_header();
  void body(std::string_view chunk);

  // True when no further body chunk can change anything (SMFIS_SKIP).
  bool body_is_settled() const;

  // Judges, applies what was decided through `mta`, logs.
  Answer end_of_message(std::string_view queue_id, Mta& mta);

  // The message ends here without a judgement; the connection stays (RSET, next MAIL).
  void abort();

 private:
  struct Message;  // everything from MAIL to the end of the message
  SessionContext context_;
  Envelope connection_;  // role, client, helo: what outlives a message
  bool is_smtp_ = true;
  std::unique_ptr<Message> message_;
};

}  // namespace icm
