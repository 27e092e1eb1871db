// SPDX-License-Identifier: Apache-2.0
//
// RedisTopology: which server has a key now. One server always the same; with Sentinels the master,
// whoever that is; in a cluster the master of the key's slot.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/guarded.h"
#include "policy/store/redis_node.h"
#include "policy/store/redis_slots.h"

namespace icm {

struct RedisOptions {
  enum class Mode { single, sentinel, cluster };
  Mode mode = Mode::single;
  std::vector<RedisAddress> servers;  // of a cluster some nodes, or the Sentinels
  std::string master_name;            // with Sentinels
  RedisLogin login;
  std::string prefix = "icloud-milter";  // of every key
  std::string hash_key_check;  // AddressForms::check_value(): what the list is hashed under
  std::chrono::milliseconds timeout{2000};
};

using RedisNodeRef = std::shared_ptr<RedisNode>;

// The nodes we have to do with, each once, so that what is known of one is not forgotten.
class RedisNodes {
 public:
  RedisNodes(RedisLogin login, RedisNode::Role role, std::chrono::milliseconds timeout)
      : login_(std::move(login)), role_(role), timeout_(timeout) {}
  RedisNodeRef at(const RedisAddress& address);

 private:
  RedisLogin login_;
  RedisNode::Role role_;
  std::chrono::milliseconds timeout_;
  Guarded<std::map<RedisAddress, RedisNodeRef>> nodes_;
};

// Safe from any thread.
class RedisTopology {
 public:
  static std::unique_ptr<RedisTopology> make(const RedisOptions& options);  // asks nobody yet
  virtual ~RedisTopology() = default;

  [[nodiscard]] virtual Result<RedisNodeRef> node_for(std::uint16_t slot, Deadline deadline) = 0;

  // Whom a redirection names.
  virtual RedisNodeRef node_at(const RedisAddress& address) = 0;

  // `node` did not answer, or is no longer the one: the next node_for() looks anew.
  virtual void doubt(const RedisNode& node) = 0;

  // Whether what `node` was told has to be on a replica, too, since that may be the master next.
  virtual bool replicates(const RedisNode& node) const = 0;

  // "127.0.0.1", "127.0.0.1:7001, master of mail", "cluster of 127.0.0.1:7001, 127.0.0.1:7002"
  virtual std::string text() const = 0;
};

std::unique_ptr<RedisTopology> make_sentinel_topology(const RedisOptions& options);
std::unique_ptr<RedisTopology> make_cluster_topology(const RedisOptions& options);

}  // namespace icm
