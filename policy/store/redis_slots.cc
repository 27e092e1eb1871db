// SPDX-License-Identifier: Apache-2.0
#include "policy/store/redis_slots.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

// Polynomial 0x1021, initial value 0, nothing reflected, nothing xored to the output.
std::uint16_t crc16(std::string_view text) {
  std::uint32_t crc = 0;
  for (const char c : text) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021u : crc << 1;
    }
    crc &= 0xffffu;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string_view hashed_part(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

std::optional<std::uint16_t> slot_number(std::uint64_t number) {
  if (number >= redis_slots) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

Result<RedisAddress> node_address(std::string_view host, std::uint64_t port,
                                  const RedisAddress& asked) {
  if (port < 1 || port > 65535) return fail(Code::temporary, "its port is none");
  RedisAddress node = asked;
  if (!host.empty()) {
    const auto address = IpAddress::parse(host);
    if (!address) {
      return fail(Code::temporary,
                  fmt::format("a node calls itself \"{}\", expected an address (names are not "
                              "looked up: set cluster-preferred-endpoint-type ip)",
                              for_log(host, 60)));
    }
    node = RedisAddress{.path = {}, .address = *address, .port = {}};
  }
  node.port = static_cast<std::uint16_t>(port);
  return node;
}

tl::unexpected<Error> not_slots(const RedisReply& reply) {
  return fail(Code::temporary,
              fmt::format("CLUSTER SLOTS: expected ranges of slots, got {}", to_string(reply)));
}

}  // namespace

std::uint16_t redis_slot(std::string_view key) {
  return static_cast<std::uint16_t>(crc16(hashed_part(key)) % redis_slots);
}

Result<std::vector<SlotRange>> slot_ranges(const RedisReply& reply, const RedisAddress& asked) {
  using Kind = RedisReply::Kind;
  if (reply.kind != Kind::list) return not_slots(reply);
  std::vector<SlotRange> ranges;
  for (const RedisReply& item : reply.items) {
    if (item.items.size() < 3 || item.items[2].items.size() < 2) return not_slots(item);
    const RedisReply& node = item.items[2];
    const auto first = slot_number(static_cast<std::uint64_t>(item.items[0].number));
    const auto last = slot_number(static_cast<std::uint64_t>(item.items[1].number));
    const bool has_host = node.items[0].kind == Kind::text || node.items[0].kind == Kind::nothing;
    if (!first || !last || *last < *first || !has_host) return not_slots(item);
    ICM_TRY(
        RedisAddress master,
        node_address(node.items[0].text, static_cast<std::uint64_t>(node.items[1].number), asked));
    const bool has_replica = item.items.size() > 3;
    ranges.push_back({*first, *last, std::move(master), has_replica});
  }
  return ranges;
}

Result<std::optional<Redirection>> redirection(const RedisReply& reply, const RedisAddress& asked) {
  const bool is_moved = reply.is_error("MOVED");
  if (!is_moved && !reply.is_error("ASK")) return std::optional<Redirection>();
  const std::vector<std::string_view> words = split(reply.text, ' ');
  const auto nonsense = [&] {
    return fail(Code::temporary,
                fmt::format("expected \"MOVED SLOT ADDRESS:PORT\", got {}", to_string(reply)));
  };
  if (words.size() != 3) return nonsense();
  const std::size_t colon = words[2].rfind(':');
  const auto number = parse_number(words[1]);
  if (!number || colon == std::string_view::npos) return nonsense();
  const auto slot = slot_number(*number);
  const auto port = parse_number(words[2].substr(colon + 1));
  if (!slot || !port) return nonsense();
  ICM_TRY(RedisAddress to, node_address(words[2].substr(0, colon), *port, asked));
  return std::optional(Redirection{is_moved ? Redirection::Kind::moved : Redirection::Kind::ask,
                                   *slot, std::move(to)});
}

}  // namespace icm
