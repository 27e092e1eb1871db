// SPDX-License-Identifier: Apache-2.0
//
// Letter: a message that nobody sent, from postmaster at a domain and by one way out, so that the
// policies which judge real mail can say what they think of that domain and that way.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/doctor/context.h"
#include "policy/facts.h"
#include "policy/verdict.h"

namespace icm::ctl::doctor {

// The streams that send, by their names, and the site itself by the empty one.
std::vector<std::string> streams_of(const Config& config);

// The domain's stream, where one declares it as a domain of From or of the envelope sender.
std::string stream_of_domain(const Config& config, const std::string& domain);

// What a rule of a policy means to the doctor.
struct Meaning {
  std::string_view rule;
  Id id;
};

// What a policy found, as a diagnosis of `subject`; nothing where its rule is not among these.
std::optional<Diagnosis> diagnosed(const Finding& finding, std::span<const Meaning> meanings,
                                   std::string_view subject);

class Letter {
 public:
  // `domain` may be empty: then there is no sender. `stream` chooses the way out.
  Letter(const Context& context, const std::string& domain, const std::string& stream);
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;

  SpfQuestions& questions() { return questions_; }
  Authentication& authentication() { return authentication_; }
  const Result<std::vector<Address>>& authors() const { return authors_; }
  SpfQuestion question(const IpAddress& client) const;

  // What a policy may know; valid as long as this.
  Facts facts();

 private:
  const Context& context_;
  Envelope envelope_;
  HeaderList headers_;
  BodyFindings body_;
  Result<std::vector<Address>> authors_;
  Classification classification_;
  SpfQuestions questions_;
  Authentication authentication_;
};

}  // namespace icm::ctl::doctor
