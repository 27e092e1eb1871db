// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/top_senders.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::ctl::report {
namespace {

constexpr std::size_t longest_name = 320;  // RFC 5321 §4.5.3.1

}  // namespace

TopSenders::Sender& TopSenders::add(std::string_view name) {
  const std::size_t place = place_for(lower_ascii(name.substr(0, longest_name)));
  Sender& sender = senders_[place];
  by_weight_.erase({sender.weight, place});
  ++sender.weight;
  by_weight_.emplace(sender.weight, place);
  return sender;
}

std::size_t TopSenders::place_for(const std::string& name) {
  if (const auto found = place_of_.find(name); found != place_of_.end()) return found->second;
  std::size_t place = senders_.size();
  if (place < places_) {
    senders_.push_back({.name = name, .weight = 0, .unsure = 0, .counts = {}, .rules = {}});
  } else {
    is_crowded_ = true;
    place = by_weight_.begin()->second;
    const std::uint64_t least = senders_[place].weight;
    place_of_.erase(senders_[place].name);
    senders_[place] = {.name = name, .weight = least, .unsure = least, .counts = {}, .rules = {}};
  }
  place_of_.emplace(name, place);
  return place;
}

std::vector<TopSenders::Sender> TopSenders::top(std::size_t most) const {
  std::vector<Sender> sorted = senders_;
  std::ranges::sort(sorted, [](const Sender& a, const Sender& b) {
    const std::uint64_t of_a = a.counts.all();
    const std::uint64_t of_b = b.counts.all();
    return of_a != of_b ? of_a > of_b : a.name < b.name;
  });
  if (sorted.size() > most) sorted.resize(most);
  return sorted;
}

}  // namespace icm::ctl::report
