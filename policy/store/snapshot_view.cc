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

bool has_record(const SnapshotView& view, std::string_view key) {
  const std::uint64_t hash = view.all->hash_of(key);
  return !view.recent->records(hash).empty() || !view.all->records(hash).empty();
}

}  // namespace

void look_for_forms(SnapshotView& view, const AddressForms& forms) {
  view.is_of_our_key = true;
  for (const AddressForm form : all_address_forms) {
    const bool is_there = form == AddressForm::plain || has_record(view, prefix_of(form));
    view.forms.set(static_cast<std::size_t>(form), is_there);
    if (!is_there || !is_keyed(form)) continue;
    view.is_of_our_key = forms.is_keyed() && has_record(view, forms.check_value());
  }
}

SnapshotAnswer ask_view(const SnapshotView& view, const AddressForms& forms, const Mailbox& mailbox,
                        const std::vector<std::string>& scopes, bool siblings, WallTime now) {
  SnapshotAnswer answer;
  answer.is_unreadable = !view.is_of_our_key;
  std::vector<std::string> keys = {mailbox.key()};
  if (siblings) {
    for (std::string& key : sibling_keys(mailbox)) keys.push_back(std::move(key));
  }
  // Each is somewhere else in memory: they are waited for together.
  struct Place {
    std::uint64_t hash;
    const std::string* key;
  };
  std::vector<Place> places;
  for (const std::string& key : keys) {
    for (const AddressForm form : all_address_forms) {
      if (!view.forms.test(static_cast<std::size_t>(form))) continue;
      const std::string text = form == AddressForm::plain ? key : forms.in_form(form, key);
      if (text.empty()) continue;
      places.push_back({view.all->hash_of(text), &key});
      view.all->fetch_place(places.back().hash);
    }
  }
  for (const Place& place : places) view.all->fetch_records(place.hash);
  for (const Place& place : places) {
    add_known(view, place.hash, *place.key, !scopes.empty(), answer);
  }
  answer.entries = entries_in_force(std::move(answer.entries), mailbox, scopes, siblings, now);
  return answer;
}

}  // namespace icm
