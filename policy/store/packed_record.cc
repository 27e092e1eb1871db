// SPDX-License-Identifier: Apache-2.0
#include "policy/store/packed_record.h"

namespace icm {
namespace {

constexpr std::uint64_t sign = std::uint64_t{1} << 63;

class Packer {
 public:
  Packer& text(std::string_view text) {
    octets_ += text;
    octets_ += '\0';  // in none of the texts
    return *this;
  }

  // Most significant octet first, so that octets compare as the numbers do.
  Packer& number(std::int64_t number) {
    const std::uint64_t bits = static_cast<std::uint64_t>(number) ^ sign;
    for (int shift = 56; shift >= 0; shift -= 8) octets_ += static_cast<char>(bits >> shift & 0xff);
    return *this;
  }

  Packer& time(WallTime time) { return number(time.time_since_epoch().count()); }

  Packer& time(const std::optional<WallTime>& given) {
    flag(given.has_value());
    return given ? time(*given) : *this;
  }

  Packer& flag(bool is_set) {
    octets_ += is_set ? '\1' : '\0';
    return *this;
  }

  std::string octets() && { return std::move(octets_); }

 private:
  std::string octets_;
};

// Takes from the front what a Packer has put there.
class Unpacker {
 public:
  explicit Unpacker(std::string_view octets) : octets_(octets) {}

  std::string_view text() {
    const std::string_view text = octets_.substr(0, octets_.find('\0'));
    octets_.remove_prefix(text.size() + 1);
    return text;
  }

  std::int64_t number() {
    std::uint64_t bits = 0;
    for (const char octet : octets_.substr(0, sizeof bits)) {
      bits = bits << 8 | static_cast<unsigned char>(octet);
    }
    octets_.remove_prefix(sizeof bits);
    return static_cast<std::int64_t>(bits ^ sign);
  }

  WallTime time() { return WallTime(std::chrono::milliseconds(number())); }

  std::optional<WallTime> optional_time() { return flag() ? std::optional(time()) : std::nullopt; }

  bool flag() {
    const bool is_set = octets_.front() != '\0';
    octets_.remove_prefix(1);
    return is_set;
  }

 private:
  std::string_view octets_;
};

}  // namespace

std::string packed(const Suppression& entry) {
  // Whoever adds a member is told of it here.
  const auto& [address, scope, reason, source, note, created, expires, evidence, confirmed] = entry;
  Packer to;
  to.text(address).text(scope).text(to_string(reason)).time(created);
  to.text(source).text(note).time(expires).time(confirmed).flag(evidence.has_value());
  if (!evidence) return std::move(to).octets();
  const auto& [pattern, reply, queue_id, first_seen, last_seen, count] = *evidence;
  to.text(pattern).text(reply).text(queue_id).time(first_seen).time(last_seen).number(count);
  return std::move(to).octets();
}

Suppression unpacked_entry(std::string_view octets) {
  Unpacker from(octets);
  Suppression entry;
  entry.address = from.text();
  entry.scope = from.text();
  entry.reason = suppression_reason(from.text()).value_or(SuppressionReason::manual);
  entry.created = from.time();
  entry.source = from.text();
  entry.note = from.text();
  entry.expires = from.optional_time();
  entry.confirmed = from.optional_time();
  if (!from.flag()) return entry;
  // In braces, what is written first is done first.
  entry.evidence = Evidence{.pattern = std::string(from.text()),
                            .reply = std::string(from.text()),
                            .queue_id = std::string(from.text()),
                            .first_seen = from.time(),
                            .last_seen = from.time(),
                            .count = from.number()};
  return entry;
}

std::string packed(const Subscription& subscription) {
  const auto& [address, scope, consented, source, withdrawn, engaged] = subscription;
  Packer to;
  to.text(address).text(scope).time(consented).text(source).time(withdrawn).time(engaged);
  return std::move(to).octets();
}

Subscription unpacked_subscription(std::string_view octets) {
  Unpacker from(octets);
  return {.address = std::string(from.text()),
          .scope = std::string(from.text()),
          .consented = from.optional_time(),
          .source = std::string(from.text()),
          .withdrawn = from.optional_time(),
          .engaged = from.optional_time()};
}

}  // namespace icm
