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

#include "milter/gate_watch.h"
#include "milter/log.h"
#include "milter/mta.h"
#include "milter/session_meters.h"
#include "milter/slots.h"
#include "milter/world.h"
#include "policy/base/clock.h"
#include "policy/inspection.h"
#include "policy/origin.h"

namespace icm {

class Message;

// What all sessions share. References outlive every session.
struct SessionContext {
  CurrentWorld& world;
  Log& log;
  const Clock& clock;
  Slots& slots;
  GateWatch* gate_watch = nullptr;  // absent where nobody wires a mail server: offline, in tests
  Mailings* mailings = nullptr;     // absent offline, where one message is all there is
  SessionMeters* meters = nullptr;  // absent where nobody watches
};

// Steps come one at a time, from any thread (libmilter's pool moves a session between threads), and
// in any order: a step that has no message to belong to says go_on and does nothing, and the end of
// a message whose beginning was not seen is "try again".
//
// What a message goes through depends on its role:
// - arrival: nothing is refused. Authentication-Results fields that claim to be ours are removed
//   and our own is put on top. Two things cannot be let in: a message with more of those fields
//   than can be removed, and, where roles.arrival is set, mail of a listener that is in no list.
// - gate: the engine is asked at RCPT for each Apple recipient and at the end for the message. A
//   message without Apple recipients is let go at DATA, untouched.
// - direct: as at the gate, and what passes also gets what arrival does.
//
// Every observation about a recipient is logged when RCPT is answered. Mail that came by no SMTP is
// refused at its end only (milter/settlement).
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

  // True from MAIL until the message was answered, let go or aborted.
  bool is_in_message() const { return message_ != nullptr; }

  // Judges, applies what was decided through `mta`, logs.
  Answer end_of_message(std::string_view queue_id, Mta& mta);

  // The message ends here without a judgement; the connection stays (RSET, next MAIL).
  void abort();

 private:
  Answer judge_recipient(std::string argument, Recipient recipient);
  Answer count_recipient(std::string argument, Recipient recipient);
  Answer take_recipient(std::string argument, Recipient recipient, Verdict verdict);
  Answer refuse_listener();
  Answer refuse_forged(Message& message);
  Answer finish_arrival(Message& message, Mta& mta);
  Answer finish_judged(Message& message, Mta& mta);
  void log_recipient(const Message& message, const Recipient& recipient, Verdict verdict,
                     std::chrono::microseconds took);
  void log_message(Message& message, Verdict verdict, const std::vector<std::size_t>& removed,
                   std::chrono::microseconds took);

  SessionContext context_;
  Envelope connection_;  // listener, client and helo: what outlives a message
  Transport transport_ = Transport::smtp;
  std::unique_ptr<Message> message_;
};

}  // namespace icm
