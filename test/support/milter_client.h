// SPDX-License-Identifier: Apache-2.0
//
// MilterClient: the mail server's side of the milter protocol (versions 2 to 6), as Postfix and
// Sendmail speak it. It sends only the steps and macros the filter asked for, waits only for the
// answers the filter owes, and reports what the filter wants done. It changes no message itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "test/support/milter_client_socket.h"
#include "test/support/milter_client_wire.h"

namespace icm {

// What the mail server offers: its version, and the actions and steps it knows.
struct MilterOffer {
  std::uint32_t version = milter_wire::newest_version;
  std::uint32_t actions = milter_wire::action::all;
  std::uint32_t steps = milter_wire::step::all;
};

// What both agreed upon.
struct MilterTerms {
  std::uint32_t version = 0;
  std::uint32_t actions = 0;
  std::uint32_t steps = 0;
  std::map<int, std::vector<std::string>> macros;  // by stage; absent: the filter named none
};

struct MilterAnswer {
  enum class Kind {
    not_owed,  // the step was not sent, or the filter had asked not to have to answer
    go_on,
    accept,  // nothing more of this message (or, before MAIL, of this connection) is wanted
    reject,
    tempfail,
    discard,
    reply,     // `text` is the SMTP reply to give, its doubled '%' made single: "550 5.7.1 …"
    shutdown,  // 421 and close
  };
  Kind kind = Kind::not_owed;
  std::string text;

  bool refuses() const;  // reject, tempfail, reply, shutdown
  bool is_final() const { return kind != Kind::not_owed && kind != Kind::go_on; }
  bool operator==(const MilterAnswer&) const = default;
};

std::string_view to_string(MilterAnswer::Kind kind);

// One modification, asked for at the end of a message. `value` is as the filter gave it.
struct MilterChange {
  enum class Kind {
    add_header,
    insert_header,
    change_header,  // an empty value removes the field
    add_recipient,
    delete_recipient,
    change_sender,
    replace_body,
    quarantine,
  };
  Kind kind = Kind::add_header;
  std::uint32_t index = 0;  // insert: position; change: occurrence of this name, from 1
  std::string name;         // field name or address
  std::string value;        // field body, body chunk, quarantine reason
  bool operator==(const MilterChange&) const = default;
};

struct MilterEnd {
  MilterAnswer answer;
  std::vector<MilterChange> changes;
  int progress = 0;  // how often the filter said that it is still at work
};

// Who is connected to the mail server.
struct MilterPeer {
  std::string name = "localhost";
  char family = '4';  // '4', '6', 'L' (unix) or 'U' (unknown)
  std::uint16_t port = 49152;
  std::string address = "127.0.0.1";
};

// What a mail server says to a filter, step by step. Used by one thread at a time. An Error ends
// it: nothing more may be asked after one.
class MailFilter {
 public:
  virtual ~MailFilter() = default;

  // The value of a macro from now on ("i", "{auth_authen}"); an empty one undefines it.
  virtual void define(std::string_view macro, std::string_view value) = 0;

  [[nodiscard]] virtual Result<MilterAnswer> connect(const MilterPeer& peer) = 0;
  [[nodiscard]] virtual Result<MilterAnswer> helo(std::string_view name) = 0;

  // `arguments`: the address with its brackets, then ESMTP parameters.
  [[nodiscard]] virtual Result<MilterAnswer> mail(const std::vector<std::string>& arguments) = 0;
  [[nodiscard]] virtual Result<MilterAnswer> rcpt(const std::vector<std::string>& arguments) = 0;
  [[nodiscard]] virtual Result<MilterAnswer> data() = 0;

  // `value` is everything after the colon without the final CRLF, leading blank included.
  [[nodiscard]] virtual Result<MilterAnswer> header(std::string_view name,
                                                    std::string_view value) = 0;
  [[nodiscard]] virtual Result<MilterAnswer> end_of_header() = 0;

  // Any length; sends no more once the filter said skip.
  [[nodiscard]] virtual Result<MilterAnswer> body(std::string_view octets) = 0;
  [[nodiscard]] virtual Result<MilterEnd> end_of_message() = 0;

  // RSET, or the next message: the filter forgets this one. Never answered.
  [[nodiscard]] virtual Status abort() = 0;
};

// One connection to a filter over a socket, in the manner of Postfix 3.7: what was seen on the wire
// there decides where its documentation is silent.
class MilterClient final : public MailFilter {
 public:
  // Connects and negotiates. No step waits longer than `patience` for its answer.
  [[nodiscard]] static Result<MilterClient> open(
      std::string_view address, const MilterOffer& offer = {},
      std::chrono::milliseconds patience = std::chrono::seconds{30});

  const MilterTerms& terms() const { return terms_; }

  // Sent with the stages for which the filter named the macro, or for which Postfix sends it
  // unasked.
  void define(std::string_view macro, std::string_view value) override;

  [[nodiscard]] Result<MilterAnswer> connect(const MilterPeer& peer) override;
  [[nodiscard]] Result<MilterAnswer> helo(std::string_view name) override;
  [[nodiscard]] Result<MilterAnswer> mail(const std::vector<std::string>& arguments) override;
  [[nodiscard]] Result<MilterAnswer> rcpt(const std::vector<std::string>& arguments) override;
  [[nodiscard]] Result<MilterAnswer> data() override;
  [[nodiscard]] Result<MilterAnswer> header(std::string_view name, std::string_view value) override;
  [[nodiscard]] Result<MilterAnswer> end_of_header() override;
  [[nodiscard]] Result<MilterAnswer> body(std::string_view octets) override;
  bool skips_body() const { return skips_body_; }
  [[nodiscard]] Result<MilterEnd> end_of_message() override;
  [[nodiscard]] Status abort() override;
  [[nodiscard]] Status quit();

  // For tests that break the protocol.
  MilterSocket& socket() { return socket_; }

 private:
  explicit MilterClient(MilterSocket socket) : socket_(std::move(socket)) {}
  Status negotiate(const MilterOffer& offer);
  Status read_macro_lists(std::string_view lists);
  Status send_macros(milter_wire::Stage stage, char command);
  bool is_wanted(std::uint32_t refusal) const { return (terms_.steps & refusal) == 0; }

  // Sends what is wanted; reads the answer unless `silent` was agreed.
  Result<MilterAnswer> step(char command, std::string_view content, std::uint32_t silent);
  Result<MilterAnswer> answer();

  MilterSocket socket_;
  MilterTerms terms_;
  std::map<std::string, std::string, std::less<>> values_;
  bool skips_body_ = false;
};

}  // namespace icm
