// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_fields.h"

#include <algorithm>
#include <array>
#include <limits>

#include "milter/ctl/suppress_foreign.h"
#include "milter/ctl/suppress_options.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::array<std::pair<std::string_view, EntryField>, 14> names = {{
    {"address", EntryField::address},
    {"reason", EntryField::reason},
    {"scope", EntryField::scope},
    {"created", EntryField::created},
    {"expires", EntryField::expires},
    {"source", EntryField::source},
    {"note", EntryField::note},
    {"confirmed", EntryField::confirmed},
    {"pattern", EntryField::pattern},
    {"reply", EntryField::reply},
    {"queue_id", EntryField::queue_id},
    {"first_seen", EntryField::first_seen},
    {"last_seen", EntryField::last_seen},
    {"count", EntryField::count},
}};

Result<WallTime> named_time(EntryField field, const Result<WallTime>& time) {
  if (!time) return fail_at(to_string(field), time.error());
  return *time;
}

Result<std::int64_t> read_count(std::string_view text) {
  const std::optional<std::uint64_t> count = parse_number(trim(text));
  if (count && *count <= std::numeric_limits<std::int64_t>::max()) {
    return static_cast<std::int64_t>(*count);
  }
  return fail(Code::syntax,
              fmt::format("count: expected a whole number, found \"{}\"", for_log(text, 60)));
}

}  // namespace

std::optional<EntryField> entry_field(std::string_view name) {
  const auto found =
      std::ranges::find(names, name, &std::pair<std::string_view, EntryField>::first);
  if (found == names.end()) return std::nullopt;
  return found->second;
}

std::string_view to_string(EntryField field) {
  const auto found =
      std::ranges::find(names, field, &std::pair<std::string_view, EntryField>::second);
  return found == names.end() ? std::string_view() : found->first;
}

bool is_of_evidence(EntryField field) { return field >= EntryField::pattern; }

Evidence& EntryFields::evidence() {
  if (!entry_.evidence) entry_.evidence.emplace();
  return *entry_.evidence;
}

void EntryFields::set_count(std::int64_t count) {
  given_.set(static_cast<std::size_t>(EntryField::count));
  evidence().count = count;
}

Status EntryFields::set_address(std::string_view text) {
  if (hashed_) {
    ICM_TRY(entry_.address, form_of_digits(*hashed_, text));
    return {};
  }
  if (is_exported_form(text)) {
    entry_.address = text;
    return {};
  }
  ICM_TRY(const Mailbox mailbox, Mailbox::parse(text));
  entry_.address = mailbox.key();
  return {};
}

Status EntryFields::set(EntryField field, std::string_view text) {
  given_.set(static_cast<std::size_t>(field));
  switch (field) {
    case EntryField::address:
      return set_address(trim(text));
    case EntryField::reason: {
      ICM_TRY(entry_.reason, read_reason(trim(text)));
      return {};
    }
    case EntryField::scope: {
      ICM_TRY(entry_.scope, suppression_scope(trim(text)));
      return {};
    }
    case EntryField::created: {
      ICM_TRY(entry_.created, named_time(field, read_foreign_time(trim(text))));
      return {};
    }
    case EntryField::expires: {
      ICM_TRY(entry_.expires, named_time(field, parse_time(trim(text))));
      return {};
    }
    case EntryField::source:
      entry_.source = text;
      return {};
    case EntryField::note:
      entry_.note = text;
      return {};
    case EntryField::confirmed: {
      ICM_TRY(entry_.confirmed, named_time(field, parse_time(trim(text))));
      return {};
    }
    case EntryField::pattern:
      evidence().pattern = text;
      return {};
    case EntryField::reply:
      evidence().reply = text;
      return {};
    case EntryField::queue_id:
      evidence().queue_id = text;
      return {};
    case EntryField::first_seen: {
      ICM_TRY(evidence().first_seen, named_time(field, parse_time(trim(text))));
      return {};
    }
    case EntryField::last_seen: {
      ICM_TRY(evidence().last_seen, named_time(field, parse_time(trim(text))));
      return {};
    }
    case EntryField::count: {
      ICM_TRY(evidence().count, read_count(text));
      return {};
    }
  }
  return {};
}

Status check_has_come(const Suppression& entry) {
  const WallTime latest = now_in_seconds() + std::chrono::hours{24};
  const auto check = [&](EntryField field, WallTime time) -> Status {
    if (time <= latest) return {};
    return fail(Code::syntax, fmt::format("{}: expected a time that has come, found {}",
                                          to_string(field), to_rfc3339(time)));
  };
  ICM_CHECK(check(EntryField::created, entry.created));
  ICM_CHECK(check(EntryField::confirmed, entry.confirmed.value_or(entry.created)));
  if (!entry.evidence) return {};
  return check(EntryField::last_seen, entry.evidence->last_seen);
}

Result<Suppression> EntryFields::finish() && {
  ICM_CHECK(check_has_come(entry_));
  if (entry_.confirmed && *entry_.confirmed <= entry_.created) {
    return fail(Code::syntax,
                fmt::format("confirmed: expected a time after created ({}), found {}",
                            to_rfc3339(entry_.created), to_rfc3339(*entry_.confirmed)));
  }
  if (entry_.evidence) {
    for (const EntryField field :
         {EntryField::pattern, EntryField::first_seen, EntryField::last_seen, EntryField::count}) {
      if (has(field)) continue;
      return fail(Code::syntax,
                  fmt::format("evidence: expected pattern, first_seen, last_seen and count, found "
                              "no {}",
                              to_string(field)));
    }
  }
  return std::move(entry_);
}

}  // namespace icm::ctl
