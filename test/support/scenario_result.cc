// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_result.h"

#include <algorithm>
#include <cstddef>

#include "policy/base/text.h"

namespace icm {
namespace {

// The nth field of this name, from 1; end() when there are fewer.
MessageFields::iterator find_field(MessageFields& fields, std::string_view name,
                                   std::uint32_t occurrence) {
  std::uint32_t seen = 0;
  return std::ranges::find_if(fields, [&](const auto& field) {
    return equal_ascii(field.first, name) && ++seen == std::max<std::uint32_t>(occurrence, 1);
  });
}

void change_field(MessageFields& fields, const MilterChange& change) {
  const auto found = find_field(fields, change.name, change.index);
  const bool is_removal = change.value.empty();
  if (found == fields.end()) {
    if (!is_removal) fields.emplace_back(change.name, change.value);
  } else if (is_removal) {
    fields.erase(found);
  } else {
    found->second = change.value;
  }
}

}  // namespace

MessageFields changed_fields(MessageFields fields, const std::vector<MilterChange>& changes) {
  for (const MilterChange& change : changes) {
    switch (change.kind) {
      case MilterChange::Kind::add_header:
        fields.emplace_back(change.name, change.value);
        break;
      case MilterChange::Kind::insert_header: {
        const auto at =
            static_cast<std::ptrdiff_t>(std::min<std::size_t>(change.index, fields.size()));
        fields.emplace(fields.begin() + at, change.name, change.value);
        break;
      }
      case MilterChange::Kind::change_header:
        change_field(fields, change);
        break;
      case MilterChange::Kind::add_recipient:
      case MilterChange::Kind::delete_recipient:
      case MilterChange::Kind::change_sender:
      case MilterChange::Kind::replace_body:
      case MilterChange::Kind::quarantine:
        break;
    }
  }
  return fields;
}

std::vector<std::string> values_of(const MessageFields& fields, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields) {
    if (equal_ascii(field, name)) values.emplace_back(trim(unfold(value)));
  }
  return values;
}

}  // namespace icm
