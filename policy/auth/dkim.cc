// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/dkim.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm {
namespace {

void settle(DkimResult& result, DkimStatus status, std::string reason) {
  result.status = status;
  result.reason = std::move(reason);
}

// RFC 6376 §3.6.1 "t=s".
bool breaks_strict_identity(const KeyRecord& record, const SignatureTags& tags) {
  const auto at = tags.identity.rfind('@');
  return record.strict_identity &&
         !equal_ascii(std::string_view(tags.identity).substr(at + 1), tags.domain);
}

}  // namespace

std::string_view to_string(DkimStatus status) {
  switch (status) {
    case DkimStatus::none:
      return "none";
    case DkimStatus::pass:
      return "pass";
    case DkimStatus::fail:
      return "fail";
    case DkimStatus::policy:
      return "policy";
    case DkimStatus::neutral:
      return "neutral";
    case DkimStatus::temp_error:
      return "temperror";
    case DkimStatus::perm_error:
      return "permerror";
  }
  return "invalid";
}

FieldCoverage DkimResult::coverage(const HeaderList& headers, std::string_view name) const {
  FieldCoverage coverage{.present = headers.count(name), .named = 0};
  if (tags) {
    coverage.named = static_cast<std::size_t>(std::ranges::count_if(
        tags->fields, [&](const std::string& field) { return equal_ascii(field, name); }));
  }
  return coverage;
}

std::optional<KeyObjection> objection_of(const KeyRecord& record, SignatureAlgorithm algorithm,
                                         const Sha256Digest& digest, std::string_view signature,
                                         int min_rsa_bits) {
  if (record.key.type() != key_type(algorithm)) {
    return KeyObjection{DkimStatus::perm_error,
                        fmt::format("a={} does not fit the {} key", to_string(algorithm),
                                    to_string(record.key.type()))};
  }
  if (record.key.type() == KeyType::rsa && record.key.bits() < min_rsa_bits) {
    return KeyObjection{DkimStatus::perm_error,
                        fmt::format("key of {} bits is too short, {} are the least",
                                    record.key.bits(), min_rsa_bits)};
  }
  if (!record.key.verifies(digest, signature))
    return KeyObjection{DkimStatus::fail, "signature did not verify"};
  return std::nullopt;
}

DkimVerifier::DkimVerifier(const HeaderList& headers, KeyDirectory& keys, BodyHashes& hashes,
                           DkimLimits limits)
    : headers_(headers), keys_(keys), hashes_(hashes), limits_(limits) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!equal_ascii(headers[i].name, "DKIM-Signature")) continue;
    Candidate& candidate = candidates_.emplace_back();
    candidate.result.header_index = i;
    if (candidates_.size() > limits.signatures) {
      settle(candidate.result, DkimStatus::neutral,
             fmt::format("more than {} signatures", limits.signatures));
      continue;
    }
    auto tags = parse_signature(headers[i].value, SignatureKind::dkim);
    if (!tags) {
      settle(candidate.result, DkimStatus::perm_error, tags.error().text);
      if (const auto list = TagList::parse(headers[i].value)) {
        candidate.result.domain = lower_ascii(list->value("d"));
        candidate.result.selector = lower_ascii(list->value("s"));
      }
      continue;
    }
    candidate.result.domain = tags->domain;
    candidate.result.selector = tags->selector;
    candidate.ticket = hashes.want(tags->body_form, tags->body_length);
    candidate.pending = true;
    candidate.result.tags = *std::move(tags);
    keys_.prefetch(candidate.result.domain, candidate.result.selector);
  }
}

std::vector<std::string> DkimVerifier::domains() const {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates_) {
    if (candidate.pending) names.push_back(candidate.result.domain);
  }
  return names;
}

std::vector<DkimResult> DkimVerifier::finish(WallTime now, Deadline deadline) {
  std::vector<DkimResult> results;
  for (Candidate& candidate : candidates_) {
    if (candidate.pending) verify(candidate, now, deadline);
    results.push_back(std::move(candidate.result));
  }
  return results;
}

// RFC 6376 §6.1.1 to §6.1.3: the tags, the key, the hashes.
void DkimVerifier::verify(Candidate& candidate, WallTime now, Deadline deadline) const {
  DkimResult& result = candidate.result;
  const SignatureTags& tags = *result.tags;
  result.body_size = hashes_.canonical_size(candidate.ticket);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (tags.expires_at && seconds > 0 && static_cast<std::uint64_t>(seconds) > *tags.expires_at) {
    return settle(result, DkimStatus::perm_error, "signature has expired (x=)");
  }
  // RFC 6376 §3.5 "l=": it MUST NOT be larger than the canonical body.
  if (tags.body_length && *tags.body_length > result.body_size) {
    return settle(result, DkimStatus::perm_error, "l= is larger than the body");
  }
  const auto answer = keys_.find(tags.domain, tags.selector, deadline);
  if (answer->status == KeyAnswer::Status::temporary) {
    return settle(result, DkimStatus::temp_error, answer->problems.front());
  }
  if (answer->keys.empty()) return settle(result, DkimStatus::perm_error, answer->problems.front());
  result.key_bits = answer->keys.front().key.bits();
  result.testing = answer->keys.front().testing;
  if (octets_of(hashes_.digest(candidate.ticket)) != tags.body_hash) {
    return settle(result, DkimStatus::fail, "body hash did not verify");
  }
  const Sha256Digest digest = hash_header(headers_, tags, result.header_index);
  std::optional<KeyObjection> first;
  for (const KeyRecord& record : answer->keys) {
    // Whoever signed chose how many keys there are, and how large.
    if (first && deadline.passed()) {
      return settle(result, DkimStatus::temp_error,
                    fmt::format("out of time before all {} keys were tried", answer->keys.size()));
    }
    auto objection =
        objection_of(record, tags.algorithm, digest, tags.signature, limits_.min_rsa_bits);
    if (!objection && breaks_strict_identity(record, tags)) {
      objection =
          KeyObjection{DkimStatus::perm_error, "the key demands that i= is d= itself (t=s)"};
    }
    if (!objection) {
      result.key_bits = record.key.bits();
      result.testing = record.testing;
      return settle(result, DkimStatus::pass, "");
    }
    if (!first) first = std::move(objection);
  }
  settle(result, first->status, std::move(first->reason));
}

}  // namespace icm
