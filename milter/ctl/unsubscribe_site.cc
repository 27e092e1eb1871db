// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "milter/ctl/configuration.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/unsubscribe_options.h"
#include "policy/unsubscribe/token_keys.h"

namespace icm::ctl {

Result<UnsubscribeSite> load_unsubscribe_site(const std::string& config_path) {
  auto loaded = load_configuration(config_path);
  if (!loaded) return fail(Code::config, loaded.error().text);
  Config config = *std::move(loaded);
  const UnsubscribeConfig& section = config.unsubscribe;
  if (section.url.empty() && section.mailto.empty()) {
    return fail(Code::config,
                "neither unsubscribe.url nor unsubscribe.mailto says where this site takes "
                "unsubscribes: write one of them, or both, into milter.conf");
  }
  ICM_TRY(UnsubscribeTokens tokens,
          load_unsubscribe_tokens(section.key_file, credentials_directory()));

  UnsubscribeSite site{.config = std::move(config),
                       .tokens = std::move(tokens),
                       .place = {},
                       .default_scope = "global",
                       .scopes = {"global"}};
  const UnsubscribeConfig& kept = site.config.unsubscribe;
  site.place = {.url = kept.url, .mailto = kept.mailto, .delimiter = kept.delimiter};
  if (!kept.stream.empty()) site.default_scope = "stream:" + kept.stream;
  for (const StreamConfig& stream : site.config.streams) {
    site.scopes.push_back("stream:" + stream.name);
  }
  return site;
}

Result<icm::Outcome> keep_wish(const UnsubscribeSite& site, SuppressionBook& book,
                               const UnsubscribeWish& wish, std::string_view source,
                               std::string_view evidence, std::string_view who) {
  const bool is_declared = !wish.scope.starts_with("stream:") ||
                           std::ranges::find(site.scopes, wish.scope) != site.scopes.end();
  Suppression entry;
  entry.address = wish.address;
  entry.scope = is_declared ? wish.scope : "global";
  entry.reason = SuppressionReason::unsubscribe;
  entry.source = source;
  entry.created = now_in_seconds();
  ICM_TRY(const auto standing, book.standing({wish.address}));
  const bool is_known = std::any_of(standing.begin(), standing.end(), [&](const Recorded& record) {
    return record.entry.scope == entry.scope && record.entry.reason == entry.reason;
  });
  // Once more is noted, and the evidence of the first time stays: whoever presses a button all day
  // fills no history.
  if (!is_known) entry.note = evidence;
  const Deed deed{.kind = Deed::Kind::add, .who = std::string(who), .at = entry.created, .why = ""};
  return book.add(entry, deed);
}

}  // namespace icm::ctl
