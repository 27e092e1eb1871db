// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/letter.h"

#include <algorithm>

#include "policy/egress.h"

namespace icm::ctl::doctor {

std::vector<std::string> streams_of(const Config& config) {
  std::vector<std::string> names = {""};
  for (const StreamConfig& stream : config.streams) names.push_back(stream.name);
  return names;
}

std::string stream_of_domain(const Config& config, const std::string& domain) {
  const auto is_its = [&](const Domain& one) { return one.text() == domain; };
  for (const StreamConfig& stream : config.streams) {
    if (std::ranges::any_of(stream.from_domains, is_its) ||
        std::ranges::any_of(stream.sender_domains, is_its)) {
      return stream.name;
    }
  }
  return {};
}

std::optional<Diagnosis> diagnosed(const Finding& finding, std::span<const Meaning> meanings,
                                   std::string_view subject) {
  const auto meaning = std::ranges::find(meanings, finding.rule, &Meaning::rule);
  if (meaning == meanings.end()) return std::nullopt;
  return found(meaning->id, std::string(subject), finding.evidence, finding.fix);
}

Letter::Letter(const Context& context, const std::string& domain, const std::string& stream)
    : context_(context), authors_(std::vector<Address>{}) {
  classification_.stream = stream;
  if (!domain.empty()) {
    envelope_.reverse_path = ReversePath::from("<postmaster@" + domain + ">");
    Address author;
    author.local = "postmaster";
    author.domain = domain;
    authors_->push_back(std::move(author));
  }
  questions_ = leaving_by(context.config, envelope_, classification_, context.host);
}

SpfQuestion Letter::question(const IpAddress& client) const {
  return {.client = client,
          .helo = questions_.helo,
          .mail_from = questions_.mail_from,
          .receiver = "unknown",
          .now = context_.now};
}

Facts Letter::facts() {
  return {.envelope = envelope_,
          .headers = headers_,
          .body = body_,
          .authors = authors_,
          .classification = classification_,
          .now = context_.now,
          .header_overflow = false,
          .arrival = nullptr,
          .authentication = &authentication_,
          .spf_questions = &questions_,
          .sources = &context_.sources,
          .second_opinions = nullptr};
}

}  // namespace icm::ctl::doctor
