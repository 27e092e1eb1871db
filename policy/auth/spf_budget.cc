// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf_budget.h"

#include <algorithm>

#include "policy/auth/spf_macro.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr int max_terms = 100;  // a tree that needs more has been beyond the ten for long

class Walk {
 public:
  Walk(const SpfQuestion& question, Resolver& resolver, Deadline deadline)
      : question_(question),
        resolver_(resolver),
        deadline_(deadline),
        sender_(spf_sender(question)) {}

  SpfBudget run() {
    const Cost whole = cost_of_record(
        dns_name(sender_.domain.empty() ? sender_.given : sender_.domain), /*depth=*/0);
    // Round and round a circle, a receiver always comes to its limit.
    budget_.lookups = is_circular_ ? std::max(whole.lookups, spf_max_lookups + 1) : whole.lookups;
    budget_.void_lookups = whole.voids;
    return std::move(budget_);
  }

 private:
  struct Cost {
    int lookups = 0;
    int voids = 0;
    Cost& operator+=(const Cost& other) {
      lookups += other.lookups;
      voids += other.voids;
      return *this;
    }
  };

  DnsAnswer ask(const std::string& name, RecordType type) {
    DnsAnswer answer = resolver_.query(name, type, deadline_);
    if (answer.is_temporary())
      note(fmt::format("{} {}: {}", to_string(type), for_log(name), answer.problem));
    return answer;
  }

  void note(std::string problem) {
    if (std::ranges::find(budget_.problems, problem) == budget_.problems.end())
      budget_.problems.push_back(std::move(problem));
  }

  SpfMacroValues values(const std::string& domain) const {
    return {.sender_local = sender_.local,
            .sender_domain = sender_.domain,
            .domain = domain,
            .client = question_.client,
            .helo = question_.helo,
            .receiver = question_.receiver,
            .now = question_.now,
            .validated_name = [] { return std::string("unknown"); }};
  }

  const SpfPublication& publication_of(const std::string& domain) {
    const auto known = std::ranges::find(budget_.records, domain, &SpfBudget::Record::domain);
    if (known != budget_.records.end()) return known->publication;
    const DnsAnswer answer = ask(domain, RecordType::txt);
    budget_.records.push_back({domain, read_spf_publication(domain, answer)});
    return budget_.records.back().publication;
  }

  // The problem that ends a branch goes to `branch`; the first record has none.
  Cost cost_of_record(const std::string& domain, int depth, SpfBranch* branch = nullptr) {
    Cost cost;
    const SpfPublication& publication = publication_of(domain);
    if (!publication.record) {
      if (branch != nullptr) branch->problem = publication.problem;
      return cost;
    }
    // By value: the list of records grows while its terms are walked.
    const SpfRecord record = *publication.record;
    path_.push_back(domain);
    bool has_all = false;
    for (const SpfMechanism& mechanism : record.mechanisms) {
      cost += cost_of(mechanism, domain, depth);
      has_all = mechanism.kind == SpfMechanism::Kind::all;
      if (has_all) break;  // §5.1: what follows is never looked at
    }
    if (record.redirect && !has_all)
      cost += cost_of_branch("redirect=", *record.redirect, domain, depth);
    path_.pop_back();
    return cost;
  }

  // False when the walk has seen enough.
  bool count_term() {
    if (++terms_ <= max_terms) return true;
    note(fmt::format("the walk ended after {} terms", max_terms));
    return false;
  }

  Cost cost_of_branch(const std::string& term, const SpfMacroString& target,
                      const std::string& domain, int depth) {
    if (!count_term()) return {};
    const std::string name = lower_ascii(expand_spf_domain(target, values(domain)));
    const std::size_t at = budget_.branches.size();
    SpfBranch branch{.domain = domain,
                     .term = term.ends_with('=') ? term + name : term,
                     .target = name,
                     .depth = depth,
                     .problem = {}};
    budget_.branches.push_back(branch);
    Cost cost{.lookups = 1};
    if (std::ranges::find(path_, name) != path_.end()) {
      is_circular_ = true;
      branch.problem = fmt::format(
          "{} leads back to itself: every client that comes this far is "
          "a permerror",
          for_log(name));
    } else {
      cost += cost_of_record(name, depth + 1, &branch);
    }
    branch.lookups = cost.lookups;
    branch.void_lookups = cost.voids;
    budget_.branches[at] = std::move(branch);
    return cost;
  }

  Cost cost_of(const SpfMechanism& mechanism, const std::string& domain, int depth) {
    using Kind = SpfMechanism::Kind;
    if (!mechanism.costs_lookup()) return {};
    if (mechanism.kind == Kind::include)
      return cost_of_branch(mechanism.text, *mechanism.domain, domain, depth);
    if (!count_term()) return {};
    const std::string target =
        mechanism.domain ? expand_spf_domain(*mechanism.domain, values(domain)) : domain;
    const RecordType address = question_.client.is_v4() ? RecordType::a : RecordType::aaaa;
    switch (mechanism.kind) {
      case Kind::a:
        return {.lookups = 1, .voids = ask(target, address).is_void()};
      case Kind::exists:
        return {.lookups = 1, .voids = ask(target, RecordType::a).is_void()};
      case Kind::ptr:
        return {.lookups = 1,
                .voids = ask(reverse_name(question_.client), RecordType::ptr).is_void()};
      case Kind::mx:
        return {.lookups = 1, .voids = has_void_exchange(target, address)};
      case Kind::all:
      case Kind::include:
      case Kind::ip4:
      case Kind::ip6:
        break;
    }
    return {};
  }

  bool has_void_exchange(const std::string& name, RecordType address) {
    constexpr std::size_t max_exchanges = 10;  // §4.6.4
    const DnsAnswer answer = ask(name, RecordType::mx);
    bool any_void = answer.is_void();
    for (std::size_t i = 0; i < std::min(answer.exchanges.size(), max_exchanges); ++i) {
      const std::string& host = answer.exchanges[i].host;
      if (!host.empty()) any_void = ask(host, address).is_void() || any_void;
    }
    return any_void;
  }

  const SpfQuestion& question_;
  Resolver& resolver_;
  Deadline deadline_;
  const SpfSender sender_;
  std::vector<std::string> path_;  // domains from the first record to where the walk stands
  int terms_ = 0;
  bool is_circular_ = false;
  SpfBudget budget_;
};

}  // namespace

SpfBudget spf_budget(const SpfQuestion& question, Resolver& resolver, Deadline deadline) {
  return Walk(question, resolver, deadline).run();
}

}  // namespace icm
