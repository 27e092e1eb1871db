// SPDX-License-Identifier: Apache-2.0
//
// AddressSnapshot: a suppression list of millions in memory, 14.8 octets an entry. Of an address it
// keeps a hash of 64 bits, and of each entry the reason, the scope and the end: enough to say that
// there is nothing about an address, and to go by while the store is away. Evidence is in the
// store.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/base/keyed_hash.h"
#include "policy/store/address_forms.h"
#include "policy/store/suppression_source.h"

namespace icm {

// One entry: hash, end, reason and scope in 14 octets, which is also how it lies in the file.
class SnapshotRecord {
 public:
  // Seconds since 1970, rounded up; 0: never.
  using End = std::uint32_t;

  // 13 bits for the scope: 0 is "global", the others count the scopes of the snapshot.
  static constexpr unsigned most_scopes = 8190;
  static constexpr unsigned unknown_scope = 8191;  // beyond those: any scope but "global"

  // `reason` of no value: nothing stands for the address any more.
  SnapshotRecord(std::uint64_t hash, std::optional<SuppressionReason> reason, unsigned scope,
                 std::optional<WallTime> expires);
  SnapshotRecord() = default;  // of no meaning: room for one

  std::uint64_t hash() const;
  std::optional<SuppressionReason> reason() const;
  unsigned scope() const { return words_[6] & 0x1fffu; }
  std::optional<WallTime> expires() const;

 private:
  // Halves of words, so that records lie without gaps between them.
  std::array<std::uint16_t, 7> words_;
};
static_assert(sizeof(SnapshotRecord) == 14);

// Immutable, safe from any thread.
//
// Records lie sorted by hash. The leading bits of a hash lead to the few records that share them,
// as hashes are spread evenly: a lookup reads two places of memory. Two addresses of one hash,
// which among ten million happens to one list in 400 000, count as one address.
class AddressSnapshot {
 public:
  // Of no address at all, for hashes of this key.
  explicit AddressSnapshot(KeyedHash hash);

  std::uint64_t hash_of(std::string_view key) const { return hash_(key); }

  // That records() will be asked about a hash: first for its place in the index, then, when that
  // may have come, for what lies there.
  void fetch_place(std::uint64_t hash) const;
  void fetch_records(std::uint64_t hash) const;

  // All records of an address. A record without reason says that an older snapshot's no longer
  // hold.
  std::span<const SnapshotRecord> records(std::uint64_t hash) const;

  // The scope that a record speaks of; empty when it is unknown.
  std::string_view scope(const SnapshotRecord& record) const;

  const std::string& cursor() const { return cursor_; }  // of the source it was made from
  std::uint64_t size() const { return count_; }          // records
  std::size_t memory() const;                            // octets, with all that belongs to it

  // What is to become of records without reason.
  enum class Ended { keep, drop };

  // `newer` over `older`: of an address that newer knows, newer's records alone. Both have hashes
  // of the same key, and newer's scopes begin with older's. The cursor is newer's.
  static AddressSnapshot merge(const AddressSnapshot& older, const AddressSnapshot& newer,
                               Ended ended);

 private:
  friend class SnapshotBuilder;
  friend class SnapshotFile;
  using Scopes = std::vector<std::string>;

  // Room for that many records and their index, not filled.
  AddressSnapshot(KeyedHash hash, std::shared_ptr<const Scopes> scopes, std::string cursor,
                  std::uint64_t records);

  std::span<SnapshotRecord> all() { return {records_.get(), count_}; }
  std::span<const SnapshotRecord> all() const { return {records_.get(), count_}; }
  std::size_t bucket_of(std::uint64_t hash) const { return bits_ == 0 ? 0 : hash >> (64 - bits_); }
  void index_all();
  // Fewer records than there is room for.
  void cut(std::uint64_t count);

  KeyedHash hash_;
  std::shared_ptr<const Scopes> scopes_;
  std::string cursor_;
  std::uint64_t count_ = 0;
  unsigned bits_ = 0;                 // how many leading bits of a hash choose a place of index_
  std::vector<std::uint32_t> index_;  // where the records of each begin; one more, where all end
  std::unique_ptr<SnapshotRecord[]> records_;
};

// Gathers what a snapshot will hold. Not synchronised. At its peak, in finish(), it needs memory
// for somewhat less than two such snapshots.
class SnapshotBuilder {
 public:
  // With a key of its own.
  SnapshotBuilder();
  // For what is to be merged over `older`.
  explicit SnapshotBuilder(const AddressSnapshot& older);

  // The first address of a form that is not plain adds the mark of that form as well, a record of
  // its prefix alone: so nothing is hashed for a list without such addresses.
  void add(const SourceEntry& entry);
  // Nothing stands for this address any more.
  void end(std::string_view key);

  std::uint64_t size() const { return size_; }
  AddressSnapshot finish(std::string cursor) &&;

 private:
  // Sorted part by part: each fits into the processor's cache, and is given back when it is done.
  static constexpr unsigned part_bits = 8;

  unsigned scope_number(std::string_view scope);
  void put(const SnapshotRecord& record);

  KeyedHash hash_;
  AddressSnapshot::Scopes scopes_;
  std::unordered_map<std::string, unsigned> numbers_;
  std::string last_scope_;  // neighbours mostly have the same
  unsigned last_number_ = 0;
  std::uint64_t size_ = 0;
  FormSet marked_;
  std::array<std::vector<SnapshotRecord>, 1u << part_bits> parts_;
};

}  // namespace icm
