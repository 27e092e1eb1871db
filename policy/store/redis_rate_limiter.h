// SPDX-License-Identifier: Apache-2.0
//
// RedisRateLimiter: the limits of a fleet, in one Redis. Each decision is one script, so that no
// two hosts take the same unit.
//
// Whose clock: the server's. Hosts differ by seconds and may be wrong by hours; with the clock of
// the one server that decides there is nothing to differ from. In a Cluster every key of ours has
// the same tag, so one node decides all: a limit over all mail is one counter anyway.
//
// Counts by the same arithmetic as RateCounter, and passes the same tests. Keys end by themselves
// when nothing of them counts. A question that is put twice, since its answer was lost, counts
// twice: less goes than might. After a failover what the old master had not passed on is forgotten:
// the surplus is what was granted in that time. A server's clock that is set back is waited for no
// longer than a window; one that is set ahead frees what it jumps over.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "policy/base/guarded.h"
#include "policy/store/rate_limiter.h"
#include "policy/store/redis_client.h"

namespace icm {

class RedisRateLimiter final : public RateLimiter {
 public:
  // Whose time it is: the server's, or in tests that of the question.
  enum class TimeOf { server, question };

  RedisRateLimiter(std::shared_ptr<RedisClient> client, std::string prefix,
                   TimeOf time = TimeOf::server)
      : client_(std::move(client)), prefix_(std::move(prefix)), time_(time) {}

  [[nodiscard]] Result<RateAnswer> take(const RateRequest& request, WallTime now,
                                        Deadline deadline) override;
  [[nodiscard]] Status give_back(const RateReceipt& receipt, Deadline deadline) override;
  [[nodiscard]] Result<std::vector<RateUse>> look(const std::vector<RateCharge>& charges,
                                                  WallTime now, Deadline deadline) override;

 private:
  enum class Purpose { take, look };
  Result<RateAnswer> ask(const std::vector<RateCharge>& charges, std::uint64_t claim,
                         Purpose purpose, WallTime now, Deadline deadline);
  std::string key_of(std::string_view kind, std::string_view name) const;

  const std::shared_ptr<RedisClient> client_;
  const std::string prefix_;
  const TimeOf time_;
};

// Asks the fleet's limiter; while that is away, either the host's own, as if it were alone, or
// nobody: then the policy's on_error says what becomes of mail. Each change is told once.
class FleetRateLimiter final : public RateLimiter {
 public:
  using Tell = std::function<void(const std::string&)>;

  // Without `own`, nobody counts while the fleet's is away, and an Error says so.
  FleetRateLimiter(std::unique_ptr<RateLimiter> fleet, std::unique_ptr<RateLimiter> own, Tell tell)
      : fleet_(std::move(fleet)), own_(std::move(own)), tell_(std::move(tell)) {}

  [[nodiscard]] Result<RateAnswer> take(const RateRequest& request, WallTime now,
                                        Deadline deadline) override;
  [[nodiscard]] Status give_back(const RateReceipt& receipt, Deadline deadline) override;
  [[nodiscard]] Result<std::vector<RateUse>> look(const std::vector<RateCharge>& charges,
                                                  WallTime now, Deadline deadline) override;

  // Whether the fleet's did not answer last.
  bool is_away() const {
    return is_away_.with([](bool away) { return away; });
  }

 private:
  void heard(const Error* error);

  const std::unique_ptr<RateLimiter> fleet_;
  const std::unique_ptr<RateLimiter> own_;
  const Tell tell_;
  Guarded<bool> is_away_{false};
};

}  // namespace icm
