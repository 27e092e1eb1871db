// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/relay_event.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm {
namespace {

using nlohmann::json;
using Type = RelayEvent::Type;

constexpr std::string_view issuer = "https://appleid.apple.com";
constexpr std::chrono::minutes leeway{5};  // between Apple's clock and ours
constexpr std::size_t longest_name = 255;  // of jti and sub

// Seconds beyond this are milliseconds: as seconds it is the year 5138.
constexpr std::int64_t most_seconds = 100'000'000'000;
constexpr std::int64_t most_milliseconds = most_seconds * 1000;

constexpr std::array types = {
    std::pair{Type::email_disabled, std::string_view("email-disabled")},
    std::pair{Type::email_enabled, std::string_view("email-enabled")},
    std::pair{Type::consent_revoked, std::string_view("consent-revoked")},
    std::pair{Type::account_delete, std::string_view("account-delete")},
};

tl::unexpected<Error> lacks(std::string_view name, std::string_view expected) {
  return fail(Code::syntax, fmt::format("{}: expected {}", name, expected));
}

// A name that we keep in a line of the journal: printable ASCII without blanks.
Result<std::string> name_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return lacks(key, "a text");
  std::string name = found->get<std::string>();
  const bool is_good = !name.empty() && name.size() <= longest_name && is_printable(name) &&
                       name.find(' ') == std::string::npos;
  if (!is_good) return lacks(key, "1 to 255 printable octets without blanks");
  return name;
}

Result<WallTime> time_of(const json& object, const char* key) {
  const auto found = object.find(key);
  std::int64_t count = -1;
  if (found != object.end() && found->is_number_integer()) count = found->get<std::int64_t>();
  if (count <= 0 || count > most_milliseconds) return lacks(key, "a time in seconds since 1970");
  if (count <= most_seconds) count *= 1000;
  return WallTime(std::chrono::milliseconds(count));
}

bool is_for_us(const json& audience, const std::vector<std::string>& client_ids) {
  const auto is_ours = [&](const json& one) {
    return one.is_string() && std::find(client_ids.begin(), client_ids.end(),
                                        one.get<std::string>()) != client_ids.end();
  };
  if (!audience.is_array()) return is_ours(audience);  // RFC 7519 §4.1.3
  return std::any_of(audience.begin(), audience.end(), is_ours);
}

Status check_claims(const json& claims, const std::vector<std::string>& client_ids, WallTime now) {
  const json issued_by = claims.value("iss", json());
  if (issued_by != issuer) {
    return fail(Code::permanent, fmt::format("iss: issued by {}, expected {}",
                                             for_log(issued_by.dump(), 80), issuer));
  }
  const json audience = claims.value("aud", json());
  if (!is_for_us(audience, client_ids)) {
    return fail(Code::permanent,
                fmt::format("aud: for {}, which is not in private_relay.events.client_ids",
                            for_log(audience.dump(-1, ' ', true), 80)));
  }
  ICM_TRY(const WallTime issued, time_of(claims, "iat"));
  if (issued > now + leeway) {
    return fail(Code::permanent,
                fmt::format("iat: issued {}, which is yet to come; is the clock of "
                            "this host right?",
                            to_rfc3339(issued)));
  }
  return {};
}

// Apple writes the events as a text that is JSON itself.
Result<json> event_of(const json& claims) {
  const json events = claims.value("events", json());
  const json event =
      events.is_string() ? json::parse(events.get<std::string>(), nullptr, false) : events;
  if (!event.is_object()) return lacks("events", "an event, as a JSON object in a text");
  return event;
}

}  // namespace

std::string_view to_string(RelayEvent::Type type) {
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const auto& one) { return one.first == type; });
  return found == types.end() ? "unknown" : found->second;
}

Result<RelayEvent> read_relay_event(std::string_view token, const WebKeySet& keys,
                                    const std::vector<std::string>& client_ids, WallTime now) {
  ICM_TRY(const std::string payload, keys.verified(token));
  return read_relay_claims(payload, client_ids, now);
}

Result<RelayEvent> read_relay_claims(std::string_view payload,
                                     const std::vector<std::string>& client_ids, WallTime now) {
  const json claims = json::parse(payload, nullptr, false);
  if (!claims.is_object()) return lacks("payload", "a JSON object (RFC 7519 section 7.2)");
  ICM_CHECK(check_claims(claims, client_ids, now));
  ICM_TRY(const json given, event_of(claims));

  RelayEvent event;
  if (claims.contains("exp")) {
    ICM_TRY(const WallTime end, time_of(claims, "exp"));
    event.is_expired = now > end + leeway;
  }
  ICM_TRY(event.id, name_of(claims, "jti"));
  ICM_TRY(event.type_name, name_of(given, "type"));
  for (const auto& [type, name] : types) {
    if (event.type_name == name) event.type = type;
  }
  if (event.type == Type::unknown) return event;
  ICM_TRY(event.subject, name_of(given, "sub"));
  ICM_TRY(event.time, time_of(given, "event_time"));
  if (event.time > now + leeway) {
    return fail(Code::permanent,
                fmt::format("event_time: {}, which is yet to come", to_rfc3339(event.time)));
  }
  if (const json email = given.value("email", json()); email.is_string()) {
    const auto mailbox = Mailbox::parse(email.get<std::string>());
    if (!mailbox) return lacks("email", "an address");
    event.email = *mailbox;
  }
  return event;
}

std::optional<Suppression> suppression_of(const RelayEvent& event, const Mailbox& mailbox) {
  Suppression entry;
  switch (event.type) {
    case Type::email_disabled:
      entry.reason = SuppressionReason::relay_off;
      break;
    case Type::consent_revoked:
      entry.reason = SuppressionReason::unsubscribe;
      break;
    case Type::account_delete:
      entry.reason = SuppressionReason::hard_bounce;
      break;
    case Type::email_enabled:
    case Type::unknown:
      return std::nullopt;
  }
  entry.address = mailbox.key();
  entry.scope = "global";
  entry.source = "sign-in-with-apple";
  entry.note =
      fmt::format("{} at {}, event {}", to_string(event.type), to_rfc3339(event.time), event.id);
  entry.created = event.time;
  return entry;
}

}  // namespace icm
