// SPDX-License-Identifier: Apache-2.0
//
// TopSenders: who sent most, among any number of senders, in memory for a few.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "milter/ctl/report/facts.h"

namespace icm::ctl::report {

// "Space-Saving" (Metwally, Agrawal and El Abbadi 2005): where all places are taken, the newcomer
// gets the place of who has least, and that count, as `unsure`. Whoever has more than one in
// `places` of all decisions has a place, and no count is too large by more than its `unsure`.
class TopSenders {
 public:
  struct Sender {
    std::string name;
    std::uint64_t weight = 0;  // decisions, and what may be another's
    std::uint64_t unsure = 0;
    Counts counts;                               // since it has its place
    std::map<std::string, std::uint64_t> rules;  // likewise; rules.inc bounds them
  };

  explicit TopSenders(std::size_t places) : places_(places) {}

  // Counts one decision of `name`.
  Sender& add(std::string_view name);

  // The first `most`, by decisions; names decide among equals.
  std::vector<Sender> top(std::size_t most) const;

  std::size_t size() const { return senders_.size(); }
  bool is_crowded() const { return is_crowded_; }

 private:
  std::size_t place_for(const std::string& name);
  std::size_t places_;
  std::vector<Sender> senders_;
  std::unordered_map<std::string, std::size_t> place_of_;
  std::set<std::pair<std::uint64_t, std::size_t>> by_weight_;
  bool is_crowded_ = false;
};

}  // namespace icm::ctl::report
