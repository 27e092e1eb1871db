// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/address_hits.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/replies/reply_table_check.h"
#include "policy/store/address_hashing.h"

namespace icm {
namespace {

constexpr std::chrono::hours second_look{24};    // after which what comes again is no outage's,
constexpr std::chrono::hours second_outage{72};  // and even where another outage has begun
constexpr std::size_t longest_reply = 1000;      // of Evidence
constexpr std::size_t longest_queue_id = 100;

#define ICM_HIT_COLUMNS                                                                        \
  "address, cause, entry, reply, queue_id, first, last, hits, doubted, owed, rests, resting, " \
  "sure, relay"

AddressHit hit_of(const Query& row) {
  return {.address = std::string(row.text(0)),
          .cause = reply_word<ReplyClass>(row.text(1)).value_or(ReplyClass::unknown),
          .evidence = {.pattern = std::string(row.text(2)),
                       .reply = std::string(row.text(3)),
                       .queue_id = std::string(row.text(4)),
                       .first_seen = stored_time(row.number(5)),
                       .last_seen = stored_time(row.number(6)),
                       .count = row.number(7)},
          .is_doubted = row.number(8) != 0,
          .is_owed = row.number(9) != 0,
          .is_sure = row.number(12) != 0,
          .is_relay = row.number(13) != 0,
          .rests = static_cast<int>(row.number(10)),
          .resting = stored_time(row.number(11))};
}

Result<std::vector<AddressHit>> hits_by(Query query) {
  std::vector<AddressHit> hits;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return hits;
    hits.push_back(hit_of(query));
  }
}

std::string reply_of(const ReceivedReply& reply) {
  std::string text = reply.code == 0 ? std::string() : fmt::format("{} ", reply.code);
  if (!reply.enhanced_code.empty()) text += reply.enhanced_code + " ";
  return excerpt(text + reply.text, longest_reply - 3);
}

// A mailbox that is full or off, or a domain that Apple does not take mail for, is nothing final.
bool may_be_final(ReplyClass cause) {
  return cause == ReplyClass::recipient_gone || cause == ReplyClass::recipient_inactive ||
         cause == ReplyClass::mailbox_full;
}

}  // namespace

bool may_count_against_address(const ReplyEntry& entry, const ReceivedReply& reply) {
  const bool is_asked =
      entry.action == ReplyAction::suppress_address || entry.action == ReplyAction::suspend_address;
  if (!is_asked || entry.scope != ReplyScope::address) return false;
  if (reply.speaker == Speaker::ourselves || reply.names_no_recipient()) return false;
  if (reply.severity() != 4 && reply.severity() != 5) return false;
  if (entry.action == ReplyAction::suppress_address &&
      (reply.severity() != 5 || nature_of(entry, reply) != ReplyNature::permanent)) {
    return false;
  }
  return why_action_is_wrong(entry).empty();
}

Status AddressHits::load() {
  known_.clear();
  ICM_TRY(Query query, book_.query("SELECT DISTINCT address FROM hit"));
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return {};
    known_.emplace(query.text(0));
  }
}

Result<std::optional<AddressHit>> AddressHits::find(std::string_view stored, ReplyClass cause) {
  ICM_TRY(Query query,
          book_.query("SELECT " ICM_HIT_COLUMNS " FROM hit WHERE address = ?1 AND cause = ?2"));
  query.bind(1, stored).bind(2, to_string(cause));
  ICM_TRY(const bool is_row, query.step());
  return is_row ? std::optional(hit_of(query)) : std::nullopt;
}

Result<bool> AddressHits::is_known(const std::string& address, ReplyClass cause, WallTime time) {
  if (known_.empty()) return false;
  const std::string stored = forms_.stored(address);
  if (!known_.contains(stored)) return false;
  ICM_TRY(const auto hit, find(stored, cause));
  return hit && time - hit->evidence.first_seen >= second_look;
}

Status AddressHits::write(const AddressHit& hit) {
  ICM_TRY(Query query,
          book_.query("INSERT OR REPLACE INTO hit (" ICM_HIT_COLUMNS ") VALUES"
                      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"));
  const Evidence& evidence = hit.evidence;
  query.bind(1, hit.address).bind(2, to_string(hit.cause)).bind(3, evidence.pattern);
  query.bind(4, evidence.reply).bind(5, evidence.queue_id);
  query.bind(6, stored(evidence.first_seen)).bind(7, stored(evidence.last_seen));
  query.bind(8, evidence.count).bind(9, std::int64_t{hit.is_doubted});
  query.bind(10, std::int64_t{hit.is_owed}).bind(11, std::int64_t{hit.rests});
  query.bind(12, stored(hit.resting)).bind(13, std::int64_t{hit.is_sure});
  return query.bind(14, std::int64_t{hit.is_relay}).run();
}

Status AddressHits::hit(const Answer& answer, const ReplyEntry& entry, const ReceivedReply& reply,
                        std::optional<WallTime> outage) {
  AddressHit hit;
  hit.address = forms_.stored(answer.address);
  hit.cause = entry.reply_class;
  hit.evidence.first_seen = hit.evidence.last_seen = answer.time;
  hit.evidence.count = 0;
  ICM_TRY(auto known, find(hit.address, hit.cause));
  if (known) hit = *std::move(known);
  known_.insert(hit.address);
  const auto mailbox = Mailbox::parse(answer.address);
  hit.is_relay = mailbox && apple_.is_private_relay(mailbox->domain());
  Evidence& evidence = hit.evidence;
  ++evidence.count;
  if (answer.time >= evidence.last_seen) {
    evidence.last_seen = answer.time;
    evidence.pattern = entry.id;
    evidence.reply = without_addresses(forms_, reply_of(reply));
    evidence.queue_id = is_printable(answer.queue_id) && answer.queue_id.size() <= longest_queue_id
                            ? answer.queue_id
                            : std::string();
  }
  evidence.first_seen = std::min(evidence.first_seen, answer.time);
  const auto span = evidence.last_seen - evidence.first_seen;
  if (outage) {
    hit.is_doubted = evidence.first_seen >= *outage || span < second_outage;
  } else if (span >= second_look) {
    hit.is_doubted = false;
  }
  // The second answer that makes up for a doubtful one has to be as sure itself.
  hit.is_sure = entry.action == ReplyAction::suppress_address || (hit.is_sure && hit.is_owed);
  // What comes while the address rests is mail that was in the queue already.
  hit.is_owed = hit.is_owed || hit.is_sure || answer.time >= hit.resting;
  return write(hit);
}

Status AddressHits::taken(const std::string& address, WallTime time) {
  if (known_.empty()) return {};
  const std::string stored = forms_.stored(address);
  if (!known_.contains(stored)) return {};
  ICM_TRY(Query query, book_.query("DELETE FROM hit WHERE address = ?1 AND last <= ?2"));
  return query.bind(1, stored).bind(2, icm::stored(time)).run();
}

Status AddressHits::doubt(std::string_view entry, WallTime since) {
  ICM_TRY(Query query,
          book_.query("UPDATE hit SET doubted = 1 WHERE entry = ?1 AND last >= ?2 AND owed = 1"
                      " AND (first >= ?2 OR last - first < ?3)"));
  const auto span = std::chrono::milliseconds(second_outage).count();
  return query.bind(1, entry).bind(2, stored(since)).bind(3, std::int64_t{span}).run();
}

std::optional<AddressDecision> AddressHits::decision(AddressHit& hit, WallTime now) const {
  hit.is_owed = false;
  // The first of two; the second has to come a day later.
  if (hit.is_doubted) return std::nullopt;
  const Evidence& evidence = hit.evidence;
  AddressDecision decision;
  decision.entry = {.address = hit.address,
                    .scope = "global",
                    .reason = SuppressionReason::hard_bounce,
                    .source = "replies",
                    .note = {},
                    .created = evidence.first_seen,
                    .expires = {},
                    .evidence = evidence};
  if (hit.is_sure) {
    decision.effect = ReplyEffect::suppress;
    const auto mailbox = Mailbox::parse(hit.address);  // none where it is a hash
    if (hit.is_relay || (mailbox && apple_.is_private_relay(mailbox->domain()))) {
      decision.entry.reason = SuppressionReason::relay_off;
    }
    return decision;
  }
  ++hit.rests;
  const AddressRepliesConfig& rules = config_.addresses;
  const auto long_enough =
      hit.cause == ReplyClass::mailbox_full ? rules.full_for : rules.inactive_for;
  if (may_be_final(hit.cause) && hit.rests >= rules.suppress_after &&
      evidence.last_seen - evidence.first_seen >= long_enough) {
    decision.effect = ReplyEffect::suppress;
    decision.entry.note =
        fmt::format("the same answer {} times in {} days", evidence.count,
                    (evidence.last_seen - evidence.first_seen) / std::chrono::hours{24});
    return decision;
  }
  const auto step = std::min(static_cast<std::size_t>(hit.rests), rules.suspend.size()) - 1;
  hit.resting = evidence.last_seen + rules.suspend[step];
  if (hit.resting <= now) return std::nullopt;
  decision.entry.reason = SuppressionReason::suspended;
  decision.entry.created = evidence.last_seen;
  decision.entry.expires = hit.resting;
  return decision;
}

Result<std::vector<AddressDecision>> AddressHits::decide(WallTime now) {
  std::vector<AddressHit> due;
  {
    ICM_TRY(Query query, book_.query("SELECT " ICM_HIT_COLUMNS " FROM hit WHERE owed = 1"
                                     " AND last <= ?1 ORDER BY last, address, cause"));
    query.bind(1, stored(now - config_.breaker.wait));
    ICM_TRY(due, hits_by(std::move(query)));
  }
  std::vector<AddressDecision> decisions;
  for (AddressHit& hit : due) {
    auto decided = decision(hit, now);
    ICM_CHECK(write(hit));
    if (decided) decisions.push_back(*std::move(decided));
  }
  return decisions;
}

Result<std::vector<AddressHit>> hits_of(ReplyBook& book, std::string_view address) {
  ICM_TRY(Query query,
          book.query("SELECT " ICM_HIT_COLUMNS " FROM hit WHERE address = ?1 ORDER BY cause"));
  query.bind(1, address);
  return hits_by(std::move(query));
}

Result<std::int64_t> forget_hits(ReplyBook& book, std::string_view entry, WallTime since,
                                 WallTime until) {
  ICM_TRY(Query query, book.query("DELETE FROM hit WHERE entry = ?1 AND last >= ?2 AND last < ?3"));
  ICM_CHECK(query.bind(1, entry).bind(2, stored(since)).bind(3, stored(until)).run());
  return book.changes();
}

Result<std::int64_t> count_hits(ReplyBook& book, std::string_view entry, WallTime since,
                                WallTime until) {
  ICM_TRY(Query query,
          book.query("SELECT count(*) FROM hit WHERE entry = ?1 AND last >= ?2 AND last < ?3"));
  query.bind(1, entry).bind(2, stored(since)).bind(3, stored(until));
  ICM_CHECK(query.step());
  return query.number(0);
}

Result<std::int64_t> owed_hits(ReplyBook& book) {
  ICM_TRY(Query query, book.query("SELECT count(*) FROM hit WHERE owed = 1"));
  ICM_CHECK(query.step());
  return query.number(0);
}

}  // namespace icm
