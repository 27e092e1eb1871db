// SPDX-License-Identifier: Apache-2.0
//
// Letter: a message that nobody sent, from postmaster at a domain and by one way out, so that the
// policies which judge real mail can say what they think of that domain and that way.
#pragma once

#include <string>
#include <vector>

#include "milter/ctl/doctor/context.h"
#include "policy/facts.h"

namespace icm::ctl::doctor {

// The streams that send, by their names, and the site itself by the empty one.
std::vector<std::string> streams_of(const Config& config);

// The domain's stream, where one declares it as a domain of From or of the envelope sender.
std::string stream_of_domain(const Config& config, const std::string& domain);

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
