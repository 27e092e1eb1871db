// SPDX-License-Identifier: Apache-2.0
#include "milter/name_service.h"

#include "policy/dns/resolv_conf.h"
#include "policy/dns/zone_resolver.h"

namespace icm {
namespace {

std::unique_ptr<Resolver> or_empty(std::unique_ptr<Resolver> resolver) {
  return resolver == nullptr ? std::make_unique<ZoneResolver>() : std::move(resolver);
}

}  // namespace

Result<UnboundOptions> unbound_options(const DnsConfig& config) {
  UnboundOptions options{.servers = config.servers,
                         .trust_anchor = config.dnssec ? config.trust_anchor : "",
                         .timeout = config.timeout};
  if (!options.servers.empty()) return options;
  auto servers = read_resolv_conf(config.resolv_conf);
  if (!servers) return fail_at("dns.resolv_conf", servers.error());
  options.servers = *std::move(servers);
  return options;
}

Result<std::shared_ptr<NameService>> NameService::open(UnboundOptions options) {
  ICM_TRY(auto resolver, UnboundResolver::open(options));
  const UnboundResolver* const unbound = resolver.get();
  auto service = std::make_shared<NameService>(std::move(resolver));
  service->unbound_ = unbound;
  service->options_ = std::move(options);
  return service;
}

NameService::NameService(std::unique_ptr<Resolver> resolver)
    : resolver_(or_empty(std::move(resolver))), sources_(*resolver_, PublicSuffixList::system()) {}

}  // namespace icm
