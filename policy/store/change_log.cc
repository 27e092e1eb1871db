// SPDX-License-Identifier: Apache-2.0
#include "policy/store/change_log.h"

#include <charconv>
#include <optional>

#include "policy/base/keyed_hash.h"
#include "policy/base/text.h"

namespace icm {
namespace {

// `change`: an address stands once, at its last change; AUTOINCREMENT since an id must not come
// again when the row that had it is replaced. The address '' stands for any number of addresses: a
// store that was filled before it had a log begins with that.
// `identity`: one row, by which a snapshot knows its store.
constexpr std::string_view make_log =
    "CREATE TABLE IF NOT EXISTS change ("
    "id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS identity (value TEXT NOT NULL) STRICT;"
    "INSERT INTO change (address) SELECT '' WHERE NOT EXISTS (SELECT 1 FROM identity) "
    "AND EXISTS (SELECT 1 FROM suppression);"
    "INSERT INTO identity SELECT hex(randomblob(16)) WHERE NOT EXISTS (SELECT 1 FROM identity)";
constexpr std::string_view insert_change = "REPLACE INTO change (address) VALUES (?1)";
constexpr std::string_view has_log =
    "SELECT count(*) FROM sqlite_schema WHERE name IN ('change', 'identity')";
constexpr std::string_view last_id = "SELECT coalesce(max(id), 0) FROM change";

constexpr std::string_view many;

// The last deed, or the one of this number.
Result<ChangeCursor> with_deed(Database& database, ChangeCursor cursor,
                               std::optional<std::int64_t> number) {
  ICM_TRY(Statement statement,
          database.prepare("SELECT id, at, who, what, why FROM deed WHERE ?1 IS NULL OR id = ?1 "
                           "ORDER BY id DESC LIMIT 1"));
  Query query = statement.query();
  if (number) {
    query.bind(1, *number);
  } else {
    query.bind_null(1);
  }
  ICM_TRY(const bool is_row, query.step());
  if (!is_row) return cursor;
  cursor.deed = query.number(0);
  const std::string rest = fmt::format("{}\n{}\n{}", query.text(2), query.text(3), query.text(4));
  cursor.deed_words = fmt::format("{}-{:016x}", query.number(1), KeyedHash({0, 0})(rest));
  return cursor;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A cursor comes out of a file.
std::optional<ChangeCursor> read_cursor(const std::string& text) {
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() != 4) return std::nullopt;
  const auto change = number_of(words[1]);
  const auto deed = number_of(words[2]);
  if (!change || !deed) return std::nullopt;
  return ChangeCursor{.store = std::string(words[0]),
                      .change = *change,
                      .deed = *deed,
                      .deed_words = std::string(words[3])};
}

}  // namespace

Result<ChangeLog> ChangeLog::begin(Database& database) {
  ICM_TRY(const std::int64_t tables, database.number(has_log));
  if (tables != 2) ICM_CHECK(database.execute(make_log));
  ICM_TRY(Statement insert, database.prepare(insert_change));
  return ChangeLog(database, std::move(insert));
}

Status ChangeLog::note(std::string_view address) {
  if (noted_ > most_in_one) return {};
  ++noted_;
  return insert_.query().bind(1, noted_ > most_in_one ? many : address).run();
}

Status ChangeLog::end(Silence silence) {
  if (noted_ == 0 && silence == Silence::anything) ICM_CHECK(insert_.query().bind(1, many).run());
  return database_->execute(
      fmt::format("DELETE FROM change WHERE id <= (SELECT max(id) FROM change) - {}", kept));
}

std::string to_string(const ChangeCursor& cursor) {
  return fmt::format("{} {} {} {}", cursor.store, cursor.change, cursor.deed, cursor.deed_words);
}

Result<ChangeCursor> last_change(Database& database) {
  ChangeCursor cursor;
  ICM_TRY(const std::int64_t tables, database.number(has_log));
  if (tables == 2) {
    ICM_TRY(cursor.store, database.text("SELECT value FROM identity"));
    ICM_TRY(cursor.change, database.number(last_id));
  }
  return with_deed(database, std::move(cursor), std::nullopt);
}

Result<bool> can_tell_since(Database& database, const std::string& cursor, std::size_t most) {
  const std::optional<ChangeCursor> given = read_cursor(cursor);
  ICM_TRY(const ChangeCursor last, last_change(database));
  if (!given) return false;
  if (to_string(last) == cursor) return true;
  if (last.store != given->store || last.change < given->change ||
      last.change - given->change > ChangeLog::kept) {
    return false;
  }
  ChangeCursor then{.store = given->store, .change = given->change, .deed = 0, .deed_words = {}};
  ICM_TRY(then, with_deed(database, std::move(then), given->deed));
  if (then != *given) return false;
  ICM_TRY(Statement statement,
          database.prepare("SELECT count(*), count(*) FILTER (WHERE address = '') FROM change "
                           "WHERE id > ?1"));
  Query query = statement.query();
  ICM_CHECK(query.bind(1, given->change).step());
  return static_cast<std::size_t>(query.number(0)) <= most && query.number(1) == 0;
}

Result<std::vector<std::string>> changed_since(Database& database, const std::string& cursor) {
  std::vector<std::string> addresses;
  const std::optional<ChangeCursor> given = read_cursor(cursor);
  ICM_TRY(const std::int64_t tables, database.number(has_log));
  if (!given || tables != 2) return addresses;
  ICM_TRY(Statement statement, database.prepare("SELECT address FROM change WHERE id > ?1"));
  Query query = statement.query();
  query.bind(1, given->change);
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return addresses;
    addresses.emplace_back(query.text(0));
  }
}

}  // namespace icm
