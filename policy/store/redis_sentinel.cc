// SPDX-License-Identifier: Apache-2.0
//
// The master as the Sentinels name it (Redis: "Guidelines for Redis clients with support for Redis
// Sentinel"): the Sentinels are asked one after the other, the server that one names must itself
// say that it is a master, and whenever it fails the Sentinels are asked again.
#include <optional>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/redis_topology.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds longest_question{500};  // to one Sentinel: there are others

RedisAddress with_port(RedisAddress address) {
  if (!address.port) address.port = RedisAddress::default_sentinel_port;
  return address;
}

class SentinelTopology final : public RedisTopology {
 public:
  explicit SentinelTopology(const RedisOptions& options)
      : name_(options.master_name),
        sentinels_(RedisLogin(), RedisNode::Role::any, longest_question),
        servers_(options.login, RedisNode::Role::master, options.timeout) {
    for (const RedisAddress& address : options.servers) addresses_.push_back(with_port(address));
  }

  Result<RedisNodeRef> node_for(std::uint16_t, Deadline deadline) override {
    const auto known = master_.with([](const auto& master) { return master; });
    if (known) return servers_.at(*known);
    ICM_TRY(const RedisAddress master, ask_sentinels(deadline));
    master_.with([&](auto& current) { current = master; });
    return servers_.at(master);
  }

  RedisNodeRef node_at(const RedisAddress& address) override { return servers_.at(address); }

  void doubt(const RedisNode& node) override {
    master_.with([&](auto& master) {
      if (master == node.address()) master.reset();
    });
  }

  // Whoever names Sentinels wants a failover to lose nothing.
  bool replicates(const RedisNode&) const override { return true; }

  std::string text() const override {
    const auto master = master_.with([](const auto& known) { return known; });
    return fmt::format("{}, master of {}", master ? master->text() : "unknown", name_);
  }

 private:
  Result<RedisAddress> ask_sentinels(Deadline deadline) {
    std::string problems;
    for (const RedisAddress& address : addresses_) {
      auto master = ask_sentinel(*sentinels_.at(address), deadline);
      if (master) return master;
      problems += fmt::format("{}{}", problems.empty() ? "" : "; ", master.error().text);
    }
    return fail(Code::temporary,
                fmt::format("no Sentinel names the master of {}: {}", name_, problems));
  }

  Result<RedisAddress> ask_sentinel(RedisNode& sentinel, Deadline deadline) const {
    ICM_TRY(const std::vector<RedisReply> replies,
            sentinel.ask({{"SENTINEL", "get-master-addr-by-name", name_}}, deadline));
    const RedisReply& reply = replies[0];
    const std::string place = sentinel.address().text();
    if (reply.kind == RedisReply::Kind::nothing) {
      return fail(Code::temporary, fmt::format("{}: knows no master of that name", place));
    }
    if (reply.items.size() != 2) {
      return fail(Code::temporary, fmt::format("{}: expected an address and a port, got {}", place,
                                               to_string(reply)));
    }
    const auto address = IpAddress::parse(reply.items[0].text);
    const auto port = parse_number(reply.items[1].text);
    if (!address || !port || *port < 1 || *port > 65535) {
      return fail(Code::temporary,
                  fmt::format("{}: names {} port {}, expected an IP address (sentinel "
                              "announce-hostnames no)",
                              place, to_string(reply.items[0]), to_string(reply.items[1])));
    }
    return RedisAddress{.path = {}, .address = *address, .port = static_cast<std::uint16_t>(*port)};
  }

  std::string name_;
  std::vector<RedisAddress> addresses_;
  RedisNodes sentinels_;
  RedisNodes servers_;
  Guarded<std::optional<RedisAddress>> master_;
};

}  // namespace

std::unique_ptr<RedisTopology> make_sentinel_topology(const RedisOptions& options) {
  return std::make_unique<SentinelTopology>(options);
}

}  // namespace icm
