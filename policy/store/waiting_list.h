// SPDX-License-Identifier: Apache-2.0
//
// WaitingList: which mail was turned away and is expected again, so that it goes before mail that
// comes for the first time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

namespace icm {

// Not synchronised. Times are milliseconds that never go back.
class WaitingList {
 public:
  // Postfix tries again after 4000 s at the latest (maximal_backoff_time). Who does not come by
  // then has been delivered otherwise, or was deleted.
  static constexpr std::int64_t patience = 75 * 60 * 1000;
  static constexpr std::size_t most_claims = 65536;  // a further one waits without a place

  // `line`: the counter and the share that it waits for. A claim stands in one line at a time.
  void turn_away(const std::string& line, std::uint64_t claim, std::int64_t now);
  void served(std::uint64_t claim);
  bool is_known(std::uint64_t claim, std::int64_t now);
  std::uint32_t length(const std::string& line, std::int64_t now);

 private:
  struct Claim {
    std::string line;
    std::int64_t until = 0;
  };
  void forget_old(std::int64_t now);
  void leave(std::unordered_map<std::uint64_t, Claim>::iterator place);

  std::unordered_map<std::uint64_t, Claim> claims_;
  std::deque<std::pair<std::int64_t, std::uint64_t>> by_end_;  // some are out of date
  std::map<std::string, std::uint32_t> lengths_;
};

}  // namespace icm
