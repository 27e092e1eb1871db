// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/authenticator.h"

#include <algorithm>

#include "policy/base/domain.h"

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

// The identity that SPF speaks of (RFC 7208 §2.4).
std::string spf_domain(const SpfQuestions& questions) {
  if (questions.mail_from.empty()) return questions.helo;
  return questions.mail_from.substr(questions.mail_from.rfind('@') + 1);
}

// A name that may turn out to be of the author's organization has a tree of its own to be walked.
bool prefetch_related(const std::string& name, const std::string& author, AuthSources& sources) {
  const bool may_align = name != author && sources.suffixes.organizational_domain(name) ==
                                               sources.suffixes.organizational_domain(author);
  if (may_align) prefetch_walk(name, sources.dmarc);
  return may_align;
}

}  // namespace

SpfResult Authentication::weakest_spf() const {
  if (spf.empty()) return {};
  return std::ranges::max_element(
             spf, {}, [](const ClientSpf& each) { return distance_from_pass(each.result.status); })
      ->result;
}

Authenticator::Authenticator(const HeaderList& headers, const Result<std::vector<Address>>& authors,
                             AuthSources& sources, AuthNeeds needs)
    : sources_(sources), authors_(authors) {
  if (needs.sender) dkim_.emplace(headers, sources.keys, hashes_);
  if (needs.arc) arc_.emplace(headers, sources.keys, hashes_);
  if (needs.sealing) whole_body_ = hashes_.want(Canonicalization::relaxed, std::nullopt);
  const auto author = author_domain(authors);
  if (!dkim_ || !author) return;
  prefetch_walk(*author, sources.dmarc);
  // Whoever writes the header chooses how many there are.
  constexpr std::size_t fetched_ahead = 3;
  std::vector<std::string> related;
  for (const std::string& domain : dkim_->domains()) {
    if (related.size() == fetched_ahead) break;
    if (std::ranges::find(related, domain) != related.end()) continue;
    if (prefetch_related(domain, *author, sources)) related.push_back(domain);
  }
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
  if (whole_body_) found.body_hash = hashes_.digest(*whole_body_);
  if (dkim_) ask_spf(questions, now, deadline.at_most(share), found);
  const Deadline for_keys = deadline.at_most(share);
  if (dkim_) found.dkim = dkim_->finish(now, for_keys);
  if (arc_) found.arc = arc_->finish(for_keys);
  if (arc_ && whole_body_) found.arc.seals_hold = arc_->seals_outlive_change(for_keys);
  if (dkim_) judge_alignment(deadline, found);
  return found;
}

Authentication Authenticator::seen_otherwise(Authentication found, const SpfQuestions& questions,
                                             WallTime now, Deadline deadline) const {
  ask_spf(questions, now, deadline.at_most(deadline.left() / 2), found);
  judge_alignment(deadline, found);
  return found;
}

void prefetch_alignment(const Result<std::vector<Address>>& authors, const SpfQuestions& questions,
                        AuthSources& sources) {
  const auto author = author_domain(authors);
  const auto domain = Domain::parse(spf_domain(questions));
  if (author && domain && !questions.clients.empty()) {
    prefetch_related(domain->text(), *author, sources);
  }
}

void prefetch_spf(const SpfQuestions& questions, AuthSources& sources) {
  if (!questions.clients.empty()) sources.spf.prefetch(spf_domain(questions));
}

}  // namespace icm
