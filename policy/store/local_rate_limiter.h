// SPDX-License-Identifier: Apache-2.0
//
// LocalRateLimiter: the limits of one host, in memory, with a journal beside the store.
//
// Memory is bounded: `most_counters` that are not pinned, `most_waiting` claims. A counter that
// nothing counts on any more goes; when there are too many, the one used least recently is
// forgotten. Whoever has more senders than that has as many allowances anyway; the limits over all
// of them are pinned.
//
// Time is counted on the machine's uptime, from the wall clock at the start: a clock that is set
// neither frees a sliding window nor locks it. Days of a calendar go by the wall clock; what was
// used of a day is still used when the clock comes back to it.
//
// Every grant is written (write(2), without waiting for the disk) before take() returns, so that a
// process that dies loses nothing, and what it had not given back stays taken. A machine that dies
// loses what its kernel had not written: by default the last thirty seconds of Linux. The surplus
// is what was granted in them, and never more than `amount` a counter. A clock set ahead while no
// daemon runs frees what it jumps over.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "policy/base/guarded.h"
#include "policy/base/uptime.h"
#include "policy/store/rate_counter.h"
#include "policy/store/rate_journal.h"
#include "policy/store/rate_limiter.h"
#include "policy/store/waiting_list.h"

namespace icm {

class LocalRateLimiter final : public RateLimiter {
 public:
  // Of what is not pinned; some 300 octets each when all are in use.
  static constexpr std::size_t most_counters = std::size_t{1} << 18;

  // Hears what an administrator should know: that the journal cannot be written, that it can again;
  // that there is no room for further counters.
  // Called from any thread, once for each change.
  using Tell = std::function<void(const std::string&)>;

  // Without a journal, so that a restart forgets.
  LocalRateLimiter(const Uptime& uptime, WallTime now, Tell tell = {},
                   std::size_t most = most_counters);

  // Goes on with what the journal at `path` tells; a file is made with the first grant. `uptime`
  // outlives this. The Error says why an existing file cannot be read, or that somebody else counts
  // by it until `deadline`.
  [[nodiscard]] static Result<std::unique_ptr<LocalRateLimiter>> open(
      const std::string& path, const Uptime& uptime, WallTime now, Tell tell,
      Deadline deadline = Deadline::in(std::chrono::seconds{5}));

  [[nodiscard]] Result<RateAnswer> take(const RateRequest& request, WallTime now,
                                        Deadline deadline) override;
  [[nodiscard]] Status give_back(const RateReceipt& receipt, Deadline deadline) override;
  [[nodiscard]] Result<std::vector<RateUse>> look(const std::vector<RateCharge>& charges,
                                                  WallTime now, Deadline deadline) override;

  std::size_t counters() const;

 private:
  struct Named {
    std::string name;
    RateCounter counter;
    Reckoning reckoning;
    bool is_pinned = false;
  };
  using Order = std::list<Named>;  // the last used first
  struct Memory {
    Order order;
    std::unordered_map<std::string_view, Order::iterator> by_name;  // views of Named::name
    std::size_t most = most_counters;                               // that are not pinned
    std::size_t unpinned = 0;
    bool is_full = false;  // counters were forgotten that still counted
    WaitingList waiting;

    Named* find(const std::string& name);
    Named& use(const RateLimit& limit);
    void make_room(RateTime now);
    void forget(Order::iterator place);
  };

  RateTime counted(WallTime now, Reckoning reckoning) const;
  std::int64_t ahead(WallTime now, Reckoning reckoning) const;
  WallTime told(RateTime time, WallTime now, Reckoning reckoning) const;
  RateUse use_of(Memory& memory, const RateCharge& charge, std::uint64_t claim, WallTime now) const;
  void restore(const std::vector<RateEntry>& entries, WallTime now);
  std::vector<RateEntry> entries(WallTime now) const;
  void write(RateJournal* journal, const std::vector<RateEntry>& entries, WallTime now);
  void take_all(Memory& memory, const RateRequest& request, WallTime now, RateAnswer& answer,
                std::vector<RateEntry>& written);
  void say_when_full(bool was_full, bool is_full);

  const Uptime& uptime_;
  const RateTime base_;                  // counted time is uptime and this
  std::atomic<std::int64_t> ahead_ = 0;  // of it the wall clock was, at the last grant
  Tell tell_;
  const std::size_t most_;
  Guarded<std::unique_ptr<RateJournal>> journal_;  // locked first: its lines are in order
  std::int64_t written_ahead_ = 0;                 // of the lines in it; under its lock
  Guarded<Memory> memory_;
};

}  // namespace icm
