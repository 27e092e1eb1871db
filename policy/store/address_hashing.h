// SPDX-License-Identifier: Apache-2.0
//
// AddressHashing: what a store knows of the key that its addresses are hashed under, and how one
// that has addresses as they are becomes one that has none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/store/address_forms.h"
#include "policy/store/entry_versions.h"
#include "policy/store/suppression_book.h"

namespace icm {

// What became of a store.
struct HashingReport {
  std::uint64_t hashed = 0;  // entries, those of the history and of the ledger included
  std::string backup;        // the store as it was; empty: none was made
};

// Not synchronised.
class AddressHashing {
 public:
  virtual ~AddressHashing() = default;

  // Writes down which key it is from now on, once; Code::config when it is another one already.
  // Before the first hashed address is written.
  [[nodiscard]] virtual Status keep_key(Deadline deadline) = 0;

  // How many entries, of the list, its history and the ledger, still have an address that is not
  // hashed under the key.
  [[nodiscard]] virtual Result<std::uint64_t> unhashed(Deadline deadline) = 0;

  // Hashes them all, and takes addresses out of all words that are kept. `progress` is told now and
  // then how many entries are done. What meets a hashed entry is merged with it.
  [[nodiscard]] virtual Result<HashingReport> hash(
      const Deed& deed, Deadline deadline, const std::function<void(std::uint64_t)>& progress) = 0;
};

// What is written of words where addresses are not kept.
std::string without_addresses(const AddressForms& forms, std::string_view words);
Suppression as_stored(const AddressForms& forms, Suppression entry);
Deed as_stored(const AddressForms& forms, Deed deed);

// A question that a store without addresses cannot answer.
tl::unexpected<Error> no_domain_of_hashes();

// Puts a version that stood under another form of the address where `change.next` is what stands,
// by the rules of put_entry() where it meets another one of its key, or an erasure.
void move_version(AddressChange& change, Version version, WallTime now);

}  // namespace icm
