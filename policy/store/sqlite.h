// SPDX-License-Identifier: Apache-2.0
//
// SQLite as we use it: a connection, its statements, and errors an operator can act on. sqlite.cc
// is the only file that knows the library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "policy/base/deadline.h"
#include "policy/base/handle.h"
#include "policy/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace icm {

void close_database(sqlite3* connection) noexcept;
void finalize_statement(sqlite3_stmt* statement) noexcept;
void reset_statement(sqlite3_stmt* statement) noexcept;

// One run of a Statement. Ends when it is destroyed: the read transaction of a SELECT lasts no
// longer than that, which matters since an open one keeps the write-ahead log from being emptied.
class Query {
 public:
  // Values for the parameters ?1, ?2, …. Text is not copied: it must live until the Query ends.
  Query& bind(int parameter, std::string_view text);
  Query& bind(int parameter, std::int64_t number);
  Query& bind_null(int parameter);

  // True: there is a row, the columns can be read. False: done.
  [[nodiscard]] Result<bool> step();

  // Runs a statement that gives no rows.
  [[nodiscard]] Status run();

  // Column of the current row, counted from 0. Views live until the next step().
  std::string_view text(int column) const;
  std::int64_t number(int column) const;
  bool is_null(int column) const;

 private:
  friend class Statement;
  Query(sqlite3_stmt* statement, const std::string& path) : statement_(statement), path_(path) {}

  Handle<sqlite3_stmt, reset_statement> statement_;
  const std::string& path_;
  int failure_ = 0;  // the first failed bind, reported by step()
};

// A prepared statement. Belongs to the Database that prepared it and must not outlive it.
class Statement {
 public:
  // One at a time.
  Query query() { return Query(statement_.get(), *path_); }

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, const std::string& path)
      : statement_(statement), path_(&path) {}

  Handle<sqlite3_stmt, finalize_statement> statement_;
  const std::string* path_;
};

// A connection. Used by one thread at a time; the threads may change.
class Database {
 public:
  enum class Access { read, write };

  // Opens a file that exists. That it is a database shows only when something is read from it.
  [[nodiscard]] static Result<Database> open(const std::string& path, Access access);

  const std::string& path() const { return state_->path; }

  // From now on a lock of another process is waited for until `deadline`, then the call fails with
  // Code::temporary. Before the first call nothing is waited for.
  void wait_until(Deadline deadline) { state_->deadline = deadline; }

  // Statements without parameters, separated by semicolons; rows are dropped.
  [[nodiscard]] Status execute(std::string_view sql);

  // The first column of the only row, as PRAGMA gives it.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);
  [[nodiscard]] Result<std::string> text(std::string_view sql);

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);

  // Writes into the file that it has a write-ahead log; outside of a transaction. Several processes
  // may do so at once. Code::config where the file system allows none.
  [[nodiscard]] Status keep_write_ahead_log();

  // Whether its file was taken away since, or another one stands in its place.
  bool is_moved() const;

  // Rows that the last INSERT, UPDATE or DELETE touched.
  std::int64_t changes() const;

 private:
  struct State {  // at a fixed address, since SQLite and the statements point to it
    std::string path;
    Deadline deadline{Deadline::Time::time_point::min()};
  };
  friend class Transaction;
  Database() = default;
  static int wait_for_lock(void* state, int attempts) noexcept;

  std::unique_ptr<State> state_;
  Handle<sqlite3, close_database> connection_;
};

// A transaction that is rolled back unless committed. The Database must outlive it.
class Transaction {
 public:
  // Takes the write lock at once, so that nothing fails half-way for want of it.
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  [[nodiscard]] Status commit();

 private:
  explicit Transaction(Database& database) : open_(&database) {}
  static void roll_back(Database* database) noexcept;
  Handle<Database, roll_back> open_;
};

}  // namespace icm
