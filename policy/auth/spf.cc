// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/spf.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "policy/auth/spf_ahead.h"
#include "policy/auth/spf_macro.h"
#include "policy/auth/spf_publication.h"
#include "policy/auth/spf_record.h"
#include "policy/base/text.h"

namespace icm {
namespace {

// What a mechanism (§5) or a nested check_host says.
enum class Match { no, yes, temp_error, perm_error };

SpfStatus status_of(SpfQualifier qualifier) {
  switch (qualifier) {
    case SpfQualifier::pass:
      return SpfStatus::pass;
    case SpfQualifier::fail:
      return SpfStatus::fail;
    case SpfQualifier::soft_fail:
      return SpfStatus::soft_fail;
    case SpfQualifier::neutral:
      return SpfStatus::neutral;
  }
  return SpfStatus::perm_error;
}

std::string_view word(Match match) {
  switch (match) {
    case Match::no:
      return "no match";
    case Match::yes:
      return "match";
    case Match::temp_error:
      return "temperror";
    case Match::perm_error:
      return "permerror";
  }
  return "invalid";
}

bool names_local_part(const SpfMacroString& text) {
  return std::ranges::any_of(text, [](const auto& part) {
    const auto* const macro = std::get_if<SpfMacro>(&part);
    return macro != nullptr && (macro->letter == 'l' || macro->letter == 's');
  });
}

// One evaluation of check_host(), with everything that its recursion shares.
class Evaluation {
 public:
  Evaluation(const SpfQuestion& question, SpfDirectory& directory, Deadline deadline,
             SpfResult& result)
      : question_(question),
        directory_(directory),
        deadline_(deadline),
        result_(result),
        sender_(spf_sender(question)) {}

  void run() {
    result_.domain = sender_.given;
    if (sender_.domain.empty()) {
      result_.problem =
          fmt::format("\"{}\" is no multi-label domain name", for_log(sender_.given, 80));
      return;
    }
    result_.domain = lower_ascii(sender_.domain);
    result_.status = check_host(sender_.domain, /*path=*/"", Explain::yes);
    if (result_.problem.empty() && result_.status != SpfStatus::pass) result_.problem = overlooked_;
  }

 private:
  enum class Explain { no, yes };

  SpfStatus problem(SpfStatus status, std::string text) {
    if (result_.problem.empty()) result_.problem = std::move(text);
    return status;
  }

  void keep_ttl(std::chrono::seconds ttl) {
    if (!have_ttl_ || ttl < result_.ttl) result_.ttl = ttl;
    have_ttl_ = true;
  }

  DnsAnswer ask(const std::string& name, RecordType type) {
    if (deadline_.passed()) {
      DnsAnswer late;
      late.problem = "out of time";
      return late;
    }
    DnsAnswer answer = directory_.resolver().query(name, type, deadline_);
    keep_ttl(answer.ttl);
    return answer;
  }

  // §4.3 to §4.5: the one SPF record of a domain; otherwise the status that ends check_host.
  tl::expected<std::shared_ptr<const SpfPublication>, SpfStatus> find_record(
      const std::string& domain) {
    // What macros make of a target is checked like the first domain.
    if (dns_name(domain).find('.') == std::string::npos) {
      return tl::make_unexpected(
          problem(SpfStatus::none,
                  fmt::format("\"{}\" is no multi-label domain name", for_log(domain, 80))));
    }
    auto found = directory_.find(domain, deadline_);
    keep_ttl(found->ttl);
    if (found->record) return found;
    return tl::make_unexpected(problem(found->status, found->problem));
  }

  // §4.6.4: the eleventh term that asks the DNS is a permerror.
  bool count_lookup() {
    if (++result_.lookups <= spf_max_lookups) return true;
    result_.lookups = spf_max_lookups + 1;
    problem(SpfStatus::perm_error,
            fmt::format("more than {} terms that need DNS lookups", spf_max_lookups));
    return false;
  }

  // §4.6.4 counts terms whose queries come back void; each term once.
  Match count_void(bool term_was_void, Match otherwise) {
    if (!term_was_void || ++result_.void_lookups <= spf_max_void_lookups) return otherwise;
    problem(SpfStatus::perm_error, fmt::format("more than {} void lookups", spf_max_void_lookups));
    return Match::perm_error;
  }

  SpfStatus check_host(const std::string& domain, const std::string& path, Explain explain) {
    const auto published = find_record(domain);
    if (!published) return published.error();
    const std::optional<SpfRecord>& record = (*published)->record;
    prefetch_spf_terms(*record, values(domain), spf_max_lookups - result_.lookups, directory_);
    for (const SpfMechanism& mechanism : record->mechanisms) {
      const std::string here = path + mechanism.text;
      const Match match = evaluate(mechanism, domain, here);
      result_.path.push_back(
          fmt::format("{}: {}: {}", for_log(domain), for_log(mechanism.text), word(match)));
      switch (match) {
        case Match::no:
          continue;
        case Match::temp_error:
          return SpfStatus::temp_error;
        case Match::perm_error:
          return SpfStatus::perm_error;
        case Match::yes:
          break;
      }
      const SpfStatus status = status_of(mechanism.qualifier);
      // An include that matched has noted what matched inside it.
      if (mechanism.kind != SpfMechanism::Kind::include) result_.mechanism = here;
      if (explain == Explain::yes && status == SpfStatus::fail) find_explanation(*record, domain);
      return status;
    }
    if (record->redirect) return follow_redirect(*record->redirect, domain, path, explain);
    return SpfStatus::neutral;  // §4.7
  }

  // §6.1.
  SpfStatus follow_redirect(const SpfMacroString& redirect, const std::string& domain,
                            const std::string& path, Explain explain) {
    if (!count_lookup()) return SpfStatus::perm_error;
    const std::string target = expand_spf_domain(redirect, values(domain));
    result_.path.push_back(fmt::format("{}: redirect={}", for_log(domain), for_log(target)));
    const SpfStatus status =
        check_host(target, fmt::format("{}redirect={} -> ", path, target), explain);
    // "If no SPF record is found, or if the <target-name> is malformed, the result is permerror".
    return status == SpfStatus::none ? problem(SpfStatus::perm_error, "redirect to no SPF record")
                                     : status;
  }

  Match evaluate(const SpfMechanism& mechanism, const std::string& domain,
                 const std::string& path) {
    using Kind = SpfMechanism::Kind;
    if (mechanism.costs_lookup() && !count_lookup()) return Match::perm_error;
    // RFC 8616 §4: a local part that is not ASCII is no label of a name; such terms match nothing.
    if (mechanism.domain && names_local_part(*mechanism.domain) && !is_ascii(sender_.local)) {
      return Match::no;
    }
    switch (mechanism.kind) {
      case Kind::all:
        return Match::yes;
      case Kind::ip4:
      case Kind::ip6:
        return mechanism.network && mechanism.network->contains(question_.client) ? Match::yes
                                                                                  : Match::no;
      case Kind::include:
        return include(mechanism, domain, path);
      case Kind::a:
        return matches_a(target_of(mechanism, domain), mechanism);
      case Kind::mx:
        return matches_mx(target_of(mechanism, domain), mechanism);
      case Kind::ptr:
        return matches_ptr(target_of(mechanism, domain));
      case Kind::exists:
        return matches_exists(target_of(mechanism, domain));
    }
    return Match::perm_error;
  }

  std::string target_of(const SpfMechanism& mechanism, const std::string& domain) {
    return mechanism.domain ? expand_spf_domain(*mechanism.domain, values(domain)) : domain;
  }

  // §5.2, the table.
  Match include(const SpfMechanism& mechanism, const std::string& domain, const std::string& path) {
    const std::string target = target_of(mechanism, domain);
    const SpfStatus status = check_host(target, path + " -> ", Explain::no);
    if (status != SpfStatus::pass) result_.mechanism.clear();
    switch (status) {
      case SpfStatus::pass:
        return Match::yes;
      case SpfStatus::fail:
      case SpfStatus::soft_fail:
      case SpfStatus::neutral:
        return Match::no;
      case SpfStatus::temp_error:
        return Match::temp_error;
      case SpfStatus::none:
      case SpfStatus::perm_error:
        break;
    }
    problem(SpfStatus::perm_error,
            fmt::format("include of {} which has no SPF record", for_log(target)));
    return Match::perm_error;
  }

  RecordType address_type() const {
    return question_.client.is_v4() ? RecordType::a : RecordType::aaaa;
  }

  bool covers(const SpfMechanism& mechanism, const std::vector<IpAddress>& addresses) const {
    const int prefix = question_.client.is_v4() ? mechanism.prefix_v4 : mechanism.prefix_v6;
    return std::ranges::any_of(addresses, [&](const IpAddress& address) {
      return IpRange::of(address, prefix).contains(question_.client);
    });
  }

  Match temporary(const std::string& name, RecordType type, const DnsAnswer& answer) {
    problem(SpfStatus::temp_error,
            fmt::format("{} {}: {}", to_string(type), for_log(name), answer.problem));
    return Match::temp_error;
  }

  // All but the first, which is asked now; §4.6.4 lets ten be asked.
  template <class Hosts, class NameOf>
  void prefetch_addresses(const Hosts& hosts, NameOf name_of) {
    constexpr std::size_t most = 10;
    for (std::size_t i = 1; i < std::min(hosts.size(), most); ++i) {
      directory_.resolver().prefetch(std::invoke(name_of, hosts[i]), address_type());
    }
  }

  // §5.3.
  Match matches_a(const std::string& name, const SpfMechanism& mechanism) {
    const DnsAnswer answer = ask(name, address_type());
    if (answer.is_temporary()) return temporary(name, address_type(), answer);
    return count_void(answer.is_void(),
                      covers(mechanism, answer.addresses) ? Match::yes : Match::no);
  }

  // §5.4: no fallback to the address when there is no MX.
  Match matches_mx(const std::string& name, const SpfMechanism& mechanism) {
    constexpr std::size_t max_exchanges = 10;  // §4.6.4
    DnsAnswer answer = ask(name, RecordType::mx);
    if (answer.is_temporary()) return temporary(name, RecordType::mx, answer);
    if (answer.exchanges.size() > max_exchanges) {
      problem(SpfStatus::perm_error,
              fmt::format("{} has more than {} MX records", for_log(name), max_exchanges));
      return Match::perm_error;
    }
    std::ranges::sort(answer.exchanges);
    bool any_void = answer.is_void();
    prefetch_addresses(answer.exchanges, &MxRecord::host);
    for (const MxRecord& exchange : answer.exchanges) {
      if (exchange.host.empty()) continue;  // RFC 7505
      const DnsAnswer host = ask(exchange.host, address_type());
      if (host.is_temporary()) return temporary(exchange.host, address_type(), host);
      if (covers(mechanism, host.addresses)) return Match::yes;
      any_void = any_void || host.is_void();
    }
    return count_void(any_void, Match::no);
  }

  // §5.5: a lookup that fails is no match and no error. Whoever wonders why is told.
  void overlook(const std::string& name, RecordType type, const DnsAnswer& answer) {
    if (!answer.is_temporary() || !overlooked_.empty()) return;
    overlooked_ = fmt::format("{} {}: {}; that is no match for ptr (RFC 7208 section 5.5)",
                              to_string(type), for_log(name), answer.problem);
  }

  // §5.5: the client's names whose addresses include the client; errors mean "no match".
  std::vector<std::string> validated_names(bool& was_void) {
    constexpr std::size_t max_names = 10;  // §4.6.4
    const std::string own = reverse_name(question_.client);
    const DnsAnswer reverse = ask(own, RecordType::ptr);
    overlook(own, RecordType::ptr, reverse);
    was_void = reverse.is_void();
    prefetch_addresses(reverse.names, std::identity{});
    std::vector<std::string> validated;
    for (std::size_t i = 0; i < std::min(reverse.names.size(), max_names); ++i) {
      const DnsAnswer forward = ask(reverse.names[i], address_type());
      overlook(reverse.names[i], address_type(), forward);
      if (std::ranges::find(forward.addresses, question_.client) != forward.addresses.end()) {
        validated.push_back(reverse.names[i]);
      }
    }
    return validated;
  }

  static bool is_within(const std::string& name, const std::string& ancestor) {
    return equal_ascii(name, ancestor) || ends_with_ascii(name, "." + ancestor);
  }

  Match matches_ptr(const std::string& target) {
    bool was_void = false;
    const auto names = validated_names(was_void);
    const bool found =
        std::ranges::any_of(names, [&](const auto& name) { return is_within(name, target); });
    return count_void(was_void, found ? Match::yes : Match::no);
  }

  // §5.7: always an A query, for IPv6 clients too.
  Match matches_exists(const std::string& name) {
    const DnsAnswer answer = ask(name, RecordType::a);
    if (answer.is_temporary()) return temporary(name, RecordType::a, answer);
    return count_void(answer.is_void(), answer.found() ? Match::yes : Match::no);
  }

  // §7.3 "p": the domain itself if validated, else a name below it, else any, else "unknown".
  std::string name_for_p(const std::string& domain) {
    bool ignored = false;
    const auto names = validated_names(ignored);
    if (names.empty()) return "unknown";
    for (const auto& name : names) {
      if (equal_ascii(name, domain)) return name;
    }
    for (const auto& name : names) {
      if (is_within(name, domain)) return name;
    }
    return names.front();
  }

  SpfMacroValues values(const std::string& domain) {
    return {.sender_local = sender_.local,
            .sender_domain = sender_.domain,
            .domain = domain,
            .client = question_.client,
            .helo = question_.helo,
            .receiver = question_.receiver,
            .now = question_.now,
            .validated_name = [this, &domain] { return name_for_p(domain); }};
  }

  // §6.2: whatever goes wrong, there is just no explanation.
  void find_explanation(const SpfRecord& record, const std::string& domain) {
    if (!record.explanation) return;
    const DnsAnswer answer =
        ask(expand_spf_domain(*record.explanation, values(domain)), RecordType::txt);
    if (answer.texts.size() != 1) return;
    const auto text = parse_spf_macro_string(answer.texts.front(), SpfMacroUse::explanation);
    if (!text) return;
    std::string expanded = expand_spf_macros(*text, values(domain));
    const bool printable =
        std::ranges::all_of(expanded, [](char c) { return c >= ' ' && c <= '~'; });
    if (printable) result_.explanation = std::move(expanded);
  }

  const SpfQuestion& question_;
  SpfDirectory& directory_;
  Deadline deadline_;
  SpfResult& result_;
  const SpfSender sender_;
  bool have_ttl_ = false;
  std::string overlooked_;  // a failed lookup that the result does not show
};

}  // namespace

SpfResult check_spf(const SpfQuestion& question, SpfDirectory& directory, Deadline deadline) {
  SpfResult result;
  result.identity = question.mail_from.empty() ? SpfIdentity::helo : SpfIdentity::mail_from;
  Evaluation(question, directory, deadline, result).run();
  return result;
}

SpfResult check_spf(const SpfQuestion& question, Resolver& resolver, Deadline deadline) {
  SpfDirectory directory(resolver);
  return check_spf(question, directory, deadline);
}

}  // namespace icm
