// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_snapshot.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include <sys/mman.h>

namespace icm {
namespace {

constexpr std::uint64_t records_a_place = 8;  // of the index, on average
constexpr unsigned reason_shift = 13;
constexpr unsigned no_reason = 7;
constexpr std::string_view global = "global";

static_assert(std::size(all_suppression_reasons) <= no_reason, "a reason has three bits");

// The first second at which an entry that ends then is over. What ends beyond 2106 ends then.
SnapshotRecord::End end_of(const std::optional<WallTime>& expires) {
  if (!expires) return 0;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*expires).time_since_epoch().count();
  constexpr std::int64_t last = std::numeric_limits<SnapshotRecord::End>::max();
  return static_cast<SnapshotRecord::End>(std::clamp<std::int64_t>(seconds, 1, last));
}

// A lookup among millions waits longest for the translation of an address that no cache of the
// processor knows; pages of 2 MiB need 512 times fewer. To be asked for before the memory is used;
// where the kernel has none, the usual ones serve.
void ask_for_large_pages(void* memory, std::size_t octets) {
  constexpr std::size_t page = std::size_t{2} << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + octets) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

std::unique_ptr<SnapshotRecord[]> room_for(std::uint64_t records) {
  auto room = std::make_unique_for_overwrite<SnapshotRecord[]>(records);
  ask_for_large_pages(room.get(), records * sizeof(SnapshotRecord));
  return room;
}

bool is_earlier(const SnapshotRecord& a, const SnapshotRecord& b) { return a.hash() < b.hash(); }

}  // namespace

SnapshotRecord::SnapshotRecord(std::uint64_t hash, std::optional<SuppressionReason> reason,
                               unsigned scope, std::optional<WallTime> expires) {
  const End end = end_of(expires);
  std::memcpy(words_.data(), &hash, sizeof hash);
  std::memcpy(words_.data() + 4, &end, sizeof end);
  const unsigned number = reason ? static_cast<unsigned>(*reason) : no_reason;
  words_[6] = static_cast<std::uint16_t>(number << reason_shift | scope);
}

std::uint64_t SnapshotRecord::hash() const {
  std::uint64_t hash = 0;
  std::memcpy(&hash, words_.data(), sizeof hash);
  return hash;
}

std::optional<SuppressionReason> SnapshotRecord::reason() const {
  const unsigned number = words_[6] >> reason_shift;
  if (number == no_reason) return std::nullopt;
  return static_cast<SuppressionReason>(number);
}

std::optional<WallTime> SnapshotRecord::expires() const {
  End end = 0;
  std::memcpy(&end, words_.data() + 4, sizeof end);
  if (end == 0) return std::nullopt;
  return WallTime(std::chrono::seconds(end));
}

AddressSnapshot::AddressSnapshot(KeyedHash hash)
    : AddressSnapshot(hash, std::make_shared<const Scopes>(), {}, 0) {
  index_all();
}

AddressSnapshot::AddressSnapshot(KeyedHash hash, std::shared_ptr<const Scopes> scopes,
                                 std::string cursor, std::uint64_t records)
    : hash_(hash),
      scopes_(std::move(scopes)),
      cursor_(std::move(cursor)),
      count_(records),
      records_(room_for(records)) {}

// Counted first, so that the index is right for what there is and not for what there was room for.
void AddressSnapshot::index_all() {
  bits_ = static_cast<unsigned>(std::bit_width(count_ / records_a_place));
  const std::size_t places = (std::size_t{1} << bits_) + 1;
  index_.reserve(places);
  ask_for_large_pages(index_.data(), places * sizeof index_.front());
  index_.resize(places);
  for (const SnapshotRecord& record : std::as_const(*this).all()) {
    ++index_[bucket_of(record.hash()) + 1];
  }
  for (std::size_t i = 1; i < index_.size(); ++i) index_[i] += index_[i - 1];
}

void AddressSnapshot::cut(std::uint64_t count) {
  if (count == count_) return;
  auto smaller = room_for(count);
  std::copy_n(records_.get(), count, smaller.get());
  records_ = std::move(smaller);
  count_ = count;
}

void AddressSnapshot::fetch_place(std::uint64_t hash) const {
  __builtin_prefetch(index_.data() + bucket_of(hash));
}

void AddressSnapshot::fetch_records(std::uint64_t hash) const {
  __builtin_prefetch(records_.get() + index_[bucket_of(hash)]);
}

std::span<const SnapshotRecord> AddressSnapshot::records(std::uint64_t hash) const {
  const std::size_t bucket = bucket_of(hash);
  const SnapshotRecord* first = records_.get() + index_[bucket];
  const SnapshotRecord* const end = records_.get() + index_[bucket + 1];
  while (first != end && first->hash() < hash) ++first;
  const SnapshotRecord* last = first;
  while (last != end && last->hash() == hash) ++last;
  return {first, last};
}

std::string_view AddressSnapshot::scope(const SnapshotRecord& record) const {
  const unsigned number = record.scope();
  if (number == 0) return global;
  if (number > scopes_->size()) return {};
  return (*scopes_)[number - 1];
}

std::size_t AddressSnapshot::memory() const {
  std::size_t octets = sizeof *this + count_ * sizeof(SnapshotRecord) +
                       index_.capacity() * sizeof index_.front() + cursor_.capacity();
  for (const std::string& scope : *scopes_) octets += sizeof scope + scope.capacity();
  return octets;
}

AddressSnapshot AddressSnapshot::merge(const AddressSnapshot& older, const AddressSnapshot& newer,
                                       Ended ended) {
  AddressSnapshot merged(older.hash_, newer.scopes_, newer.cursor_, older.size() + newer.size());
  SnapshotRecord* next = merged.records_.get();
  const auto is_kept = [&](const SnapshotRecord& one) {
    return ended == Ended::keep || one.reason();
  };
  auto old = older.all().begin();
  for (auto given = newer.all().begin(); given != newer.all().end();) {
    const std::uint64_t hash = given->hash();
    const auto same = std::lower_bound(
        old, older.all().end(), hash,
        [](const SnapshotRecord& record, std::uint64_t value) { return record.hash() < value; });
    next = std::copy(old, same, next);
    old = std::find_if(same, older.all().end(),
                       [&](const SnapshotRecord& record) { return record.hash() != hash; });
    for (; given != newer.all().end() && given->hash() == hash; ++given) {
      if (is_kept(*given)) *next++ = *given;
    }
  }
  next = std::copy(old, older.all().end(), next);
  merged.cut(static_cast<std::uint64_t>(next - merged.records_.get()));
  merged.index_all();
  return merged;
}

SnapshotBuilder::SnapshotBuilder() = default;

SnapshotBuilder::SnapshotBuilder(const AddressSnapshot& older)
    : hash_(older.hash_), scopes_(*older.scopes_) {
  for (const std::string& scope : scopes_) {
    numbers_.emplace(scope, static_cast<unsigned>(numbers_.size()) + 1);
  }
}

unsigned SnapshotBuilder::scope_number(std::string_view scope) {
  if (scope == global) return 0;
  if (scope == last_scope_) return last_number_;
  last_scope_ = scope;
  const auto known = numbers_.find(last_scope_);
  if (known != numbers_.end()) return last_number_ = known->second;
  if (scopes_.size() == SnapshotRecord::most_scopes) {
    return last_number_ = SnapshotRecord::unknown_scope;
  }
  scopes_.push_back(last_scope_);
  last_number_ = static_cast<unsigned>(scopes_.size());
  numbers_.emplace(last_scope_, last_number_);
  return last_number_;
}

void SnapshotBuilder::put(const SnapshotRecord& record) {
  parts_[record.hash() >> (64 - part_bits)].push_back(record);
  ++size_;
}

void SnapshotBuilder::add(const SourceEntry& entry) {
  const AddressForm form = form_of(entry.key);
  if (form != AddressForm::plain && !marked_.test(static_cast<std::size_t>(form))) {
    marked_.set(static_cast<std::size_t>(form));
    put({hash_(prefix_of(form)), SuppressionReason::manual, 0, std::nullopt});
  }
  put({hash_(entry.key), entry.reason, scope_number(entry.scope), entry.expires});
}

void SnapshotBuilder::end(std::string_view key) {
  put({hash_(key), std::nullopt, 0, std::nullopt});
}

AddressSnapshot SnapshotBuilder::finish(std::string cursor) && {
  AddressSnapshot snapshot(hash_,
                           std::make_shared<const AddressSnapshot::Scopes>(std::move(scopes_)),
                           std::move(cursor), size_);
  SnapshotRecord* next = snapshot.records_.get();
  for (std::vector<SnapshotRecord>& part : parts_) {
    std::ranges::sort(part, is_earlier);
    next = std::ranges::copy(part, next).out;
    part = {};
  }
  snapshot.index_all();
  return snapshot;
}

}  // namespace icm
