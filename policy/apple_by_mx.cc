// SPDX-License-Identifier: Apache-2.0
#include "policy/apple_by_mx.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace icm {
namespace {

constexpr std::size_t most_kept = 16384;            // names
constexpr std::chrono::seconds rest_of_failure{5};  // RFC 9520 §3.2: one second at least

// No time is negative, and none so long that it is not kept at all.
std::chrono::seconds whole_seconds(std::chrono::steady_clock::duration span) {
  return std::chrono::ceil<std::chrono::seconds>(std::max(span, decltype(span)::zero()));
}

}  // namespace

AppleByMx::AppleByMx(const RoutingConfig& config, Resolver& resolver)
    : config_(config), resolver_(resolver), cache_(most_kept) {}

Whose AppleByMx::known(const Domain& domain) {
  const auto found = cache_.find(domain.text());
  if (found == nullptr || Time::now() >= found->fresh_until) return Whose::unknown;
  ++kept_;
  return found->whose;
}

Whose AppleByMx::whose(const Domain& domain, Deadline deadline) {
  const auto found = cache_.find(domain.text());
  if (found != nullptr && Time::now() < found->fresh_until) {
    ++kept_;
    return found->whose;
  }
  return ask(domain.text(), found.get(), deadline);
}

Whose AppleByMx::ask(const std::string& name, const Kept* before, Deadline deadline) {
  ++asked_;
  const DnsAnswer answer = resolver_.query(name, RecordType::mx, deadline.at_most(config_.timeout));
  const Time::time_point now = Time::now();
  if (answer.is_temporary()) {
    ++failed_;
    const bool stands_in =
        before != nullptr && before->whose != Whose::unknown && now < before->gone_at;
    Kept kept{.whose = stands_in ? before->whose : Whose::unknown,
              .fresh_until = now + rest_of_failure,
              .gone_at = stands_in ? before->gone_at : now + rest_of_failure};
    if (stands_in) ++stood_in_;
    keep(name, kept);
    return kept.whose;
  }
  const Time::time_point fresh =
      now + std::clamp(answer.ttl, config_.keep_least, config_.keep_most);
  const Kept kept{
      .whose = read(answer), .fresh_until = fresh, .gone_at = fresh + config_.keep_failing};
  keep(name, kept);
  return kept.whose;
}

void AppleByMx::keep(const std::string& name, Kept kept) {
  const std::chrono::seconds ttl =
      whole_seconds(std::max(kept.gone_at, kept.fresh_until) - Time::now());
  cache_.store(name, std::make_shared<const Kept>(kept), ttl);
}

// Without MX records a domain's mail goes to its own address (RFC 5321 §5.1), which is none of
// Apple's; a null MX (RFC 7505) takes none.
Whose AppleByMx::read(const DnsAnswer& answer) const {
  const auto best = std::ranges::min_element(answer.exchanges, {}, &MxRecord::preference);
  for (const MxRecord& exchange : answer.exchanges) {
    if (exchange.preference != best->preference) continue;
    const auto host = Domain::parse(exchange.host);
    if (!host) continue;
    const auto covers = [&](const Domain& suffix) { return host->is_within(suffix); };
    if (std::ranges::any_of(config_.mx_suffixes, covers)) return Whose::apple;
  }
  return Whose::elsewhere;
}

AppleByMx::Figures AppleByMx::figures() const {
  return {.kept = kept_, .asked = asked_, .failed = failed_, .stood_in = stood_in_};
}

RoutedAppleDomains::RoutedAppleDomains(std::vector<Domain> added, std::vector<Domain> elsewhere,
                                       AppleByMx* by_mx)
    : named_(std::move(added)), elsewhere_(std::move(elsewhere)), by_mx_(by_mx) {
  std::ranges::sort(elsewhere_);
}

// A name without a dot is of this host or its neighbours.
bool RoutedAppleDomains::is_settled(const Domain& domain) const {
  return by_mx_ == nullptr || named_.contains(domain) ||
         domain.text().find('.') == std::string::npos ||
         std::ranges::binary_search(elsewhere_, domain);
}

Whose RoutedAppleDomains::whose(const Domain& domain, Deadline deadline) const {
  if (!is_settled(domain)) return by_mx_->whose(domain, deadline);
  return named_.contains(domain) ? Whose::apple : Whose::elsewhere;
}

Whose RoutedAppleDomains::known(const Domain& domain) const {
  if (!is_settled(domain)) return by_mx_->known(domain);
  return named_.contains(domain) ? Whose::apple : Whose::elsewhere;
}

}  // namespace icm
