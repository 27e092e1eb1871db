// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_book.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/store/stored_text.h"

namespace icm {
namespace {

constexpr std::size_t max_address = 254;  // RFC 5321 §4.5.3.1.3, without the angle brackets
constexpr std::size_t max_source = 200;
constexpr std::size_t max_note = 1000;  // also of a reply
constexpr std::size_t max_pattern = 100;
constexpr std::size_t max_queue_id = 100;
constexpr std::int64_t max_count = 1'000'000'000;  // sums of a few of them cannot overflow

bool is_always_global(SuppressionReason reason) {
  return reason == SuppressionReason::erasure || reason == SuppressionReason::hard_bounce ||
         reason == SuppressionReason::relay_off;
}

Status check_act(const std::vector<Suppression>& entries, WallTime act) {
  for (const Suppression& entry : entries) {
    if (!is_opened_by_recipient(entry.reason)) {
      return fail(Code::permanent,
                  fmt::format("{} ({}): expected the administrator's word, since no act of the "
                              "recipient ends {}",
                              entry.address, entry.scope, to_string(entry.reason)));
    }
    if (last_word(entry) < act) continue;
    return fail(Code::permanent,
                fmt::format("{} ({}): expected an act of the recipient after {} ({}), found one of "
                            "{}",
                            entry.address, entry.scope, to_rfc3339(last_word(entry)),
                            to_string(entry.reason), to_rfc3339(act)));
  }
  return {};
}

Status check_evidence(const Evidence& evidence) {
  if (evidence.pattern.empty()) return fail(Code::syntax, "pattern: expected a name, found none");
  if (evidence.count < 1 || evidence.last_seen < evidence.first_seen) {
    return fail(Code::syntax,
                fmt::format("evidence: expected at least one reply, and the first before the last; "
                            "found {}, from {} to {}",
                            evidence.count, to_rfc3339(evidence.first_seen),
                            to_rfc3339(evidence.last_seen)));
  }
  if (evidence.count > max_count) {
    return fail(Code::syntax, fmt::format("evidence: expected a count of at most {}, found {}",
                                          max_count, evidence.count));
  }
  ICM_CHECK(check_stored_text("pattern", evidence.pattern, max_pattern));
  ICM_CHECK(check_stored_text("queue id", evidence.queue_id, max_queue_id));
  return check_stored_text("reply", evidence.reply, max_note);
}

// What comes twice, as when a log is read again, is counted once: only evidence of another time
// adds to the count.
std::optional<Evidence> merged_evidence(const std::optional<Evidence>& known,
                                        const std::optional<Evidence>& given) {
  if (!known || !given) return known ? known : given;
  Evidence result = given->last_seen >= known->last_seen ? *given : *known;
  result.first_seen = std::min(known->first_seen, given->first_seen);
  const bool is_apart =
      given->first_seen > known->last_seen || given->last_seen < known->first_seen;
  result.count = is_apart ? std::min(known->count + given->count, max_count)
                          : std::max(known->count, given->count);
  return result;
}

}  // namespace

std::string_view to_string(Deed::Kind kind) {
  switch (kind) {
    case Deed::Kind::add:
      return "add";
    case Deed::Kind::import:
      return "import";
    case Deed::Kind::remove:
      return "remove";
    case Deed::Kind::undo:
      return "undo";
    case Deed::Kind::hash:
      return "hash";
  }
  return "invalid";
}

Status check_entry(const Suppression& entry) {
  if (is_permanent(entry.reason) && entry.expires) {
    return fail(Code::syntax,
                fmt::format("{}: expected no expiry, since it never ends by age; found {}",
                            to_string(entry.reason), to_rfc3339(*entry.expires)));
  }
  if (entry.reason == SuppressionReason::suspended && !entry.expires) {
    return fail(Code::syntax, "suspended: expected an expiry, found none");
  }
  if (is_always_global(entry.reason) && entry.scope != "global") {
    return fail(Code::syntax, fmt::format("{}: expected scope global, found \"{}\"",
                                          to_string(entry.reason), for_log(entry.scope)));
  }
  ICM_CHECK(check_stored_text("address", entry.address, max_address));
  ICM_CHECK(check_stored_text("source", entry.source, max_source));
  ICM_CHECK(check_stored_text("note", entry.note, max_note));
  return entry.evidence ? check_evidence(*entry.evidence) : Status();
}

bool is_opened_by_recipient(SuppressionReason reason) { return is_permanent(reason); }

Status check_removal(const std::vector<Suppression>& entries, const Deed& deed) {
  if (deed.act_of_recipient) return check_act(entries, *deed.act_of_recipient);
  if (!deed.why.empty()) return {};
  const auto permanent = std::ranges::find_if(
      entries, [](const Suppression& entry) { return is_permanent(entry.reason); });
  if (permanent == entries.end()) return {};
  return fail(Code::permanent,
              fmt::format("{} ({}): expected a cause, since {} is permanent; found none",
                          permanent->address, permanent->scope, to_string(permanent->reason)));
}

Status SuppressionBook::add_all(const std::vector<Suppression>& entries, const Deed& deed) {
  for (const Suppression& entry : entries) ICM_CHECK(add(entry, deed));
  return {};
}

Status check_undoing(const Deed& deed) {
  if (!deed.why.empty()) return {};
  return fail(Code::permanent, "undo: expected a cause, found none");
}

tl::unexpected<Error> no_such_import(std::string_view place, std::int64_t import) {
  return fail(Code::permanent, fmt::format("{}: there is no import {}", place, import));
}

Suppression merged(const Suppression& known, const Suppression& given, WallTime now) {
  const bool is_expired = known.expires && *known.expires <= now;
  Suppression result = is_expired ? given : known;
  result.evidence = merged_evidence(known.evidence, given.evidence);
  if (is_expired) return result;
  result.created = std::min(known.created, given.created);
  const WallTime last =
      std::max(known.confirmed.value_or(known.created), given.confirmed.value_or(given.created));
  result.confirmed = last > result.created ? std::optional(last) : std::nullopt;
  if (!given.expires || (known.expires && *given.expires > *known.expires))
    result.expires = given.expires;
  if (!given.note.empty()) result.note = given.note;
  return result;
}

Outcome outcome_of_merge(const Suppression& known, const Suppression& result, WallTime now) {
  Suppression silent = result;
  silent.confirmed = known.confirmed;
  if (silent == known) return Outcome::unchanged;
  return known.expires && *known.expires <= now ? Outcome::added : Outcome::changed;
}

}  // namespace icm
