// SPDX-License-Identifier: Apache-2.0
//
// ReaderPool: connections for reading an SQLite store, lent to one lookup at a time.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/store/suppression_book.h"

namespace icm {

inline constexpr int most_readers = 32;
inline constexpr std::size_t most_idle_readers = 8;  // kept open for the next lookups

// Lends readers, a bounded number at a time: each has files open, and libmilter's threads, of which
// there is no bound, ask at RCPT. A lookup takes microseconds, so the wait for one is short. Safe
// from any thread.
//
// A Reader has a Database `database`, and is opened by
//   static Result<Reader> open(const std::string& path, Missing missing, Deadline deadline);
template <class Reader>
class ReaderPool {
 public:
  ReaderPool(std::string path, Reader first) : path_(std::move(path)) {
    idle_.push_back(std::move(first));
  }

  // A reader from lease() on. Goes back only when it is said to be good.
  class Lease {
   public:
    explicit Lease(const ReaderPool& pool) : pool_(&pool) {}
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
    const ReaderPool* pool_;
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
    // Of a backup that was put in the place of the store, the file before it knows nothing.
    if (idle && idle->database.is_moved()) idle.reset();
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

}  // namespace icm
