// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_ahead.h"

#include <algorithm>
#include <string>
#include <variant>

namespace icm {
namespace {

// "%{p}" takes lookups of its own to expand.
bool is_expanded_freely(const SpfMacroString& text) {
  return std::ranges::none_of(text, [](const auto& part) {
    const auto* const macro = std::get_if<SpfMacro>(&part);
    return macro != nullptr && macro->letter == 'p';
  });
}

// Where the terms come to an end without asking.
bool matches_at_once(const SpfMechanism& mechanism, const IpAddress& client) {
  return mechanism.kind == SpfMechanism::Kind::all ||
         (mechanism.network && mechanism.network->contains(client));
}

void prefetch_term(SpfMechanism::Kind kind, const std::string& name, const IpAddress& client,
                   SpfDirectory& directory) {
  using Kind = SpfMechanism::Kind;
  switch (kind) {
    case Kind::all:
    case Kind::ip4:
    case Kind::ip6:
      return;
    case Kind::include:
      return directory.prefetch(name);
    case Kind::a:
      return directory.resolver().prefetch(name, client.is_v4() ? RecordType::a : RecordType::aaaa);
    case Kind::mx:
      return directory.resolver().prefetch(name, RecordType::mx);
    case Kind::ptr:
      return directory.resolver().prefetch(reverse_name(client), RecordType::ptr);
    case Kind::exists:
      return directory.resolver().prefetch(name, RecordType::a);
  }
}

}  // namespace

void prefetch_spf_terms(const SpfRecord& record, const SpfMacroValues& values, int most,
                        SpfDirectory& directory) {
  int terms = 0;
  const auto begin = [&](SpfMechanism::Kind kind, const SpfMacroString* target) {
    const bool is_ahead = ++terms > 1 && terms <= most;
    if (!is_ahead || (target != nullptr && !is_expanded_freely(*target))) return;
    const std::string name = target == nullptr ? values.domain : expand_spf_domain(*target, values);
    prefetch_term(kind, name, values.client, directory);
  };
  for (const SpfMechanism& mechanism : record.mechanisms) {
    if (matches_at_once(mechanism, values.client)) return;
    if (!mechanism.costs_lookup()) continue;
    begin(mechanism.kind, mechanism.domain ? &*mechanism.domain : nullptr);
  }
  if (record.redirect) begin(SpfMechanism::Kind::include, &*record.redirect);
}

}  // namespace icm
