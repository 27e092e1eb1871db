// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_book.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "policy/store/redis_import.h"
#include "policy/store/redis_walk.h"

namespace icm {
namespace {

bool is_same_key(const Suppression& one, const Suppression& other) {
  return one.scope == other.scope && one.reason == other.reason;
}

bool is_meant(const EntryChoice& choice, const Suppression& entry) {
  return (!choice.scope || entry.scope == *choice.scope) &&
         (!choice.reason || entry.reason == *choice.reason);
}

bool lets_through(const RecordFilter& filter, const std::string& at_domain,
                  const Suppression& entry, WallTime now) {
  const bool is_expired = entry.expires && *entry.expires <= now;
  return is_expired == (filter.expiry == RecordFilter::Expiry::expired) &&
         (!filter.reason || entry.reason == *filter.reason) &&
         (!filter.scope || entry.scope == *filter.scope) &&
         (at_domain.empty() || entry.address.ends_with(at_domain)) &&
         (!filter.since || entry.created >= *filter.since);
}

void end_entry(AddressChange& change, const RedisEntry& entry, std::int64_t deed) {
  RedisEntry past = entry;
  past.ended_by = deed;
  change.ended.push_back(std::move(past));
}

}  // namespace

Outcome put_entry(AddressChange& change, const Suppression& entry, std::int64_t deed,
                  WallTime now) {
  const auto is_erasure = [](const RedisEntry& one) {
    return one.entry.reason == SuppressionReason::erasure;
  };
  const bool asks_to_be_forgotten = entry.reason == SuppressionReason::erasure;
  if (!asks_to_be_forgotten && std::any_of(change.next.begin(), change.next.end(), is_erasure)) {
    return Outcome::unchanged;
  }
  Suppression given = entry;
  if (asks_to_be_forgotten) {
    given.note.clear();
    std::erase_if(change.next, [&](const RedisEntry& one) { return !is_erasure(one); });
    change.ended.clear();
    change.forgets_past = true;
  }
  const auto known =
      std::find_if(change.next.begin(), change.next.end(),
                   [&](const RedisEntry& one) { return is_same_key(one.entry, given); });
  if (known == change.next.end()) {
    change.next.push_back(
        {.entry = std::move(given), .added_by = deed, .ended_by = 0, .stored = {}});
    return Outcome::added;
  }
  Suppression after = merged(known->entry, given, now);
  const Outcome outcome = outcome_of_merge(known->entry, after, now);
  if (outcome == Outcome::unchanged) return outcome;
  end_entry(change, *known, deed);
  *known = {.entry = std::move(after), .added_by = deed, .ended_by = 0, .stored = {}};
  return outcome;
}

Result<std::unique_ptr<SuppressionBook>> RedisSuppressionBook::open(const RedisOptions& options,
                                                                    Missing missing,
                                                                    Deadline deadline) {
  RedisShelf shelf(options);
  ICM_CHECK(shelf.open(missing, deadline));
  return std::unique_ptr<SuppressionBook>(new RedisSuppressionBook(std::move(shelf), deadline));
}

Result<Outcome> RedisSuppressionBook::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  std::optional<std::int64_t> number;
  while (!deadline_.passed()) {
    ICM_TRY(const auto standing, shelf_.standing({entry.address}, deadline_));
    AddressChange change{.address = entry.address,
                         .standing = standing[0],
                         .next = standing[0],
                         .ended = {},
                         .forgets_past = false};
    AddressChange trial = change;
    if (put_entry(trial, entry, 0, deed.at) == Outcome::unchanged) return Outcome::unchanged;
    if (!number) {
      ICM_TRY(number, shelf_.record(deed, deadline_));
    }
    const Outcome outcome = put_entry(change, entry, *number, deed.at);
    ICM_TRY(const std::vector<bool> made, shelf_.change({std::move(change)}, deadline_));
    if (made[0]) return outcome;
  }
  return fail(
      Code::temporary,
      fmt::format("{}: others kept changing the address until the time was over", shelf_.text()));
}

Result<std::vector<Suppression>> RedisSuppressionBook::remove(const EntryChoice& choice,
                                                              const Deed& deed) {
  std::optional<std::int64_t> number;
  while (!deadline_.passed()) {
    ICM_TRY(const auto standing, shelf_.standing({choice.address}, deadline_));
    std::vector<Suppression> chosen;
    for (const RedisEntry& entry : standing[0]) {
      if (is_meant(choice, entry.entry)) chosen.push_back(entry.entry);
    }
    if (chosen.empty()) return chosen;
    ICM_CHECK(check_removal(chosen, deed));
    if (!number) {
      ICM_TRY(number, shelf_.record(deed, deadline_));
    }
    AddressChange change{.address = choice.address,
                         .standing = standing[0],
                         .next = {},
                         .ended = {},
                         .forgets_past = false};
    for (const RedisEntry& entry : standing[0]) {
      if (is_meant(choice, entry.entry)) {
        end_entry(change, entry, *number);
      } else {
        change.next.push_back(entry);
      }
    }
    ICM_TRY(const std::vector<bool> made, shelf_.change({std::move(change)}, deadline_));
    if (made[0]) return chosen;
  }
  return fail(
      Code::temporary,
      fmt::format("{}: others kept changing the address until the time was over", shelf_.text()));
}

Result<std::vector<Recorded>> RedisSuppressionBook::recorded(
    const std::vector<RedisEntry>& entries) {
  std::map<std::int64_t, Deed> deeds;
  const auto look_up = [&](std::int64_t number) -> Status {
    if (deeds.contains(number)) return {};
    ICM_TRY(Deed deed, shelf_.deed(number, deadline_));
    deeds.emplace(number, std::move(deed));
    return {};
  };
  std::vector<Recorded> records;
  for (const RedisEntry& entry : entries) {
    ICM_CHECK(look_up(entry.added_by));
    Recorded record{entry.entry, deeds.at(entry.added_by), {}};
    if (entry.ended_by != 0) {
      ICM_CHECK(look_up(entry.ended_by));
      record.ended = deeds.at(entry.ended_by);
    }
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::vector<Recorded>> RedisSuppressionBook::standing(
    const std::vector<std::string>& addresses) {
  ICM_TRY(const auto found, shelf_.standing(addresses, deadline_));
  std::vector<RedisEntry> entries;
  for (const auto& some : found) entries.insert(entries.end(), some.begin(), some.end());
  return recorded(entries);
}

Result<std::vector<Recorded>> RedisSuppressionBook::past(
    const std::vector<std::string>& addresses) {
  std::vector<RedisEntry> entries;
  for (const std::string& address : addresses) {
    ICM_TRY(const std::vector<RedisEntry> some, shelf_.past(address, deadline_));
    entries.insert(entries.end(), some.begin(), some.end());
  }
  return recorded(entries);
}

Status RedisSuppressionBook::each(const RecordFilter& filter, WallTime now,
                                  const std::function<void(const Suppression&)>& visit) {
  const std::string at_domain = filter.domain ? "@" + filter.domain->text() : std::string();
  RedisWalk walk(shelf_);
  for (;;) {
    ICM_TRY(const std::optional<RedisEntry> entry, walk.next());
    if (!entry) return {};
    if (lets_through(filter, at_domain, entry->entry, now)) visit(entry->entry);
  }
}

Result<std::unique_ptr<ImportJob>> RedisSuppressionBook::begin_import() {
  return RedisImport::begin(shelf_);
}

}  // namespace icm
