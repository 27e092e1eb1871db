// SPDX-License-Identifier: Apache-2.0
//
// The master as the Sentinels name it (Redis: "Guidelines for Redis clients with support for Redis
// Sentinel"): the Sentinels are asked one after the other, the server that one names must itself
// say that it is a master, and whenever it fails the Sentinels are asked again.
//
// And once a second while it answers: a master that is cut off from its replicas and from most
// Sentinels, but not from us, answers on and knows nothing of what the next one is told. So is a
// Sentinel beside it: of several, the one whose configuration is the latest is believed.
#include <map>
#include <optional>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/store/redis_topology.h"

namespace icm {
namespace {

constexpr std::chrono::milliseconds longest_question{500};  // to one Sentinel: there are others
// The same while there is a master that answers: mail waits.
constexpr std::chrono::milliseconds longest_doubt{200};
constexpr std::chrono::seconds between_questions{1};
constexpr std::chrono::seconds longest_trust{30};  // in a master that no Sentinel names any more

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
    const auto now = Deadline::Time::now();
    bool is_ours_to_ask = false;  // one asks, the others go on meanwhile
    const Master known = master_.with([&](Master& master) {
      is_ours_to_ask = now >= master.next_question;
      if (is_ours_to_ask) master.next_question = now + between_questions;
      return master;
    });
    if (known.address && !is_ours_to_ask) return servers_.at(*known.address);
    const auto named = known.address ? ask_every_sentinel(deadline) : ask_sentinels(deadline);
    if (named && named->epoch >= known.epoch) {
      master_.with([&](Master& master) {
        master = {named->address, named->epoch, now + between_questions, now};
      });
      return servers_.at(*named->address);
    }
    if (known.address && now < known.named + longest_trust) return servers_.at(*known.address);
    master_.with([](Master& master) { master = {}; });
    if (!named) return tl::make_unexpected(named.error());
    return fail(Code::temporary,
                fmt::format("the Sentinels that answer know an older master of {} than {}", name_,
                            known.address->text()));
  }

  RedisNodeRef node_at(const RedisAddress& address) override { return servers_.at(address); }

  void doubt(const RedisNode& node) override {
    master_.with([&](Master& master) {
      if (master.address == node.address()) master = {};
    });
  }

  // Whoever names Sentinels wants a failover to lose nothing.
  bool replicates(const RedisNode&) const override { return true; }

  std::string text() const override {
    const auto master = master_.with([](const Master& known) { return known.address; });
    return fmt::format("{}, master of {}", master ? master->text() : "unknown", name_);
  }

 private:
  using Time = Deadline::Time::time_point;
  struct Master {
    std::optional<RedisAddress> address{};
    std::int64_t epoch = 0;  // of the Sentinels' configuration; 0 until all were asked
    Time next_question{};
    Time named{};
  };

  Result<Master> ask_sentinels(Deadline deadline) {
    std::string problems;
    for (const RedisAddress& address : addresses_) {
      auto master = ask_sentinel(*sentinels_.at(address), deadline);
      if (master) return Master{.address = *std::move(master)};
      problems += fmt::format("{}{}", problems.empty() ? "" : "; ", master.error().text);
    }
    return fail(Code::temporary,
                fmt::format("no Sentinel names the master of {}: {}", name_, problems));
  }

  Result<Master> ask_every_sentinel(Deadline deadline) {
    std::string problems;
    Master latest{.address = {}, .epoch = -1};
    for (const RedisAddress& address : addresses_) {
      auto master = ask_for_epoch(*sentinels_.at(address), deadline.at_most(longest_doubt));
      if (!master) {
        problems += fmt::format("{}{}", problems.empty() ? "" : "; ", master.error().text);
      } else if (master->epoch > latest.epoch) {
        latest = *std::move(master);
      }
    }
    if (latest.address) return latest;
    return fail(Code::temporary,
                fmt::format("no Sentinel names the master of {}: {}", name_, problems));
  }

  // Sentinel's answer is a list of names, each before its value.
  Result<Master> ask_for_epoch(RedisNode& sentinel, Deadline deadline) const {
    ICM_TRY(const std::vector<RedisReply> replies,
            sentinel.ask({{"SENTINEL", "MASTER", name_}}, deadline));
    std::map<std::string, RedisReply> fields;
    const std::vector<RedisReply>& items = replies[0].items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) fields[items[i].text] = items[i + 1];
    const std::string place = sentinel.address().text();
    const auto epoch = parse_number(fields["config-epoch"].text);
    if (!epoch) {
      return fail(Code::temporary, fmt::format("{}: SENTINEL MASTER: expected a config-epoch, got "
                                               "{}",
                                               place, to_string(replies[0])));
    }
    ICM_TRY(RedisAddress address, address_of(fields["ip"], fields["port"], place));
    return Master{.address = std::move(address), .epoch = static_cast<std::int64_t>(*epoch)};
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
    return address_of(reply.items[0], reply.items[1], place);
  }

  static Result<RedisAddress> address_of(const RedisReply& host, const RedisReply& number,
                                         const std::string& place) {
    const auto address = IpAddress::parse(host.text);
    const auto port = parse_number(number.text);
    if (!address || !port || *port < 1 || *port > 65535) {
      return fail(Code::temporary,
                  fmt::format("{}: names {} port {}, expected an IP address (sentinel "
                              "announce-hostnames no)",
                              place, to_string(host), to_string(number)));
    }
    return RedisAddress{.path = {}, .address = *address, .port = static_cast<std::uint16_t>(*port)};
  }

  std::string name_;
  std::vector<RedisAddress> addresses_;
  RedisNodes sentinels_;
  RedisNodes servers_;
  Guarded<Master> master_;
};

}  // namespace

std::unique_ptr<RedisTopology> make_sentinel_topology(const RedisOptions& options) {
  return std::make_unique<SentinelTopology>(options);
}

}  // namespace icm
