// SPDX-License-Identifier: Apache-2.0
//
// Inspection: one message as it streams in: header fields, then body chunks, then Facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/second_opinion.h"
#include "policy/config/config.h"
#include "policy/facts.h"
#include "policy/mailings.h"

namespace icm {

// One message, in order: header() for each field, end_of_header(), authenticate() where that is
// wanted, body() for each chunk, finish_authentication(), facts() at the end. Never holds the body.
// Not synchronised; `config` must outlive it.
class Inspection {
 public:
  explicit Inspection(const Config& config) : config_(config) {}
  Inspection(const Inspection&) = delete;  // its parts refer to each other
  Inspection& operator=(const Inspection&) = delete;

  // The first field that is beyond the configured bounds and all after it are counted, not kept;
  // `header_overflow` says so. What is kept is thus the top of the header without a gap, and a
  // field's place among those of its name is its place in the message.
  void header(std::string_view name, std::string_view value);

  // Reads the authors, decides the class. Called once.
  void end_of_header(const Envelope& envelope);
  void body(std::string_view chunk);

  // Begins to find out what is needed of who the message is from: lookups start here. `sources`
  // must outlive this. With second opinions a refusal can be confirmed later.
  enum class Opinions { ours, second_too };
  void authenticate(AuthSources& sources, AuthNeeds needs, Opinions opinions);
  // Whether anything further of the body matters to that.
  bool authentication_wants_body() const;

  // By `deadline`; after the last chunk and authenticate(), once. Facts hold it from then on.
  const Authentication& finish_authentication(SpfQuestions questions, WallTime now,
                                              Deadline deadline);
  // What a server sees that the message comes to by other addresses; after finish_authentication().
  Authentication seen_otherwise(const SpfQuestions& questions, WallTime now,
                                Deadline deadline) const;

  // `envelope` and this must outlive the Facts. May be called again; nothing is fed after it.
  Facts facts(const Envelope& envelope, WallTime now);

  const HeaderList& headers() const { return headers_; }
  const Classification& classification() const { return classification_; }

  // Of a message that nothing says to be bulk or not: its author, Subject and the first octets of
  // its body, as a number of `mailings`; nullopt for others, and where nobody wants to know.
  std::optional<std::uint64_t> mail_template(const Mailings& mailings) const;
  // To how many Apple recipients such mail went of late.
  void take_volume(int alike);

  // The first From field, parsed; the Error says what is wrong with it, or that there is none.
  const Result<std::vector<Address>>& authors() const { return authors_; }
  bool header_overflow() const { return header_overflow_; }

  // Octets of header and body that went by, kept or not: name, colon, value and CRLF of each field,
  // and the empty line after the header (RFC 5322 §2.1).
  std::uint64_t octets() const { return header_octets_ + body_octets_; }

 private:
  bool may_be_mailing() const;

  const Config& config_;
  HeaderList headers_;
  bool header_overflow_ = false;
  std::uint64_t header_octets_ = 0;
  std::uint64_t body_octets_ = 0;
  std::optional<BodyScan> scan_;
  BodyFindings findings_;
  Result<std::vector<Address>> authors_ = fail(Code::syntax, "there is no From field");
  Classification classification_;
  std::string opening_;  // the first octets of the body, where mail_template() needs them

  AuthSources* sources_ = nullptr;
  std::unique_ptr<Authenticator> authenticator_;  // neither exists where nobody asked
  std::unique_ptr<SecondOpinions> second_opinions_;
  SpfQuestions questions_;
  std::optional<Authentication> authentication_;
};

}  // namespace icm
