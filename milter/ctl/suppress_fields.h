// SPDX-License-Identifier: Apache-2.0
//
// EntryFields: an entry of the suppression list from its named fields, as the columns of a CSV file
// or the members of a JSON object bring them, one at a time.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/store/address_forms.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

enum class EntryField {
  address,
  reason,
  scope,
  created,
  expires,
  source,
  note,
  confirmed,
  pattern,  // from here on of the evidence
  reply,
  queue_id,
  first_seen,
  last_seen,
  count,
};

// By its name in lower case: "queue_id".
std::optional<EntryField> entry_field(std::string_view name);
std::string_view to_string(EntryField field);
bool is_of_evidence(EntryField field);

// Whether what the entry says of the past is not yet to come (by more than a day: lists of others
// name no time zone): nothing that the recipient does would ever be later. Code::syntax.
[[nodiscard]] Status check_has_come(const Suppression& entry);

class EntryFields {
 public:
  // What is not given comes from `defaults`. With `hashed` the address is the digits of such a
  // hash.
  EntryFields(const Suppression& defaults, std::optional<AddressHash> hashed)
      : entry_(defaults), hashed_(hashed) {}

  bool has(EntryField field) const { return given_[static_cast<std::size_t>(field)]; }

  // Code::syntax says what was expected; the field must not be asked for again then.
  [[nodiscard]] Status set(EntryField field, std::string_view text);
  void set_count(std::int64_t count);
  void expect_evidence() { evidence(); }  // even if no field of it is given

  // The entry. Code::syntax: of its evidence something is missing, or its times contradict each
  // other.
  [[nodiscard]] Result<Suppression> finish() &&;

 private:
  Evidence& evidence();
  [[nodiscard]] Status set_address(std::string_view text);

  Suppression entry_;
  std::optional<AddressHash> hashed_;
  std::bitset<16> given_;
};

}  // namespace icm::ctl
