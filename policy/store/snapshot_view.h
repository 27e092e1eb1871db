// SPDX-License-Identifier: Apache-2.0
//
// SnapshotView: the suppression list in memory as of one moment: a snapshot of all of it, and over
// it a small one of what has changed since.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/address_snapshot.h"

namespace icm {

// Immutable: the next moment is another view.
struct SnapshotView {
  std::shared_ptr<const AddressSnapshot> all;
  std::shared_ptr<const AddressSnapshot> recent;  // hashes of the same key

  // Of the source, from before it was read; nothing when it is not known what was written since.
  std::optional<std::uint64_t> generation;

  // From all of it, by look_for_forms(): the forms that its addresses have, and whether those that
  // are hashed under a key are so under ours.
  FormSet forms{};
  bool is_of_our_key = true;

  const std::string& cursor() const { return recent->cursor(); }
  std::uint64_t entries() const { return all->size() + recent->size(); }
  std::size_t memory() const { return all->memory() + recent->memory(); }
};

// What a view knows about a mailbox.
struct SnapshotAnswer {
  // In force, as SuppressionList::find() has them. Evidence is not in memory: the source is
  // "snapshot", there is no note, and `created` is WallTime{}.
  std::vector<Suppression> entries;
  bool is_vague = false;       // there may be more, in one of `scopes`
  bool is_unreadable = false;  // there may be more, hashed under a key that is not ours

  bool is_nothing() const { return entries.empty() && !is_vague && !is_unreadable; }
};

inline constexpr std::string_view source_of_snapshot = "snapshot";

void look_for_forms(SnapshotView& view, const AddressForms& forms);

SnapshotAnswer ask_view(const SnapshotView& view, const AddressForms& forms, const Mailbox& mailbox,
                        const std::vector<std::string>& scopes, bool siblings, WallTime now);

}  // namespace icm
