// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/authenticator.h"

#include <algorithm>

namespace icm {
namespace {

// How far a result is from what a sender wants; "could not be found out" is worse than "neutral".
int distance_from_pass(SpfStatus status) {
  switch (status) {
    case SpfStatus::pass:
      return 0;
    case SpfStatus::neutral:
      return 1;
    case SpfStatus::none:
      return 2;
    case SpfStatus::temp_error:
      return 3;
    case SpfStatus::soft_fail:
      return 4;
    case SpfStatus::perm_error:
      return 5;
    case SpfStatus::fail:
      return 6;
  }
  return 6;
}

}  // namespace

SpfResult Authentication::weakest_spf() const {
  if (spf.empty()) return {};
  return std::ranges::max_element(
             spf, {}, [](const ClientSpf& each) { return distance_from_pass(each.result.status); })
      ->result;
}

Authenticator::Authenticator(const HeaderList& headers, const Result<std::vector<Address>>& authors,
                             AuthSources& sources)
    : sources_(sources),
      authors_(authors),
      dkim_(headers, sources.keys, hashes_),
      arc_(headers, sources.keys, hashes_) {
  if (const auto domain = author_domain(authors)) sources.dmarc.prefetch(*domain);
}

void Authenticator::ask_spf(const SpfQuestions& questions, WallTime now, Deadline deadline,
                            Authentication& found) const {
  found.spf.clear();
  for (const IpAddress& client : questions.clients) {
    found.spf.push_back({client, check_spf({.client = client,
                                            .helo = questions.helo,
                                            .mail_from = questions.mail_from,
                                            .receiver = questions.receiver,
                                            .now = now},
                                           sources_.spf, deadline)});
  }
}

void Authenticator::judge_alignment(Deadline deadline, Authentication& found) const {
  found.dmarc = check_dmarc({authors_, found.weakest_spf(), found.dkim}, sources_.dmarc,
                            sources_.suffixes, deadline);
}

Authentication Authenticator::finish(const SpfQuestions& questions, WallTime now,
                                     Deadline deadline) {
  const auto share = deadline.left() * 2 / 5;
  Authentication found;
  hashes_.finish();
  ask_spf(questions, now, deadline.at_most(share), found);
  const Deadline for_keys = deadline.at_most(share);
  found.dkim = dkim_.finish(now, for_keys);
  found.arc = arc_.finish(for_keys);
  judge_alignment(deadline, found);
  return found;
}

Authentication Authenticator::seen_otherwise(Authentication found, const SpfQuestions& questions,
                                             WallTime now, Deadline deadline) const {
  ask_spf(questions, now, deadline.at_most(deadline.left() / 2), found);
  judge_alignment(deadline, found);
  return found;
}

void Authenticator::want_seal_hash() {
  seal_ticket_ = hashes_.want(Canonicalization::relaxed, std::nullopt);
}

const Sha256Digest& Authenticator::seal_hash() const {
  return hashes_.digest(seal_ticket_.value());
}

void prefetch_spf(const SpfQuestions& questions, AuthSources& sources) {
  const auto at = questions.mail_from.rfind('@');
  const std::string domain =
      questions.mail_from.empty() ? questions.helo : questions.mail_from.substr(at + 1);
  if (!questions.clients.empty()) sources.resolver.prefetch(domain, RecordType::txt);
}

}  // namespace icm
