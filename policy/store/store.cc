// SPDX-License-Identifier: Apache-2.0
#include "policy/store/store.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::array<std::string_view, 3> sibling_domains = {"icloud.com", "mac.com", "me.com"};

// RFC 2919 §2 limits a List-Id to 255 octets; nothing else a scope may name is longer.
constexpr std::size_t max_scope = 255;

// Lower is more permanent: first what a person decided, then what Apple said, then what passes.
int rank(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::erasure:
      return 0;
    case SuppressionReason::complaint:
      return 1;
    case SuppressionReason::unsubscribe:
      return 2;
    case SuppressionReason::hard_bounce:
      return 3;
    case SuppressionReason::relay_off:
      return 4;
    case SuppressionReason::manual:
      return 5;
    case SuppressionReason::suspended:
      return 6;
  }
  return 7;
}

bool is_printable_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string_view to_string(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::unsubscribe:
      return "unsubscribe";
    case SuppressionReason::complaint:
      return "complaint";
    case SuppressionReason::hard_bounce:
      return "hard-bounce";
    case SuppressionReason::relay_off:
      return "relay-off";
    case SuppressionReason::suspended:
      return "suspended";
    case SuppressionReason::manual:
      return "manual";
    case SuppressionReason::erasure:
      return "erasure";
  }
  return "invalid";
}

std::optional<SuppressionReason> suppression_reason(std::string_view name) {
  for (const SuppressionReason reason : all_suppression_reasons) {
    if (name == to_string(reason)) return reason;
  }
  return std::nullopt;
}

bool is_permanent(SuppressionReason reason) {
  switch (reason) {
    case SuppressionReason::unsubscribe:
    case SuppressionReason::complaint:
    case SuppressionReason::hard_bounce:
    case SuppressionReason::relay_off:
    case SuppressionReason::erasure:
      return true;
    case SuppressionReason::suspended:
    case SuppressionReason::manual:
      return false;
  }
  return true;
}

WallTime last_word(const Suppression& entry) {
  WallTime last = entry.confirmed.value_or(entry.created);
  if (entry.evidence) last = std::max(last, entry.evidence->last_seen);
  return last;
}

bool widens_to_siblings(SuppressionReason reason) {
  // An erasure takes the place of every wish that was known before it, and of all that may follow.
  return reason == SuppressionReason::unsubscribe || reason == SuppressionReason::complaint ||
         reason == SuppressionReason::erasure;
}

Result<std::string> suppression_scope(std::string_view text) {
  if (text == "global") return std::string(text);
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view name =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const bool is_known = kind == "stream" || kind == "list";
  if (!is_known || name.empty() || text.size() > max_scope || !is_printable_word(name)) {
    return fail(
        Code::syntax,
        fmt::format("scope: expected global, stream:NAME or list:ID of at most {} printable "
                    "octets without blanks, found \"{}\"",
                    max_scope, for_log(text)));
  }
  return kind == "list" ? lower_ascii(text) : std::string(text);
}

std::vector<std::string> sibling_keys(const Mailbox& mailbox) {
  const std::string& domain = mailbox.domain().text();
  if (std::ranges::find(sibling_domains, domain) == sibling_domains.end()) return {};
  const std::string key = mailbox.key();
  const std::string_view local = std::string_view(key).substr(0, key.size() - domain.size());
  std::vector<std::string> keys;
  for (const std::string_view sibling : sibling_domains) {
    if (sibling != domain) keys.push_back(fmt::format("{}{}", local, sibling));
  }
  return keys;
}

std::vector<Suppression> entries_in_force(std::vector<Suppression> candidates,
                                          const Mailbox& mailbox,
                                          const std::vector<std::string>& scopes, bool siblings,
                                          WallTime now) {
  if (candidates.empty()) return candidates;
  const std::string key = mailbox.key();
  const std::vector<std::string> other_keys =
      siblings ? sibling_keys(mailbox) : std::vector<std::string>();
  std::erase_if(candidates, [&](const Suppression& entry) {
    const bool is_sibling = widens_to_siblings(entry.reason) &&
                            std::ranges::find(other_keys, entry.address) != other_keys.end();
    const bool is_in_scope =
        entry.scope == "global" || std::ranges::find(scopes, entry.scope) != scopes.end();
    const bool is_expired = entry.expires && *entry.expires <= now;
    return !is_in_scope || is_expired || (entry.address != key && !is_sibling);
  });
  // Among equally permanent reasons: the address itself, then the widest scope, then the oldest.
  std::ranges::sort(candidates, {}, [&](const Suppression& entry) {
    return std::tuple(rank(entry.reason), entry.address != key, entry.scope != "global",
                      entry.created, entry.scope, entry.address);
  });
  return candidates;
}

}  // namespace icm
