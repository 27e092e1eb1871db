// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_topology.h"

namespace icm {
namespace {

class SingleServer final : public RedisTopology {
 public:
  explicit SingleServer(const RedisOptions& options)
      : node_(std::make_shared<RedisNode>(options.servers.front(), options.login,
                                          RedisNode::Role::any, options.timeout)) {}

  Result<RedisNodeRef> node_for(std::uint16_t, Deadline) override { return node_; }
  RedisNodeRef node_at(const RedisAddress&) override { return node_; }
  void doubt(const RedisNode&) override {}
  bool replicates(const RedisNode&) const override { return false; }
  std::string text() const override { return node_->address().text(); }

 private:
  RedisNodeRef node_;
};

}  // namespace

RedisNodeRef RedisNodes::at(const RedisAddress& address) {
  return nodes_.with([&](auto& nodes) {
    RedisNodeRef& node = nodes[address];
    if (node == nullptr) node = std::make_shared<RedisNode>(address, login_, role_, timeout_);
    return node;
  });
}

std::unique_ptr<RedisTopology> RedisTopology::make(const RedisOptions& options) {
  switch (options.mode) {
    case RedisOptions::Mode::single:
      break;
    case RedisOptions::Mode::sentinel:
      return make_sentinel_topology(options);
    case RedisOptions::Mode::cluster:
      return make_cluster_topology(options);
  }
  return std::make_unique<SingleServer>(options);
}

}  // namespace icm
