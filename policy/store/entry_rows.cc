// SPDX-License-Identifier: Apache-2.0
#include "policy/store/entry_rows.h"

#include "policy/base/text.h"

namespace icm {

std::int64_t stored_time(WallTime time) { return time.time_since_epoch().count(); }

WallTime time_of_store(std::int64_t stored) { return WallTime(std::chrono::milliseconds(stored)); }

Result<Suppression> entry_of_row(const Query& query, const std::string& path, int first) {
  Suppression entry{.address = std::string(query.text(first)),
                    .scope = std::string(query.text(first + 1)),
                    .reason = {},
                    .source = std::string(query.text(first + 3)),
                    .note = std::string(query.text(first + 4)),
                    .created = time_of_store(query.number(first + 5)),
                    .expires = {}};
  const std::optional<SuppressionReason> reason = suppression_reason(query.text(first + 2));
  if (!reason) {
    return fail(Code::permanent,
                fmt::format("{}: {}: expected a reason that this release knows, found \"{}\"", path,
                            for_log(entry.address), for_log(query.text(first + 2))));
  }
  entry.reason = *reason;
  if (!query.is_null(first + 6)) entry.expires = time_of_store(query.number(first + 6));
  if (!query.is_null(first + 13)) entry.confirmed = time_of_store(query.number(first + 13));
  if (query.is_null(first + 7)) return entry;
  entry.evidence = {.pattern = std::string(query.text(first + 7)),
                    .reply = std::string(query.text(first + 8)),
                    .queue_id = std::string(query.text(first + 9)),
                    .first_seen = time_of_store(query.number(first + 10)),
                    .last_seen = time_of_store(query.number(first + 11)),
                    .count = query.number(first + 12)};
  return entry;
}

void bind_entry(Query& query, const Suppression& entry) {
  query.bind(1, entry.address)
      .bind(2, entry.scope)
      .bind(3, to_string(entry.reason))
      .bind(4, entry.source)
      .bind(5, entry.note)
      .bind(6, stored_time(entry.created));
  const auto bind_time = [&](int parameter, const std::optional<WallTime>& time) {
    if (time) {
      query.bind(parameter, stored_time(*time));
    } else {
      query.bind_null(parameter);
    }
  };
  bind_time(7, entry.expires);
  bind_time(entry_columns, entry.confirmed);
  if (!entry.evidence) {
    for (int parameter = 8; parameter < entry_columns; ++parameter) query.bind_null(parameter);
    return;
  }
  query.bind(8, entry.evidence->pattern)
      .bind(9, entry.evidence->reply)
      .bind(10, entry.evidence->queue_id)
      .bind(11, stored_time(entry.evidence->first_seen))
      .bind(12, stored_time(entry.evidence->last_seen))
      .bind(13, entry.evidence->count);
}

}  // namespace icm
