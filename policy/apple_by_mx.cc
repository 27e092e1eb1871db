// SPDX-License-Identifier: Apache-2.0
#include "policy/apple_by_mx.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <utility>

#include "policy/dns/ttl_cache.h"

namespace icm {
namespace {

using Time = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::size_t most_kept = 16384;  // names of Apple's, and as many others

constexpr seconds first_rest{10};
constexpr seconds longest_rest{300};
constexpr std::chrono::hours failure_remembered{1};  // so that the next one follows it

struct Kept {
  Whose whose = Whose::unknown;
  Time::time_point fresh_until;
  Time::time_point gone_at;  // until then it may stand in
  seconds rest{0};           // how long a failure is believed; none for an answer

  bool is_fresh(Time::time_point now) const { return now < fresh_until; }
};

// No time is negative, and none so long that it is not kept at all.
seconds whole_seconds(Time::duration span) {
  return std::chrono::ceil<seconds>(std::max(span, Time::duration::zero()));
}

}  // namespace

seconds rest_of_failure(seconds before) { return std::clamp(2 * before, first_rest, longest_rest); }

// What is known. Outlives the judge as long as a question is on its way.
class AppleByMx::Memory {
 public:
  explicit Memory(const RoutingConfig& config) : config_(config) {}

  // Nothing when it has run out.
  std::optional<Whose> fresh(const Domain& domain) {
    const auto kept = find(domain.text());
    return kept != nullptr && kept->is_fresh(Time::now()) ? std::optional(kept->whose)
                                                          : std::nullopt;
  }

  // The same, as one more answer.
  std::optional<Whose> use(const Domain& domain) {
    const auto whose = fresh(domain);
    if (whose) ++kept_;
    return whose;
  }

  void take(const std::string& name, const DnsAnswer& answer) {
    if (answer.is_temporary()) {
      static_cast<void>(fail(name));
      return;
    }
    const std::scoped_lock lock(mutex_);
    ++asked_;
    const Time::time_point until =
        Time::now() + std::clamp(answer.ttl, config_.keep_least, config_.keep_most);
    keep(name, {.whose = read(answer),
                .fresh_until = until,
                .gone_at = until + config_.keep_failing,
                .rest = {}});
  }

  // What others got meanwhile stays, and so does a failure that is believed already.
  Whose fail(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    const Time::time_point now = Time::now();
    const auto before = find(name);
    if (before != nullptr && before->is_fresh(now)) return before->whose;
    ++asked_;
    ++failed_;
    Kept kept;
    kept.rest = rest_of_failure(before == nullptr ? seconds{0} : before->rest);
    kept.fresh_until = now + kept.rest;
    kept.gone_at = kept.fresh_until + failure_remembered;
    if (before != nullptr && before->whose != Whose::unknown && now < before->gone_at) {
      ++stood_in_;
      kept.whose = before->whose;
      kept.fresh_until = std::min(kept.fresh_until, before->gone_at);
      kept.gone_at = before->gone_at;
    }
    keep(name, kept);
    return kept.whose;
  }

  Figures figures() const {
    return {.kept = kept_, .asked = asked_, .failed = failed_, .stood_in = stood_in_};
  }

 private:
  std::shared_ptr<const Kept> find(const std::string& name) {
    auto found = apples_.find(name);
    return found == nullptr ? others_.find(name) : found;
  }

  // Strangers choose what is asked for; however many names they think up, Apple's stay known.
  void keep(const std::string& name, const Kept& kept) {
    const bool is_apples = kept.whose == Whose::apple || apples_.find(name) != nullptr;
    const seconds ttl = whole_seconds(std::max(kept.gone_at, kept.fresh_until) - Time::now());
    (is_apples ? apples_ : others_).store(name, std::make_shared<const Kept>(kept), ttl);
  }

  Whose read(const DnsAnswer& answer) const;

  const RoutingConfig config_;
  std::mutex mutex_;  // of those who write
  TtlCache<Kept> apples_{most_kept};
  TtlCache<Kept> others_{most_kept};
  std::atomic<std::uint64_t> kept_ = 0;
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> stood_in_ = 0;
};

// Without MX records a domain's mail goes to its own address (RFC 5321 §5.1), which is none of
// Apple's; a null MX (RFC 7505) takes none.
Whose AppleByMx::Memory::read(const DnsAnswer& answer) const {
  if (answer.exchanges.empty()) return Whose::elsewhere;
  const auto best = std::ranges::min_element(answer.exchanges, {}, &MxRecord::preference);
  const auto may_be_elsewhere = [&](const MxRecord& exchange) {
    if (exchange.preference != best->preference) return false;
    const auto host = Domain::parse(exchange.host);
    const auto covers = [&](const Domain& suffix) { return host->is_within(suffix); };
    return !host || std::ranges::none_of(config_.mx_suffixes, covers);
  };
  return std::ranges::any_of(answer.exchanges, may_be_elsewhere) ? Whose::elsewhere : Whose::apple;
}

AppleByMx::AppleByMx(const RoutingConfig& config, Resolver& resolver)
    : resolver_(resolver),
      async_(dynamic_cast<AsyncResolver*>(&resolver)),
      memory_(std::make_shared<Memory>(config)),
      timeout_(config.timeout) {}

Whose AppleByMx::known(const Domain& domain) {
  return memory_->use(domain).value_or(Whose::unknown);
}

std::optional<Whose> AppleByMx::landed(const Domain& domain) const {
  return memory_->fresh(domain);
}

Whose AppleByMx::give_up(const Domain& domain) { return memory_->fail(domain.text()); }

void AppleByMx::ask(const Domain& domain, Then then) {
  auto take = [memory = memory_, name = domain.text(), told = std::move(then)](const auto& answer) {
    memory->take(name, answer);
    told();
  };
  if (async_ != nullptr) return async_->ask(domain.text(), RecordType::mx, std::move(take));
  take(resolver_.query(domain.text(), RecordType::mx, Deadline::in(timeout_)));
}

Whose AppleByMx::whose(const Domain& domain, Deadline deadline) {
  if (const auto known = memory_->use(domain)) return *known;
  const auto landing = std::make_shared<std::promise<void>>();
  const auto end = landing->get_future();
  ask(domain, [landing] { landing->set_value(); });
  end.wait_until(deadline.at_most(timeout_).end());
  const auto answer = landed(domain);
  return answer ? *answer : give_up(domain);
}

AppleByMx::Figures AppleByMx::figures() const { return memory_->figures(); }

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
