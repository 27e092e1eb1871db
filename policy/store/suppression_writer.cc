// SPDX-License-Identifier: Apache-2.0
#include "policy/store/suppression_writer.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/store/entry_merge.h"
#include "policy/store/entry_rows.h"

namespace icm {
namespace {

constexpr std::size_t max_address = 254;  // RFC 5321 §4.5.3.1.3, without the angle brackets
constexpr std::size_t max_source = 200;
constexpr std::size_t max_note = 1000;

constexpr std::string_view chosen =
    " FROM suppression WHERE address = ?1 AND (?2 IS NULL OR scope = ?2) AND (?3 IS NULL OR reason "
    "= ?3)";

// Also the control characters of ISO 6429 in their UTF-8 form, U+0080 to U+009F: a terminal obeys
// some of them as it obeys ESC.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < ' ' || octet == 0x7f) return true;
    if (octet == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      return true;
    }
  }
  return false;
}

Status check_text(std::string_view name, std::string_view text, std::size_t limit) {
  if (text.size() <= limit && !has_control(text) && is_utf8(text)) return {};
  return fail(
      Code::syntax,
      fmt::format("{}: expected at most {} octets of UTF-8 without control characters, found "
                  "{} octets, \"{}\"",
                  name, limit, text.size(), for_log(text, 60)));
}

struct Choice {
  const std::string address;
  const std::optional<std::string>& scope;
  std::optional<SuppressionReason> reason;

  void bind(Query& query) const {
    query.bind(1, address);
    if (scope) {
      query.bind(2, *scope);
    } else {
      query.bind_null(2);
    }
    if (reason) {
      query.bind(3, to_string(*reason));
    } else {
      query.bind_null(3);
    }
  }
};

Result<std::vector<Suppression>> entries_chosen(Database& database, const Choice& choice) {
  ICM_TRY(Statement statement,
          database.prepare(fmt::format("SELECT " ICM_ENTRY_COLUMNS "{}", chosen)));
  Query query = statement.query();
  choice.bind(query);
  std::vector<Suppression> entries;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return entries;
    ICM_TRY(Suppression entry, entry_of_row(query, database.path()));
    entries.push_back(std::move(entry));
  }
}

Status run_on_chosen(Database& database, std::string_view sql, const Choice& choice,
                     std::optional<std::int64_t> deed) {
  ICM_TRY(Statement statement, database.prepare(sql));
  Query query = statement.query();
  choice.bind(query);
  if (deed) query.bind(4, *deed);
  return query.run();
}

}  // namespace

std::string_view to_string(Deed::Kind kind) {
  switch (kind) {
    case Deed::Kind::add:
      return "add";
    case Deed::Kind::import:
      return "import";
    case Deed::Kind::remove:
      return "remove";
  }
  return "invalid";
}

Status check_entry(const Suppression& entry) {
  if (is_permanent(entry.reason) && entry.expires) {
    return fail(Code::syntax,
                fmt::format("{}: expected no expiry, since it never ends by age; found {}",
                            to_string(entry.reason), to_rfc3339(*entry.expires)));
  }
  if (entry.reason == SuppressionReason::suspended && !entry.expires) {
    return fail(Code::syntax, "suspended: expected an expiry, found none");
  }
  if (entry.reason == SuppressionReason::erasure && entry.scope != "global") {
    return fail(Code::syntax,
                fmt::format("erasure: expected scope global, found \"{}\"", for_log(entry.scope)));
  }
  ICM_CHECK(check_text("address", entry.address, max_address));
  ICM_CHECK(check_text("source", entry.source, max_source));
  return check_text("note", entry.note, max_note);
}

Suppression merged(const Suppression& known, const Suppression& given, WallTime now) {
  if (known.expires && *known.expires <= now) return given;
  Suppression result = known;
  result.created = std::min(known.created, given.created);
  if (!given.expires || (known.expires && *given.expires > *known.expires))
    result.expires = given.expires;
  if (!given.note.empty()) result.note = given.note;
  return result;
}

Result<SuppressionWriter> SuppressionWriter::open(const std::string& path, Missing missing,
                                                  Deadline deadline) {
  ICM_TRY(Database database, open_store(path, Database::Access::write, missing, deadline));
  return SuppressionWriter(std::move(database));
}

Result<Outcome> SuppressionWriter::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  ICM_TRY(EntryMerge merge, EntryMerge::prepare(database_));
  ICM_TRY(Transaction transaction, Transaction::begin(database_));
  ICM_TRY(const std::int64_t number, record_deed(database_, deed));
  ICM_TRY(const Outcome outcome, merge.put(entry, number, deed.at));
  if (outcome == Outcome::unchanged) return outcome;  // rolled back, the deed with it
  ICM_CHECK(transaction.commit());
  return outcome;
}

Result<std::vector<Suppression>> SuppressionWriter::remove(const Mailbox& mailbox,
                                                           const std::optional<std::string>& scope,
                                                           std::optional<SuppressionReason> reason,
                                                           const Deed& deed) {
  const Choice choice{mailbox.key(), scope, reason};
  ICM_TRY(Transaction transaction, Transaction::begin(database_));
  ICM_TRY(std::vector<Suppression> entries, entries_chosen(database_, choice));
  if (entries.empty()) return entries;
  const auto permanent = std::ranges::find_if(
      entries, [](const Suppression& entry) { return is_permanent(entry.reason); });
  if (permanent != entries.end() && deed.why.empty()) {
    return fail(Code::permanent,
                fmt::format("{} ({}): expected a cause, since {} is permanent; found none",
                            permanent->address, permanent->scope, to_string(permanent->reason)));
  }
  ICM_TRY(const std::int64_t number, record_deed(database_, deed));
  ICM_CHECK(
      run_on_chosen(database_,
                    fmt::format("INSERT INTO past (" ICM_ENTRY_COLUMNS ", added_by, ended_by) "
                                "SELECT " ICM_ENTRY_COLUMNS ", added_by, ?4{}",
                                chosen),
                    choice, number));
  ICM_CHECK(run_on_chosen(database_, fmt::format("DELETE{}", chosen), choice, {}));
  ICM_CHECK(transaction.commit());
  return entries;
}

}  // namespace icm
