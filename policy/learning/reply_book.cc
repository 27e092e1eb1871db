// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/reply_book.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "policy/base/keyed_hash.h"
#include "policy/base/text.h"
#include "policy/learning/reply_book_schema.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

using std::chrono::hours;

constexpr std::int64_t application_id = 0x49434d52;  // "ICMR"
constexpr auto version = static_cast<std::int64_t>(reply_book_steps.size());
constexpr std::size_t most_samples = 500;
constexpr std::string_view bounces_source = "bounces";  // logs are "file ..." and "journal ..."

// Public: it tells answers apart and guards nothing. Who answers does not write the key's text.
const KeyedHash& key_hash() {
  static const KeyedHash hash({0x69636d2d7265706c, 0x6965732d30303031});
  return hash;
}

std::int64_t digest_of(std::string_view key) { return static_cast<std::int64_t>(key_hash()(key)); }

Status make_file(const std::string& path, Missing missing) {
  if (access(path.c_str(), F_OK) == 0) return {};
  if (missing == Missing::refuse) {
    return fail(Code::config,
                fmt::format("{}: nothing was learnt yet: there is no such file; it is made by "
                            "icloud-milterctl replies follow",
                            path));
  }
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file < 0 && errno == EEXIST) return {};
  if (file < 0) {
    return fail(Code::config, fmt::format("{}: cannot be made: {}", path, std::strerror(errno)));
  }
  Status given = give_to_owner_of_directory(file, path);
  ::close(file);
  return given;
}

// In a transaction: another process may be making the tables.
Status make_tables(Database& database) {
  ICM_TRY(Transaction transaction, Transaction::begin(database));
  ICM_TRY(const std::int64_t found, database.number("PRAGMA user_version"));
  if (found >= version) return {};
  for (auto step = static_cast<std::size_t>(found); step < reply_book_steps.size(); ++step) {
    ICM_CHECK(database.execute(reply_book_steps[step]));
  }
  ICM_CHECK(database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                         application_id, version)));
  return transaction.commit();
}

Status recognise(Database& database, Database::Access access) {
  // In one snapshot, since another process may be making the tables meanwhile.
  ICM_CHECK(database.execute("BEGIN"));
  ICM_TRY(const std::int64_t id, database.number("PRAGMA application_id"));
  ICM_TRY(const std::int64_t found, database.number("PRAGMA user_version"));
  ICM_TRY(const std::int64_t objects, database.number("SELECT count(*) FROM sqlite_schema"));
  ICM_CHECK(database.execute("COMMIT"));
  const bool is_fresh = id == 0 && found == 0 && objects == 0;
  if (!is_fresh && id != application_id) {
    return fail(Code::config,
                fmt::format("{}: expected a book of replies (application_id {}), found another "
                            "program's database (application_id {})",
                            database.path(), application_id, id));
  }
  if (found > version) {
    return fail(Code::config,
                fmt::format("{}: expected a book of replies of version {}, found version {}; it "
                            "was written by a later release of icloud-milter",
                            database.path(), version, found));
  }
  if (access == Database::Access::write) {
    ICM_CHECK(database.keep_write_ahead_log());
    if (found < version) return make_tables(database);
  } else if (found < version) {
    return fail(Code::config,
                fmt::format("{}: {}: expected a book of replies of version {}, found version {}",
                            database.path(),
                            found == 0 ? "nothing was learnt yet"
                                       : "not yet brought up to date by icloud-milterctl replies "
                                         "follow",
                            version, found));
  }
  return {};
}

}  // namespace

Result<ReplyBook> ReplyBook::open(const std::string& path, Database::Access access, Missing missing,
                                  Deadline deadline) {
  ICM_CHECK(make_file(path, missing));
  ICM_TRY(Database database, Database::open(path, access));
  database.wait_until(deadline);
  ICM_CHECK(recognise(database, access));
  // What a power cut takes is read again: the position goes with it.
  ICM_CHECK(database.execute(
      "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA cell_size_check = ON; "
      "PRAGMA journal_size_limit = 16777216"));
  return ReplyBook(std::move(database));
}

Status ReplyBook::begin(Deadline deadline) {
  database_->wait_until(deadline);
  ICM_TRY(Transaction transaction, Transaction::begin(*database_));
  transaction_.emplace(std::move(transaction));
  return {};
}

Status ReplyBook::commit() {
  if (!transaction_) return {};
  Status done = transaction_->commit();
  transaction_.reset();
  return done;
}

Result<Query> ReplyBook::query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    ICM_TRY(Statement statement, database_->prepare(sql));
    found = statements_.emplace(sql, std::move(statement)).first;
  }
  return found->second.query();
}

Result<std::optional<std::string>> ReplyBook::position(std::string_view source) {
  ICM_TRY(Query query, this->query("SELECT place FROM position WHERE source = ?1"));
  query.bind(1, source);
  ICM_TRY(const bool is_row, query.step());
  if (!is_row) return std::optional<std::string>();
  return std::optional(std::string(query.text(0)));
}

Status ReplyBook::set_position(std::string_view source, std::string_view position) {
  ICM_TRY(Query query, this->query("INSERT OR REPLACE INTO position VALUES (?1, ?2)"));
  return query.bind(1, source).bind(2, position).run();
}

// What SQLite counts goes on with each commit of another connection, and with none of our own.
Result<bool> ReplyBook::was_changed_by_others() {
  ICM_TRY(const std::int64_t now, database_->number("PRAGMA data_version"));
  const bool was_changed = known_version_ != now;
  known_version_ = now;
  return was_changed;
}

Result<bool> ReplyBook::is_new(std::string_view key, WallTime time) {
  ICM_TRY(Query query, this->query("INSERT OR IGNORE INTO seen VALUES (?1, ?2)"));
  query.bind(1, stored(time)).bind(2, digest_of(key));
  ICM_CHECK(query.run());
  return database_->changes() > 0;
}

Result<std::optional<Teller>> ReplyBook::told_before(std::string_view key, Teller teller,
                                                     WallTime time) {
  const std::int64_t digest = digest_of(key);
  {
    ICM_TRY(Query query, this->query("SELECT teller FROM told WHERE digest = ?1"));
    query.bind(1, digest);
    ICM_TRY(const bool is_row, query.step());
    if (is_row) return std::optional(query.number(0) == 2 ? Teller::report : Teller::log);
  }
  ICM_TRY(Query query, this->query("INSERT INTO told VALUES (?1, ?2, ?3)"));
  query.bind(1, digest).bind(2, std::int64_t{teller == Teller::report ? 2 : 1});
  ICM_CHECK(query.bind(3, stored(time)).run());
  return std::optional<Teller>();
}

Result<std::uint64_t> ReplyBook::bounces() {
  ICM_TRY(const auto place, position(bounces_source));
  return place ? parse_number(*place).value_or(0) : 0;
}

Status ReplyBook::add_bounces(std::uint64_t count) {
  if (count == 0) return {};
  ICM_TRY(const std::uint64_t before, bounces());
  return set_position(bounces_source, std::to_string(before + count));
}

Status ReplyBook::forget(WallTime now) {
  const auto drop = [&](std::string_view sql, std::int64_t before) -> Status {
    ICM_TRY(Query query, this->query(sql));
    return query.bind(1, before).run();
  };
  // A day more than is learnt from: a clock may have been set meanwhile.
  const std::int64_t too_old = stored(now - replies_known_for - hours{24});
  ICM_CHECK(drop("DELETE FROM seen WHERE at < ?1", too_old));
  ICM_CHECK(drop("DELETE FROM told WHERE at < ?1", too_old));
  ICM_CHECK(drop("DELETE FROM tally WHERE slot < ?1", stored(now - hours{24 * 35}) / 600'000));
  ICM_CHECK(drop("DELETE FROM breaker WHERE closed < ?1", stored(now - openings_known_for)));
  ICM_CHECK(drop("DELETE FROM hit WHERE last < ?1", stored(now - hours{24 * 120})));
  ICM_CHECK(drop("DELETE FROM refusal WHERE at < ?1", stored(now - hours{24})));
  ICM_CHECK(drop("DELETE FROM alert WHERE last < ?1", stored(now - openings_known_for)));
  return drop(
      "DELETE FROM sample WHERE digest NOT IN (SELECT digest FROM sample ORDER BY last DESC"
      " LIMIT ?1)",
      most_samples);
}

}  // namespace icm
