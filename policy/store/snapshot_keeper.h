// SPDX-License-Identifier: Apache-2.0
//
// SnapshotKeeper: makes the snapshot of a store, follows the store with it, keeps it from one run
// of the daemon to the next, and notices when the store is away.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "policy/base/guarded.h"
#include "policy/store/snapshot_view.h"
#include "policy/store/suppression_source.h"

namespace icm {

// Something an administrator should know about the store.
struct StoreNotice {
  enum class Grade { info, warning };
  Grade grade = Grade::info;
  std::string text;
  bool operator==(const StoreNotice&) const = default;
};

// Where the snapshot stands.
struct SnapshotState {
  bool is_ready = false;      // there is one in memory
  std::uint64_t entries = 0;  // in all, with the recent ones
  std::uint64_t recent = 0;   // changes since all of it was last put together
  std::size_t memory = 0;     // octets
  std::string file;           // empty: it is kept in none
  std::string file_problem;   // why the file could not be read or written; empty: nothing
  std::string away;           // why the store does not answer; empty: it does
  bool operator==(const SnapshotState&) const = default;
};

// Safe from any thread but for begin() and end(), which one thread calls.
class SnapshotKeeper {
 public:
  using OpenList = std::function<Result<std::unique_ptr<SuppressionList>>(Deadline)>;
  using Hear = std::function<void(const StoreNotice&)>;

  struct Means {
    std::unique_ptr<SuppressionSource> source;
    std::unique_ptr<SuppressionList> list;  // asks the store itself; null: it is away
    OpenList open_list;     // for when another store has taken the place of that one
    std::string file;       // where the snapshot outlives a restart; may be empty
    std::string meanwhile;  // what holds while the store is away, in words
    AddressForms forms{};   // in which addresses stand
    std::chrono::milliseconds pace{100};
    std::size_t most_recent = 65536;  // changes that are kept apart, before all is put together
  };

  explicit SnapshotKeeper(Means means);
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

  // Before begin(), when the store was away from the start: goes on with the file, or an Error says
  // why the store is away and the file of no use.
  [[nodiscard]] Status stand_in(const Error& away);

  void begin(Hear hear);
  void end();

  // What lookups use. `view` is null as long as nothing is known.
  struct InUse {
    std::shared_ptr<const SnapshotView> view;
    std::shared_ptr<const SuppressionList> list;
  };
  InUse in_use() const {
    return in_use_.with([](const InUse& in_use) { return in_use; });
  }

  const SuppressionSource& source() const { return *source_; }
  const AddressForms& forms() const { return forms_; }

  // The store did not answer, or not to this question.
  bool is_away() const { return is_away_.load(std::memory_order_relaxed); }
  std::optional<Error> problem() const;
  void went_away(const Error& error);

  // Whether a lookup should ask the store although it is away: nobody looks after it while much of
  // it is read. One lookup a second should.
  bool is_worth_asking();

  // A lookup was answered.
  void came_back();

  // A lookup has seen that something was written: takes it over now, not with the next look.
  void hurry();

  SnapshotState state() const;

 private:
  using Time = std::chrono::steady_clock;
  enum class Step { done, failed };

  void run();
  void say_away(const Error& error);
  void look();
  [[nodiscard]] Status read_file();
  [[nodiscard]] Step reopen_list();
  [[nodiscard]] Step refresh(std::uint64_t generation);
  [[nodiscard]] Step make_anew(std::uint64_t generation);
  void tried(Step step);
  [[nodiscard]] Step could_not_read(const Error& error);
  void use(SnapshotView view);
  void doubt();
  void fold(const SnapshotView& view);
  void begin_writing(std::shared_ptr<const AddressSnapshot> snapshot);
  bool is_writing() const;
  void write_file(const AddressSnapshot& snapshot);
  void say(StoreNotice::Grade grade, const std::string& text);
  void set_file_problem(std::string problem);

  // Of the thread alone, but for generation() of the source.
  const std::unique_ptr<SuppressionSource> source_;
  const AddressForms forms_;
  const OpenList open_list_;
  const std::string file_;
  const std::string meanwhile_;
  const std::chrono::milliseconds pace_;
  const std::size_t most_recent_;
  bool is_replaced_;           // the list in use is still of the store before, or there is none
  bool is_from_file_ = false;  // the view is, and the store has not been compared with it
  std::atomic<bool> is_saved_ = false;  // the file holds what `all` of the view does
  std::future<void> writing_;           // the file, beside whatever is to be followed meanwhile
  bool is_unwritten_ = false;           // `all` of the view waits for an earlier one to be written
  int failed_refreshes_ = 0;            // in a row
  std::string unread_;                  // why the last of them failed
  Time::time_point next_try_{};
  std::chrono::milliseconds pause_{};

  Guarded<InUse> in_use_;
  std::atomic<bool> is_away_ = false;
  std::atomic<bool> is_reading_ = false;                              // all of it, or what changed
  std::atomic<Time::time_point> next_question_ = Time::time_point{};  // of a lookup, meanwhile
  std::atomic<bool> is_damaged_ = false;  // until all of it could be read
  Guarded<std::optional<Error>> problem_;
  Guarded<std::string> file_problem_;
  Guarded<Hear> hear_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stops_ = false;
  std::atomic<bool> is_in_a_hurry_ = false;
  std::thread thread_;
};

}  // namespace icm
