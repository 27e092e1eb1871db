// SPDX-License-Identifier: Apache-2.0
#include "milter/route_desk.h"

#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

using Kind = SocketmapAnswer::Kind;

// Postfix asks this map for whole addresses, and for "*" when it starts (transport(5)); people with
// postmap ask for domains, too. What names no domain, or a whole hierarchy, is nobody's.
std::optional<Domain> domain_of(std::string_view key) {
  const std::size_t at = key.rfind('@');
  const std::string_view name = at == std::string_view::npos ? key : key.substr(at + 1);
  if (name.starts_with('.')) return std::nullopt;
  auto domain = Domain::parse(name);
  return domain ? std::optional(*std::move(domain)) : std::nullopt;
}

SocketmapAnswer not_found() { return {.kind = Kind::not_found, .text = {}}; }

SocketmapAnswer answer_for(Whose whose, const Domain& domain, const RoutingConfig& config) {
  if (whose == Whose::apple) return {.kind = Kind::found, .text = config.socketmap.transport};
  if (whose == Whose::elsewhere || config.on_error == OnError::accept) return not_found();
  return {.kind = Kind::temporary,
          .text = fmt::format("the DNS does not say whether {} has Apple's mail servers (MX)",
                              domain.text())};
}

// What needs no domain: another map, or a key of nobody.
std::optional<SocketmapAnswer> without_domain(const SocketmapQuestion& question,
                                              const std::optional<Domain>& domain,
                                              const RoutingConfig& config) {
  if (question.map != config.socketmap.map) {
    return SocketmapAnswer{.kind = Kind::permanent,
                           .text = fmt::format("there is no map \"{}\" here, but \"{}\"",
                                               excerpt(question.map), config.socketmap.map)};
  }
  return domain ? std::nullopt : std::optional(not_found());
}

}  // namespace

std::optional<SocketmapAnswer> RouteDesk::at_once(const SocketmapQuestion& question) {
  const auto current = world();
  const RoutingConfig& config = current->config().routing;
  const auto domain = domain_of(question.key);
  if (auto answer = without_domain(question, domain, config)) return counted(*std::move(answer));
  const Whose whose = current->apple().known(*domain);
  const auto& by_mx = current->by_mx();
  // What is unknown has failed a moment ago, or is worth asking.
  if (whose == Whose::unknown && !by_mx->landed(*domain)) return std::nullopt;
  return counted(answer_for(whose, *domain, config));
}

void RouteDesk::ask(const SocketmapQuestion& question, AppleByMx::Then then) {
  const auto current = world();
  const auto domain = domain_of(question.key);
  if (!domain || current->by_mx() == nullptr) return then();
  current->by_mx()->ask(*domain, std::move(then));
}

std::optional<SocketmapAnswer> RouteDesk::landed(const SocketmapQuestion& question) {
  const auto current = world();
  const auto domain = domain_of(question.key);
  if (!domain || current->by_mx() == nullptr) return at_once(question);
  const auto whose = current->by_mx()->landed(*domain);
  if (!whose) return std::nullopt;
  return counted(answer_for(*whose, *domain, current->config().routing));
}

SocketmapAnswer RouteDesk::give_up(const SocketmapQuestion& question) {
  const auto current = world();
  const RoutingConfig& config = current->config().routing;
  const auto domain = domain_of(question.key);
  if (auto answer = without_domain(question, domain, config)) return counted(*std::move(answer));
  Whose whose = current->apple().known(*domain);  // a reload may have named it
  if (whose == Whose::unknown) whose = current->by_mx()->give_up(*domain);
  return counted(answer_for(whose, *domain, config));
}

RouteDesk::Figures RouteDesk::figures() const {
  Figures figures{};
  for (std::size_t i = 0; i < given_.size(); ++i) figures[i] = given_[i];
  return figures;
}

std::shared_ptr<const World> RouteDesk::world() const {
  return world_.with([](const std::shared_ptr<const World>& in_use) { return in_use; });
}

SocketmapAnswer RouteDesk::counted(SocketmapAnswer answer) {
  given_[static_cast<std::size_t>(answer.kind)].fetch_add(1, std::memory_order_relaxed);
  return answer;
}

}  // namespace icm
