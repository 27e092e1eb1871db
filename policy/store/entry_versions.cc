// SPDX-License-Identifier: Apache-2.0
#include "policy/store/entry_versions.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::chrono::hours lately{1};

bool is_same_key(const Suppression& one, const Suppression& other) {
  return one.scope == other.scope && one.reason == other.reason;
}

bool is_erasure(const Version& version) {
  return version.entry.reason == SuppressionReason::erasure;
}

void end_version(AddressChange& change, Version version, std::int64_t deed) {
  version.ended_by = deed;
  version.stored.clear();
  change.ended.push_back(std::move(version));
}

bool is_meant(const EntryChoice& choice, const Deed& deed, const Suppression& entry) {
  if (choice.scope && entry.scope != *choice.scope) return false;
  if (choice.reason) return entry.reason == *choice.reason;
  return !deed.act_of_recipient || is_opened_by_recipient(entry.reason);
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Somebody else than who made the version said it again.
bool is_confirmed_by_others(const Version& version) {
  return std::ranges::any_of(version.confirmations,
                             [&](const Confirmation& one) { return one.deed != version.added_by; });
}

enum class Way { remove, restore, leave };

// `before` is what stood before the batch, when the way is to restore it.
Way way_back(const Version& standing, const std::vector<Version>& past, const Batch& batch,
             Version& before) {
  if (is_erasure(standing) || is_confirmed_by_others(standing)) return Way::leave;
  const Version* newer = &standing;
  for (const Version& version : past) {
    const bool is_replaced =
        is_same_key(version.entry, standing.entry) && version.ended_by == newer->added_by;
    if (!is_replaced) continue;
    // Who made the newer one brought no evidence of his own: it is somebody else's word.
    if (!batch.import && version.entry.evidence == newer->entry.evidence) return Way::leave;
    newer = &version;
    if (!looks_like(version, batch)) {
      before = version;
      return Way::restore;
    }
    if (is_confirmed_by_others(version)) return Way::leave;
  }
  return Way::remove;
}

bool take_back_confirmation(Version& version, const Batch& batch) {
  if (!is_confirmed_by(version, batch)) return false;
  std::erase_if(version.confirmations,
                [&](const Confirmation& one) { return one.deed == *batch.import; });
  let_confirmed_follow(version);
  return true;
}

}  // namespace

bool is_noted_lately(const std::vector<Version>& standing, const Suppression& given, WallTime now) {
  if (given.reason == SuppressionReason::erasure) return false;
  const auto known = std::ranges::find_if(
      standing, [&](const Version& one) { return is_same_key(one.entry, given); });
  if (known == standing.end() || !known->entry.confirmed) return false;
  if (given.confirmed.value_or(given.created) >= *known->entry.confirmed + lately) return false;
  const Suppression after = merged(known->entry, given, now);
  return outcome_of_merge(known->entry, after, now) == Outcome::unchanged;
}

void let_confirmed_follow(Version& version) {
  WallTime last = version.entry.created;
  for (const Confirmation& one : version.confirmations) last = std::max(last, one.at);
  version.entry.confirmed =
      last > version.entry.created ? std::optional(last) : std::optional<WallTime>();
  version.stored.clear();
}

Version new_version(Suppression entry, std::int64_t deed) {
  Version version{.entry = std::move(entry), .added_by = deed};
  if (version.entry.confirmed) version.confirmations = {{deed, *version.entry.confirmed}};
  let_confirmed_follow(version);
  return version;
}

void confirm(Version& version, std::int64_t deed, WallTime at) {
  std::vector<Confirmation>& all = version.confirmations;
  const auto known =
      std::ranges::find_if(all, [&](const Confirmation& one) { return one.deed == deed; });
  if (known != all.end()) {
    if (at <= known->at) return;
    known->at = at;
  } else {
    // What stands twice in one file.
    if (deed == version.added_by && at <= version.entry.confirmed.value_or(version.entry.created)) {
      return;
    }
    all.push_back({deed, at});
  }
  if (all.size() > most_confirmations) {
    all[1] = {0, std::max(all[0].at, all[1].at)};
    all.erase(all.begin());
  }
  let_confirmed_follow(version);
}

std::string text_of(const std::vector<Confirmation>& confirmations) {
  std::string text;
  for (const Confirmation& one : confirmations) {
    text += fmt::format("{}{}@{}", text.empty() ? "" : " ", one.deed,
                        one.at.time_since_epoch().count());
  }
  return text;
}

std::vector<Confirmation> confirmations_of(std::string_view text) {
  std::vector<Confirmation> all;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t middle = word.find('@');
    if (middle == std::string_view::npos) continue;
    const auto deed = number_of(word.substr(0, middle));
    const auto at = number_of(word.substr(middle + 1));
    if (deed && at) all.push_back({*deed, WallTime(std::chrono::milliseconds(*at))});
  }
  return all;
}

AddressChange AddressChange::of(std::string address, std::vector<Version> standing) {
  AddressChange change{.address = std::move(address),
                       .standing = std::move(standing),
                       .next = {},
                       .ended = {},
                       .forgets_past = false};
  change.next = change.standing;
  return change;
}

Outcome put_entry(AddressChange& change, const Suppression& given, std::int64_t deed,
                  WallTime now) {
  const bool asks_to_be_forgotten = given.reason == SuppressionReason::erasure;
  if (!asks_to_be_forgotten && std::ranges::any_of(change.next, is_erasure)) {
    return Outcome::unchanged;
  }
  Suppression entry = given;
  if (asks_to_be_forgotten) {
    entry.note.clear();
    entry.evidence.reset();
    if (!std::ranges::all_of(change.next, is_erasure) || change.next.empty()) {
      std::erase_if(change.next, [](const Version& one) { return !is_erasure(one); });
      change.ended.clear();
      change.forgets_past = true;
    }
  }
  const auto known = std::ranges::find_if(
      change.next, [&](const Version& one) { return is_same_key(one.entry, entry); });
  if (known == change.next.end()) {
    change.next.push_back(new_version(std::move(entry), deed));
    return Outcome::added;
  }
  Suppression after = merged(known->entry, entry, now);
  const Outcome outcome = outcome_of_merge(known->entry, after, now);
  if (outcome == Outcome::unchanged) {
    confirm(*known, deed, entry.confirmed.value_or(entry.created));
    return outcome;
  }
  end_version(change, *known, deed);
  *known = new_version(std::move(after), deed);
  return outcome;
}

std::vector<Suppression> take_off(AddressChange& change, const EntryChoice& choice,
                                  const Deed& deed, std::int64_t number) {
  std::vector<Suppression> taken;
  std::vector<Version> kept;
  for (Version& version : change.next) {
    if (!is_meant(choice, deed, version.entry)) {
      kept.push_back(std::move(version));
      continue;
    }
    taken.push_back(version.entry);
    end_version(change, std::move(version), number);
  }
  change.next = std::move(kept);
  return taken;
}

bool looks_like(const Version& version, const Batch& batch) {
  if (batch.import) return version.added_by == *batch.import;
  const std::optional<Evidence>& evidence = version.entry.evidence;
  return evidence && evidence->pattern == batch.pattern && evidence->last_seen >= batch.since &&
         evidence->last_seen < batch.until;
}

bool is_confirmed_by(const Version& version, const Batch& batch) {
  return batch.import && version.added_by != *batch.import &&
         std::ranges::any_of(version.confirmations,
                             [&](const Confirmation& one) { return one.deed == *batch.import; });
}

Status undo_at(AddressChange& change, const std::vector<Version>& past, const Batch& batch,
               std::int64_t deed, const std::function<Result<bool>(std::int64_t)>& is_undoing,
               UndoCount& counts) {
  // Those of the batch that stand no more, but for what an earlier undoing took.
  std::set<std::pair<std::string, SuppressionReason>> seen;
  for (const Version& version : change.standing) {
    if (looks_like(version, batch)) seen.emplace(version.entry.scope, version.entry.reason);
  }
  for (const Version& version : past) {
    if (!looks_like(version, batch)) continue;
    if (!seen.emplace(version.entry.scope, version.entry.reason).second) continue;
    ICM_TRY(const bool is_undone, is_undoing(version.ended_by));
    if (!is_undone) ++counts.left;
  }
  std::vector<Version> next;
  for (Version& version : change.next) {
    if (!looks_like(version, batch)) {
      if (take_back_confirmation(version, batch)) ++counts.restored;
      next.push_back(std::move(version));
      continue;
    }
    Version before;
    const Way way = way_back(version, past, batch, before);
    if (way == Way::leave) {
      ++counts.left;
      next.push_back(std::move(version));
      continue;
    }
    ++(way == Way::remove ? counts.removed : counts.restored);
    end_version(change, std::move(version), deed);
    if (way == Way::remove) continue;
    before.ended_by = 0;
    before.stored.clear();
    next.push_back(std::move(before));
  }
  change.next = std::move(next);
  return {};
}

}  // namespace icm
