// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/arc_chain.h"

#include <algorithm>

#include "policy/auth/auth_results.h"
#include "policy/auth/dkim.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr int min_rsa_bits = 1024;  // RFC 8301 §3.2

// RFC 8617 §5.2 step 3.C: i=1 says none, every later one pass.
std::string chain_value_problem(const std::vector<ArcSet>& sets) {
  for (const ArcSet& set : sets) {
    const ChainValue expected = set.seal_tags.instance == 1 ? ChainValue::none : ChainValue::pass;
    if (set.seal_tags.cv == expected) continue;
    return fmt::format("i={} says cv={}, expected {}", set.seal_tags.instance,
                       to_string(set.seal_tags.cv), to_string(expected));
  }
  return {};
}

// What the results of a set say of DMARC.
std::string dmarc_in(const ArcSet& set) {
  const auto results = AuthenticationResults::parse(set.payload);
  if (!results) return {};
  const auto found = results->of("dmarc");
  return found.empty() ? std::string() : found.front()->result;
}

}  // namespace

std::string_view to_string(ArcStatus status) {
  switch (status) {
    case ArcStatus::none:
      return "none";
    case ArcStatus::pass:
      return "pass";
    case ArcStatus::fail:
      return "fail";
    case ArcStatus::temp_error:
      return "temperror";
  }
  return "invalid";
}

std::string seal_scope(const HeaderList& headers, const std::vector<ArcSet>& sets,
                       std::size_t last) {
  std::string text;
  for (std::size_t i = 0; i <= last; ++i) {
    append_canonical_header(text, headers[sets[i].results], Canonicalization::relaxed);
    append_canonical_header(text, headers[sets[i].message], Canonicalization::relaxed);
    const HeaderField seal = headers[sets[i].seal];
    if (i < last) {
      append_canonical_header(text, seal, Canonicalization::relaxed);
    } else {
      append_canonical_header(text, {seal.name, without_signature(seal.value)},
                              Canonicalization::relaxed);
    }
  }
  text.resize(text.size() - 2);
  return text;
}

const ArcSealer* voucher_of(const ArcResult& chain, const std::vector<Domain>& trusted) {
  if (chain.status != ArcStatus::pass) return nullptr;
  for (auto sealer = chain.sealers.rbegin(); sealer != chain.sealers.rend(); ++sealer) {
    const bool is_trusted = std::ranges::any_of(
        trusted, [&](const Domain& domain) { return domain.text() == sealer->domain; });
    if (!is_trusted) return nullptr;
    if (sealer->dmarc == "pass") return &*sealer;
  }
  return nullptr;
}

ArcVerifier::ArcVerifier(const HeaderList& headers, KeyDirectory& keys, BodyHashes& hashes)
    : headers_(headers), keys_(keys), hashes_(hashes), arc_(read_arc_headers(headers)) {
  if (arc_.ended) return;
  // A chain may name a hundred keys, all of them slow: only the newest are asked for ahead, since
  // one that is missing there ends the matter.
  constexpr std::size_t fetched_ahead = 5;
  for (std::size_t i = 0; i < arc_.sets.size(); ++i) {
    const ArcSet& set = arc_.sets[i];
    tickets_.push_back(hashes.want(set.message_tags.body_form, set.message_tags.body_length));
    if (i + fetched_ahead < arc_.sets.size()) continue;
    keys_.prefetch(set.message_tags.domain, set.message_tags.selector);
    keys_.prefetch(set.seal_tags.domain, set.seal_tags.selector);
  }
}

ArcResult ArcVerifier::finish(Deadline deadline) {
  ArcResult result;
  result.instance = arc_.highest_instance;
  result.ended = arc_.ended;
  const auto end = [&](Failure failure) {
    result.status = failure.status;
    result.reason = std::move(failure.reason);
    return result;
  };
  if (!arc_.present) return result;
  for (const ArcSet& set : arc_.sets) {
    result.sealers.push_back(
        {set.seal_tags.instance, set.seal_tags.domain, set.seal_tags.selector, dmarc_in(set)});
  }
  // §5.2 step 2, then step 3.
  if (arc_.ended)
    return end({ArcStatus::fail, fmt::format("i={} says cv=fail", arc_.highest_instance)});
  if (!arc_.problem.empty()) return end({ArcStatus::fail, arc_.problem});
  if (auto problem = chain_value_problem(arc_.sets); !problem.empty())
    return end({ArcStatus::fail, std::move(problem)});
  // Step 4: the newest AMS must verify; step 5: how far back the older ones do.
  const std::size_t newest = arc_.sets.size() - 1;
  if (auto failure = check_message_signature(newest, deadline)) {
    is_changed_ = failure->status == ArcStatus::fail;
    return end(std::move(*failure));
  }
  for (std::size_t i = newest; i-- > 0;) {
    if (deadline.passed()) return end(out_of_time());
    if (!check_message_signature(i, deadline)) continue;
    result.oldest_pass = static_cast<int>(i) + 2;
    break;
  }
  // Step 6: every seal.
  if (auto failure = check_seals(deadline)) return end(std::move(*failure));
  result.status = ArcStatus::pass;
  return result;
}

std::optional<ArcVerifier::Failure> ArcVerifier::check_message_signature(std::size_t set,
                                                                         Deadline deadline) const {
  const SignatureTags& tags = arc_.sets[set].message_tags;
  const std::size_t ticket = tickets_[set];
  const auto place = fmt::format("AMS i={}", tags.instance);
  if (tags.body_length && *tags.body_length > hashes_.canonical_size(ticket)) {
    return Failure{ArcStatus::fail, place + ": l= is larger than the body"};
  }
  if (octets_of(hashes_.digest(ticket)) != tags.body_hash) {
    return Failure{ArcStatus::fail, place + ": body hash did not verify"};
  }
  auto failure =
      check_key(tags.domain, tags.selector, tags.algorithm,
                hash_header(headers_, tags, arc_.sets[set].message), tags.signature, deadline);
  if (failure) failure->reason = fmt::format("{}: {}", place, failure->reason);
  return failure;
}

bool ArcVerifier::seals_outlive_change(Deadline deadline) const {
  return is_changed_ && !check_seals(deadline);
}

// The newest whatever the time.
std::optional<ArcVerifier::Failure> ArcVerifier::check_seals(Deadline deadline) const {
  for (std::size_t i = arc_.sets.size(); i-- > 0;) {
    if (i + 1 < arc_.sets.size() && deadline.passed()) return out_of_time();
    if (auto failure = check_seal(i, deadline)) return failure;
  }
  return std::nullopt;
}

ArcVerifier::Failure ArcVerifier::out_of_time() const {
  return {ArcStatus::temp_error,
          fmt::format("out of time before all {} sets were verified", arc_.sets.size())};
}

std::optional<ArcVerifier::Failure> ArcVerifier::check_seal(std::size_t set,
                                                            Deadline deadline) const {
  const SealTags& tags = arc_.sets[set].seal_tags;
  auto failure = check_key(tags.domain, tags.selector, tags.algorithm,
                           sha256(seal_scope(headers_, arc_.sets, set)), tags.signature, deadline);
  if (failure) failure->reason = fmt::format("AS i={}: {}", tags.instance, failure->reason);
  return failure;
}

std::optional<ArcVerifier::Failure> ArcVerifier::check_key(
    const std::string& domain, const std::string& selector, SignatureAlgorithm algorithm,
    const Sha256Digest& digest, std::string_view signature, Deadline deadline) const {
  const auto answer = keys_.find(domain, selector, deadline);
  if (answer->status == KeyAnswer::Status::temporary)
    return Failure{ArcStatus::temp_error, answer->problems.front()};
  if (answer->keys.empty()) return Failure{ArcStatus::fail, answer->problems.front()};
  std::string reason;
  for (const KeyRecord& record : answer->keys) {
    if (!reason.empty() && deadline.passed()) {
      return Failure{ArcStatus::temp_error,
                     fmt::format("out of time before all {} keys were tried", answer->keys.size())};
    }
    const auto objection = objection_of(record, algorithm, digest, signature, min_rsa_bits);
    if (!objection) return std::nullopt;
    if (reason.empty()) reason = objection->reason;
  }
  return Failure{ArcStatus::fail, std::move(reason)};
}

}  // namespace icm
