// SPDX-License-Identifier: Apache-2.0
#include "policy/store/address_hashing.h"

#include <algorithm>

#include "policy/replies/received_reply.h"

namespace icm {

std::string without_addresses(const AddressForms& forms, std::string_view words) {
  return forms.is_keyed() ? words_without_addresses(words) : std::string(words);
}

Suppression as_stored(const AddressForms& forms, Suppression entry) {
  entry.address = forms.stored(entry.address);
  entry.source = without_addresses(forms, entry.source);
  entry.note = without_addresses(forms, entry.note);
  if (entry.evidence) entry.evidence->reply = without_addresses(forms, entry.evidence->reply);
  return entry;
}

tl::unexpected<Error> no_domain_of_hashes() {
  return fail(Code::permanent,
              "domain: expected none, since the store keeps hashes instead of addresses "
              "(store.hash_key_file)");
}

void move_version(AddressChange& change, Version version, WallTime now) {
  const Suppression& entry = version.entry;
  const bool meets_another = std::ranges::any_of(change.next, [&](const Version& one) {
    return one.entry.reason == SuppressionReason::erasure ||
           (one.entry.scope == entry.scope && one.entry.reason == entry.reason);
  });
  if (meets_another || entry.reason == SuppressionReason::erasure) {
    put_entry(change, entry, version.added_by, now);
    return;
  }
  version.stored.clear();
  change.next.push_back(std::move(version));
}

Deed as_stored(const AddressForms& forms, Deed deed) {
  deed.who = without_addresses(forms, deed.who);
  deed.why = without_addresses(forms, deed.why);
  return deed;
}

}  // namespace icm
