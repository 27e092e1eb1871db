// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_book.h"

#include <map>
#include <optional>

#include <fmt/format.h>

#include "policy/store/redis_causes.h"
#include "policy/store/redis_import.h"
#include "policy/store/redis_undo.h"
#include "policy/store/redis_walk.h"

namespace icm {
namespace {

constexpr std::size_t most_at_once = 1000;  // addresses in one step

bool lets_through(const RecordFilter& filter, const std::string& at_domain,
                  const Suppression& entry, WallTime now) {
  const bool is_expired = entry.expires && *entry.expires <= now;
  return is_expired == (filter.expiry == RecordFilter::Expiry::expired) &&
         (!filter.reason || entry.reason == *filter.reason) &&
         (!filter.scope || entry.scope == *filter.scope) &&
         (at_domain.empty() || entry.address.ends_with(at_domain)) &&
         (!filter.since || entry.created >= *filter.since);
}

tl::unexpected<Error> others_kept_changing(const RedisShelf& shelf) {
  return fail(
      Code::temporary,
      fmt::format("{}: others kept changing the address until the time was over", shelf.text()));
}

tl::unexpected<Error> not_all_in_time(const RedisShelf& shelf, std::size_t left) {
  return fail(Code::temporary,
              fmt::format("{}: the time was over before the entries of {} more addresses were "
                          "written",
                          shelf.text(), left));
}

// Whether they change more than when it was said last, so that a deed has to be written down.
bool put_entries(AddressChange& change, const std::vector<const Suppression*>& entries,
                 std::int64_t number, WallTime at) {
  bool is_deed_meant = false;
  for (const Suppression* entry : entries) {
    const bool is_repetition = is_noted_lately(change.next, *entry, at);
    const std::vector<Version> before = change.next;
    put_entry(change, *entry, is_repetition ? 0 : number, at);
    is_deed_meant = is_deed_meant || (!is_repetition && change.next != before);
  }
  return is_deed_meant;
}

// An entry may outlive what is known of its deed, as when the key with the deeds alone was lost.
Deed unknown_deed() {
  return {.kind = Deed::Kind::add, .who = "unknown", .at = {}, .why = "what was done is lost"};
}

}  // namespace

Result<std::unique_ptr<SuppressionBook>> RedisSuppressionBook::open(
    const RedisOptions& options, Missing missing, Deadline deadline,
    std::shared_ptr<Generation> generation) {
  RedisShelf shelf(options, std::move(generation));
  ICM_CHECK(shelf.open(missing, deadline));
  return std::unique_ptr<SuppressionBook>(new RedisSuppressionBook(std::move(shelf), deadline));
}

Result<Outcome> RedisSuppressionBook::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  std::optional<std::int64_t> number;
  while (!deadline_.passed()) {
    ICM_TRY(const auto standing, shelf_.standing({entry.address}, deadline_));
    AddressChange change = AddressChange::of(entry.address, standing[0]);
    const bool is_repetition = is_noted_lately(standing[0], entry, deed.at);
    const std::int64_t by = is_repetition ? 0 : number.value_or(-1);
    const Outcome outcome = put_entry(change, entry, by, deed.at);
    if (change.is_any() && !is_repetition && !number) {
      ICM_TRY(number, shelf_.record(deed, deadline_));
      continue;
    }
    ICM_CHECK(forget_causes(shelf_, {change}, deadline_));
    // Made also where nothing changes: what is answered must be as safe as what is written.
    ICM_TRY(const std::vector<bool> made, shelf_.change({change}, deadline_));
    if (made[0]) return outcome;
  }
  return others_kept_changing(shelf_);
}

// A step takes about as long for all of them as for one.
Status RedisSuppressionBook::add_all(const std::vector<Suppression>& entries, const Deed& deed) {
  std::map<std::string, std::vector<const Suppression*>> open;
  for (const Suppression& entry : entries) {
    ICM_CHECK(check_entry(entry));
    if (entry.reason == SuppressionReason::erasure) {
      return fail(Code::syntax, "erasure: expected to be added by itself");
    }
    open[entry.address].push_back(&entry);
  }
  std::optional<std::int64_t> number;
  while (!open.empty()) {
    std::vector<std::string> addresses;
    for (const auto& [address, some] : open) {
      if (addresses.size() < most_at_once) addresses.push_back(address);
    }
    ICM_TRY(const auto standing, shelf_.standing(addresses, deadline_));
    std::vector<AddressChange> changes;
    bool is_deed_meant = false;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      changes.push_back(AddressChange::of(addresses[i], standing[i]));
      is_deed_meant |=
          put_entries(changes.back(), open.at(addresses[i]), number.value_or(-1), deed.at);
    }
    if (is_deed_meant && !number) {
      ICM_TRY(number, shelf_.record(deed, deadline_));
      continue;
    }
    ICM_TRY(const std::vector<bool> made, shelf_.change(changes, deadline_));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (made[i]) open.erase(addresses[i]);
    }
    if (!open.empty() && deadline_.passed()) return not_all_in_time(shelf_, open.size());
  }
  return {};
}

Result<std::vector<Suppression>> RedisSuppressionBook::remove(const EntryChoice& choice,
                                                              const Deed& deed) {
  std::optional<std::int64_t> number;
  while (!deadline_.passed()) {
    ICM_TRY(const auto standing, shelf_.standing({choice.address}, deadline_));
    AddressChange change = AddressChange::of(choice.address, standing[0]);
    std::vector<Suppression> taken = take_off(change, choice, deed, number.value_or(-1));
    if (taken.empty()) return taken;
    ICM_CHECK(check_removal(taken, deed));
    if (!number) {
      ICM_TRY(number, shelf_.record(deed, deadline_));
      continue;
    }
    ICM_TRY(const std::vector<bool> made, shelf_.change({std::move(change)}, deadline_));
    if (made[0]) return taken;
  }
  return others_kept_changing(shelf_);
}

Result<std::vector<Recorded>> RedisSuppressionBook::recorded(
    const std::vector<RedisEntry>& entries) {
  std::map<std::int64_t, Deed> deeds;
  const auto look_up = [&](std::int64_t number) -> Status {
    if (deeds.contains(number)) return {};
    ICM_TRY(const std::optional<RedisDeed> found, shelf_.deed(number, deadline_));
    deeds.emplace(number, found ? found->deed : unknown_deed());
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
  return std::make_unique<RedisImport>(shelf_);
}

Result<std::vector<ImportRecord>> RedisSuppressionBook::imports() {
  ICM_TRY(const std::vector<std::int64_t> numbers, shelf_.imports(deadline_));
  std::vector<ImportRecord> records;
  for (const std::int64_t number : numbers) {
    ICM_TRY(std::optional<RedisDeed> found, shelf_.deed(number, deadline_));
    if (!found) found = RedisDeed{unknown_deed(), {}};
    records.push_back({.import = number, .deed = found->deed, .entries = found->entries});
  }
  return records;
}

Result<UndoCount> RedisSuppressionBook::undo(const Batch& batch, const Deed& deed,
                                             Undoing undoing) {
  return undo_batch(shelf_, batch, deed, undoing, deadline_);
}

}  // namespace icm
