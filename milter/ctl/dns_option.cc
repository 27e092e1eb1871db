// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/dns_option.h"

#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/name_service.h"
#include "policy/base/text.h"
#include "policy/dns/unbound_resolver.h"
#include "policy/dns/zone_resolver.h"

namespace icm::ctl {

void DnsOption::add_to(CLI::App& command) {
  auto* const file =
      command
          .add_option("--zone", zone,
                      "A JSON file with DNS records to be asked instead of the network: an object "
                      "of names, each an object of record types with their lists, as\n"
                      "{\"shop.example.\": {\"TXT\": [\"v=spf1 -all\"], \"A\": [\"192.0.2.7\"], "
                      "\"AAAA\": [\"2001:db8::7\"], \"MX\": [[10, \"mx.shop.example.\"]]}, "
                      "\"7.2.0.192.in-addr.arpa.\": {\"PTR\": [\"mx.shop.example.\"]}, "
                      "\"www.shop.example.\": {\"CNAME\": [\"shop.example.\"]}}\n"
                      "A long TXT record may be a list of its strings: [\"v=DKIM1; p=MIIB\", "
                      "\"IjAN\"]. \"TIMEOUT\" in a list makes that query fail for the moment. "
                      "Other names do not exist; records of type SPF are passed over. "
                      "Default: the network.")
          ->option_text("ZONE.json");
  command
      .add_option("--dns", servers,
                  "A name server to ask, as 192.0.2.1 or [2001:db8::1]:5353; give it once for "
                  "each. Not with --zone. Default: those of the configuration.")
      ->option_text("SERVER")
      ->allow_extra_args(false)
      ->excludes(file);
  command.add_option("--config", config, std::string(config_option_help))->option_text("FILE");
}

Result<std::unique_ptr<Resolver>> DnsOption::open() const {
  if (zone) {
    if (zone->empty()) return fail(Code::config, "--zone: expected a file, got \"\"");
    ICM_TRY(ZoneResolver resolver, ZoneResolver::load(*zone));
    return std::make_unique<ZoneResolver>(std::move(resolver));
  }
  std::vector<NameServer> chosen;
  for (const std::string& text : servers) {
    auto server = NameServer::parse(text);
    if (!server) return fail_at(fmt::format("--dns {}", for_log(text)), server.error());
    chosen.push_back(*std::move(server));
  }
  ICM_TRY(Config configuration, load_configuration(config));
  if (!chosen.empty()) configuration.dns.servers = std::move(chosen);
  ICM_TRY(const UnboundOptions options, unbound_options(configuration.dns));
  return UnboundResolver::open(options);
}

}  // namespace icm::ctl
