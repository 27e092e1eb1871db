// SPDX-License-Identifier: Apache-2.0
#include "policy/store/snapshot_view.h"

namespace icm {
namespace {

// Adds what the view knows about one address.
void add_known(const SnapshotView& view, std::uint64_t hash, const std::string& key,
               bool is_a_scope_asked, SnapshotAnswer& answer) {
  const AddressSnapshot* snapshot = view.recent.get();
  std::span<const SnapshotRecord> records = snapshot->records(hash);
  if (records.empty()) {
    snapshot = view.all.get();
    records = snapshot->records(hash);
  }
  for (const SnapshotRecord& record : records) {
    const std::optional<SuppressionReason> reason = record.reason();
    if (!reason) continue;
    const std::string_view scope = snapshot->scope(record);
    if (scope.empty()) {
      answer.is_vague = answer.is_vague || is_a_scope_asked;
      continue;
    }
    answer.entries.push_back({.address = key,
                              .scope = std::string(scope),
                              .reason = *reason,
                              .source = std::string(source_of_snapshot),
                              .note = {},
                              .created = {},
                              .expires = record.expires()});
  }
}

}  // namespace

SnapshotAnswer ask_view(const SnapshotView& view, const SuppressionSource& source,
                        const Mailbox& mailbox, const std::vector<std::string>& scopes,
                        bool siblings, WallTime now) {
  SnapshotAnswer answer;
  std::vector<std::string> keys = {mailbox.key()};
  if (siblings) {
    for (std::string& key : sibling_keys(mailbox)) keys.push_back(std::move(key));
  }
  // Each is somewhere else in memory: they are waited for together.
  std::vector<std::uint64_t> hashes;
  for (const std::string& key : keys) {
    hashes.push_back(view.all->hash_of(source.stored_key(key)));
    view.all->fetch_place(hashes.back());
  }
  for (const std::uint64_t hash : hashes) view.all->fetch_records(hash);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    add_known(view, hashes[i], keys[i], !scopes.empty(), answer);
  }
  answer.entries = entries_in_force(std::move(answer.entries), mailbox, scopes, siblings, now);
  return answer;
}

}  // namespace icm
