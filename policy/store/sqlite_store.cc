// SPDX-License-Identifier: Apache-2.0
#include "policy/store/sqlite_store.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "policy/store/entry_rows.h"
#include "policy/store/store_file.h"

namespace icm {
namespace {

// One address, and the three addresses of siblings. Finding candidates is all SQL does here; what
// applies is decided by entries_in_force.
constexpr std::string_view one_address =
    "SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE address = ?1";
constexpr std::string_view three_addresses =
    "SELECT " ICM_ENTRY_COLUMNS " FROM suppression WHERE address IN (?1, ?2, ?3)";

// A connection with its statements, leased to one lookup at a time.
struct Reader {
  Database database;
  Statement one;
  Statement three;

  static Result<Reader> open(const std::string& path, Missing missing, Deadline deadline) {
    ICM_TRY(Database database, open_store(path, Database::Access::read, missing, deadline));
    ICM_TRY(Statement one, database.prepare(one_address));
    ICM_TRY(Statement three, database.prepare(three_addresses));
    return Reader{std::move(database), std::move(one), std::move(three)};
  }

  Result<std::vector<Suppression>> candidates(const Mailbox& mailbox, bool siblings) {
    const std::string key = mailbox.key();
    const std::vector<std::string> others =
        siblings ? sibling_keys(mailbox) : std::vector<std::string>();
    Query query = others.empty() ? one.query() : three.query();
    query.bind(1, key);
    for (std::size_t i = 0; i < others.size(); ++i) query.bind(static_cast<int>(i) + 2, others[i]);
    std::vector<Suppression> entries;
    for (;;) {
      ICM_TRY(const bool is_row, query.step());
      if (!is_row) return entries;
      ICM_TRY(Suppression entry, entry_of_row(query, database.path()));
      entries.push_back(std::move(entry));
    }
  }
};

}  // namespace

// Lends readers, a bounded number at a time: each has files open, and libmilter's threads, of which
// there is no bound, ask at RCPT. A lookup takes microseconds, so the wait for one is short.
class SqliteSuppressionList::Pool {
 public:
  Pool(std::string path, Reader first) : path_(std::move(path)) {
    idle_.push_back(std::move(first));
  }

  // A reader from lease() on. Goes back only when it is said to be good.
  class Lease {
   public:
    explicit Lease(const Pool& pool) : pool_(&pool) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          reader_(std::exchange(other.reader_, std::nullopt)),
          is_good_(other.is_good_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->end(is_good_ ? std::move(reader_) : std::nullopt);
    }
    void take(Reader reader) { reader_ = std::move(reader); }
    Reader& reader() { return *reader_; }
    void keep() { is_good_ = true; }

   private:
    const Pool* pool_;
    std::optional<Reader> reader_;
    bool is_good_ = false;
  };

  Result<Lease> lease(Deadline deadline) const {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_until(lock, deadline.end(), [this] { return lent_ < most_readers; })) {
      return fail(Code::temporary,
                  fmt::format("{}: {} lookups are under way; the time to wait for one of them to "
                              "end is over",
                              path_, most_readers));
    }
    ++lent_;
    Lease lease(*this);
    std::optional<Reader> idle;
    if (!idle_.empty()) {
      idle.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
    lock.unlock();
    if (!idle) {
      // A store that was there at the start and is not now is a fault, not an empty list.
      ICM_TRY(idle, Reader::open(path_, Missing::refuse, deadline));
    }
    idle->database.wait_until(deadline);
    lease.take(*std::move(idle));
    return lease;
  }

  const std::string& path() const { return path_; }

 private:
  // One too many is closed, outside the lock, before somebody else may open one.
  void end(std::optional<Reader> reader) const {
    std::unique_lock lock(mutex_);
    if (reader && idle_.size() < most_idle_readers) {
      idle_.push_back(*std::move(reader));
    } else {
      lock.unlock();
      reader.reset();
      lock.lock();
    }
    --lent_;
    lock.unlock();
    freed_.notify_one();
  }

  std::string path_;
  mutable std::mutex mutex_;
  mutable std::condition_variable freed_;
  mutable int lent_ = 0;
  mutable std::vector<Reader> idle_;
};

SqliteSuppressionList::SqliteSuppressionList(std::shared_ptr<const Pool> pool)
    : pool_(std::move(pool)) {}

Result<std::unique_ptr<SqliteSuppressionList>> SqliteSuppressionList::open(const std::string& path,
                                                                           Deadline deadline) {
  ICM_TRY(Reader first, Reader::open(path, Missing::make, deadline));
  auto pool = std::make_shared<const Pool>(path, std::move(first));
  return std::unique_ptr<SqliteSuppressionList>(new SqliteSuppressionList(std::move(pool)));
}

Result<std::vector<Suppression>> SqliteSuppressionList::find(const Mailbox& mailbox,
                                                             const std::vector<std::string>& scopes,
                                                             bool siblings, WallTime now,
                                                             Deadline deadline) const {
  if (deadline.passed()) {
    return fail(Code::temporary,
                fmt::format("{}: no time left to ask the suppression list", pool_->path()));
  }
  ICM_TRY(Pool::Lease lease, pool_->lease(deadline));
  ICM_TRY(std::vector<Suppression> candidates, lease.reader().candidates(mailbox, siblings));
  // Not reached after an Error: a connection that failed is not used again.
  lease.keep();
  return entries_in_force(std::move(candidates), mailbox, scopes, siblings, now);
}

}  // namespace icm
