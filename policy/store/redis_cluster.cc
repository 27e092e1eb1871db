// SPDX-License-Identifier: Apache-2.0
//
// A Redis Cluster: the map of slots is read from any node that answers, and anew after a node
// failed or has sent us to another one.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "policy/store/redis_topology.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds longest_question{500};  // for the map: there are other nodes
// A replica that joins or leaves sends nobody to another node, so that nothing else would tell.
constexpr std::chrono::seconds longest_trust{30};

class ClusterTopology final : public RedisTopology {
 public:
  explicit ClusterTopology(const RedisOptions& options)
      : configured_(options.servers),
        nodes_(options.login, RedisNode::Role::any, options.timeout) {}

  Result<RedisNodeRef> node_for(std::uint16_t slot, Deadline deadline) override {
    const auto is_known = map_.with([](const Map& map) {
      return map.is_current && Deadline::Time::now() < map.read + longest_trust;
    });
    if (!is_known) ICM_CHECK(read_map(deadline));
    const auto master = map_.with([&](const Map& map) -> std::optional<RedisAddress> {
      const auto range = std::find_if(map.ranges.begin(), map.ranges.end(), [&](const auto& one) {
        return one.first <= slot && slot <= one.last;
      });
      if (range == map.ranges.end()) return std::nullopt;
      return range->master;
    });
    if (master) return nodes_.at(*master);
    map_.with([](Map& map) { map.is_current = false; });
    return fail(Code::temporary, fmt::format("no node of the cluster has slot {}", slot));
  }

  RedisNodeRef node_at(const RedisAddress& address) override { return nodes_.at(address); }

  void doubt(const RedisNode&) override {
    map_.with([](Map& map) { map.is_current = false; });
  }

  // A master that has no replica at work cannot wait for one, and nobody could take its place.
  bool replicates(const RedisNode& node) const override {
    return map_.with([&](const Map& map) {
      return std::any_of(map.ranges.begin(), map.ranges.end(), [&](const SlotRange& range) {
        return range.has_replica && range.master == node.address();
      });
    });
  }

  std::string text() const override {
    std::string list;
    for (const RedisAddress& master : masters()) {
      list += fmt::format("{}{}", list.empty() ? "" : ", ", master.text());
    }
    return fmt::format("cluster of {}", list.empty() ? "unknown nodes" : list);
  }

 private:
  struct Map {
    std::vector<SlotRange> ranges;
    bool is_current = false;
    Deadline::Time::time_point read{};
  };

  std::set<RedisAddress> masters() const {
    return map_.with([](const Map& map) {
      std::set<RedisAddress> addresses;
      for (const SlotRange& range : map.ranges) addresses.insert(range.master);
      return addresses;
    });
  }

  // Those that have answered last time, then those that were configured.
  std::vector<RedisAddress> candidates() const {
    std::vector<RedisAddress> addresses;
    for (const RedisAddress& address : masters()) addresses.push_back(address);
    for (const RedisAddress& address : configured_) {
      RedisAddress with_port = address;
      if (!with_port.port) with_port.port = RedisAddress::default_port;
      const auto known = std::find(addresses.begin(), addresses.end(), with_port);
      if (known == addresses.end()) addresses.push_back(std::move(with_port));
    }
    return addresses;
  }

  Status read_map(Deadline deadline) {
    std::string problems;
    for (const RedisAddress& address : candidates()) {
      auto ranges = ask_for_map(*nodes_.at(address), deadline);
      if (ranges) {
        map_.with([&](Map& map) { map = {*std::move(ranges), true, Deadline::Time::now()}; });
        return {};
      }
      problems += fmt::format("{}{}", problems.empty() ? "" : "; ", ranges.error().text);
    }
    return fail(Code::temporary, fmt::format("no node of the cluster answers: {}", problems));
  }

  Result<std::vector<SlotRange>> ask_for_map(RedisNode& node, Deadline deadline) const {
    ICM_TRY(const std::vector<RedisReply> replies,
            node.ask({{"CLUSTER", "SLOTS"}}, deadline.at_most(longest_question)));
    auto ranges = slot_ranges(replies[0], node.address());
    if (!ranges) return fail_at(node.address().text(), ranges.error());
    if (ranges->empty()) {
      return fail(Code::temporary,
                  fmt::format("{}: knows of no node that has slots", node.address().text()));
    }
    return ranges;
  }

  std::vector<RedisAddress> configured_;
  RedisNodes nodes_;
  Guarded<Map> map_;
};

}  // namespace

std::unique_ptr<RedisTopology> make_cluster_topology(const RedisOptions& options) {
  return std::make_unique<ClusterTopology>(options);
}

}  // namespace icm
