// SPDX-License-Identifier: Apache-2.0
//
// A message going by, and what is kept of it.
#include "policy/inspection.h"

#include <utility>

#include <fmt/format.h>

namespace icm {

void Inspection::header(std::string_view name, std::string_view value) {
  // A colon and the final CRLF; a fold that came as LF alone is one octet longer on the wire, which
  // no bound here has to know.
  const std::uint64_t octets = name.size() + value.size() + 3;
  header_octets_ += octets;
  header_overflow_ = header_overflow_ ||
                     headers_.wire_size() + octets > config_.limits.header_octets ||
                     headers_.size() >= static_cast<std::size_t>(config_.limits.header_fields);
  if (!header_overflow_) headers_.add(name, value);
}

void Inspection::end_of_header(const Envelope& envelope) {
  header_octets_ += 2;
  // RFC 5322 §3.6 allows one From field. Of several any may be the one that is shown: then nobody
  // is the author.
  const auto from = headers_.all("From");
  if (from.size() == 1) {
    authors_ = parse_address_list(from.front().value);
  } else if (from.size() > 1) {
    authors_ = fail(Code::syntax, fmt::format("{} From fields", from.size()));
  }
  classification_ = classify(config_.streams, envelope, headers_, authors_);
  scan_.emplace(headers_);
}

void Inspection::body(std::string_view chunk) {
  body_octets_ += chunk.size();
  if (scan_) scan_->feed(chunk);
  if (may_be_mailing() && opening_.size() < Mailings::opening_octets) {
    opening_ += chunk.substr(0, Mailings::opening_octets - opening_.size());
  }
  if (authenticator_) authenticator_->body(chunk);
  if (second_opinions_) second_opinions_->body(chunk);
}

bool Inspection::may_be_mailing() const {
  return classification_.says_nothing && config_.mailings.recipients > 0;
}

std::optional<std::uint64_t> Inspection::mail_template(const Mailings& mailings) const {
  if (!may_be_mailing() || !authors_ || authors_->empty()) return std::nullopt;
  return mailings.template_of(authors_->front(), headers_.text("Subject"), opening_);
}

void Inspection::take_volume(int alike) {
  classification_ = with_volume(std::move(classification_), alike, config_.mailings);
}

void Inspection::authenticate(AuthSources& sources, AuthNeeds needs, Opinions opinions) {
  sources_ = &sources;
  authenticator_ = std::make_unique<Authenticator>(headers_, authors_, sources, needs);
  if (opinions == Opinions::second_too) {
    second_opinions_ = std::make_unique<SecondOpinions>(headers_, sources);
  }
}

bool Inspection::authentication_wants_body() const {
  return authenticator_ != nullptr && authenticator_->wants_body();
}

const Authentication& Inspection::finish_authentication(SpfQuestions questions, WallTime now,
                                                        Deadline deadline) {
  questions_ = std::move(questions);
  authentication_ = authenticator_->finish(questions_, now, deadline);
  return *authentication_;
}

Authentication Inspection::seen_otherwise(const SpfQuestions& questions, WallTime now,
                                          Deadline deadline) const {
  return authenticator_->seen_otherwise(*authentication_, questions, now, deadline);
}

Facts Inspection::facts(const Envelope& envelope, WallTime now) {
  if (scan_) {
    findings_ = scan_->finish();
    scan_.reset();
  }
  Facts facts{.envelope = envelope,
              .headers = headers_,
              .body = findings_,
              .authors = authors_,
              .classification = classification_,
              .now = now,
              .header_overflow = header_overflow_};
  if (authentication_) {
    facts.authentication = &*authentication_;
    facts.spf_questions = &questions_;
    facts.sources = sources_;
    facts.second_opinions = second_opinions_.get();
  }
  return facts;
}

}  // namespace icm
