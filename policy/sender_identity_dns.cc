// SPDX-License-Identifier: Apache-2.0
//
// sender_identity, DNS: the addresses that mail leaves by have names of ours and the names lead
// back, HELO is a name that resolves, and the envelope sender's domain takes mail.
#include <algorithm>
#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/organization.h"
#include "policy/sender_identity_report.h"

namespace icm::sender_identity {
namespace {

constexpr std::size_t max_names = 10;  // of one address; as RFC 7208 §5.5 bounds "ptr"

// A and AAAA of one name together.
struct Addresses {
  std::vector<IpAddress> found;
  bool temporary = false;
  std::string problem;

  bool has(const IpAddress& address) const {
    return std::ranges::find(found, address) != found.end();
  }
};

class Lookups {
 public:
  explicit Lookups(const Report& report)
      : resolver_(report.facts.sources->resolver), deadline_(report.deadline) {}

  DnsAnswer ask(std::string_view name, RecordType type) {
    return resolver_.query(name, type, deadline_);
  }

  void prefetch_addresses(std::string_view name) { begin_addresses(name, resolver_); }

  static void begin_addresses(std::string_view name, Resolver& resolver) {
    resolver.prefetch(name, RecordType::a);
    resolver.prefetch(name, RecordType::aaaa);
  }

  Addresses addresses(std::string_view name) {
    Addresses both;
    for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
      const DnsAnswer answer = ask(name, type);
      both.found.insert(both.found.end(), answer.addresses.begin(), answer.addresses.end());
      if (!answer.is_temporary()) continue;
      both.temporary = true;
      both.problem = failure(name, type, answer);
    }
    return both;
  }

  static std::string failure(std::string_view name, RecordType type, const DnsAnswer& answer) {
    return fmt::format("{} {}: {} ({})", to_string(type), shown(name), to_string(answer.status),
                       for_log(answer.problem));
  }

 private:
  Resolver& resolver_;
  const Deadline deadline_;
};

bool is_host_name(std::string_view name) {
  const auto domain = Domain::parse(name);
  return domain && domain->text().find('.') != std::string::npos &&
         domain->text().find('_') == std::string::npos && !IpAddress::parse(name);
}

// What the administrator called the hosts, or what we can propose.
std::string host_example(const Report& report) {
  const std::string& helo = report.facts.spf_questions->helo;
  if (is_host_name(helo)) return domain_name(helo);
  const auto author = author_domain(report.facts.authors);
  return "out." + (author ? *author : std::string("your.example"));
}

// ---- reverse DNS ----

// Whether the four octets stand in the name as numbers, one way or the other: what providers call
// addresses that nobody has named.
bool is_generic(std::string_view name, const IpAddress& address) {
  if (!address.is_v4()) return false;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < name.size();) {
    if (!is_digit(name[i])) {
      ++i;
      continue;
    }
    int number = 0;
    while (i < name.size() && is_digit(name[i])) {
      number = std::min(number * 10 + (name[i++] - '0'), 1000);
    }
    numbers.push_back(number);
  }
  const std::vector<int> octets(address.octets().begin(), address.octets().begin() + 4);
  const std::vector<int> reversed(octets.rbegin(), octets.rend());
  const auto contains = [&](const std::vector<int>& four) {
    return std::search(numbers.begin(), numbers.end(), four.begin(), four.end()) != numbers.end();
  };
  return contains(octets) || contains(reversed);
}

bool is_of_ours(const Report& report, std::string_view name) {
  const Facts& facts = report.facts;
  const auto author = author_domain(facts.authors);
  const auto& sender = facts.envelope.reverse_path.mailbox;
  return is_same_organization(name, facts.spf_questions->helo, *facts.sources) ||
         (author && is_same_organization(name, *author, *facts.sources)) ||
         (sender && is_same_organization(name, sender->domain().text(), *facts.sources));
}

void advise_on_name(Report& report, const IpAddress& client, const std::string& name) {
  if (is_generic(name, client)) {
    report.advise(
        "sender_identity.reverse-generic",
        fmt::format("{} is called {}, as providers call any address", client.text(), shown(name)),
        fmt::format("have {}. PTR {}. published", reverse_name(client), host_example(report)));
  } else if (!is_of_ours(report, name)) {
    report.advise(
        "sender_identity.reverse-foreign",
        fmt::format("{} is called {}, which is of another organization than HELO, From "
                    "and the envelope sender",
                    client.text(), shown(name)),
        fmt::format("have {}. PTR {}. published", reverse_name(client), host_example(report)));
  }
}

std::string forward_record(const IpAddress& client, std::string_view name) {
  return fmt::format("{}. {} {}", name, client.is_v4() ? "A" : "AAAA", client.text());
}

// RFC 1912 §2.1: the name of an address leads back to it.
void examine_reverse(Report& report, Lookups& dns, const IpAddress& client) {
  const std::string reverse = reverse_name(client);
  const DnsAnswer answer = dns.ask(reverse, RecordType::ptr);
  if (answer.is_temporary()) {
    return report.defer(Lookups::failure(reverse, RecordType::ptr, answer));
  }
  if (answer.names.empty()) {
    return report.refuse(
        {"sender_identity.reverse-missing",
         reverse_dns_failed,
         fmt::format("{} has no name in the DNS", client.text()),
         fmt::format("have {}. PTR {}. published by whoever gave you the address, and publish {}",
                     reverse, host_example(report), forward_record(client, host_example(report))),
         {}});
  }
  std::vector<std::string> names = answer.names;
  if (names.size() > max_names) names.resize(max_names);
  for (const std::string& name : names) dns.prefetch_addresses(name);
  std::string problem;
  for (const std::string& name : names) {
    const Addresses back = dns.addresses(name);
    if (back.has(client)) return advise_on_name(report, client, name);
    if (back.temporary) problem = back.problem;
  }
  if (!problem.empty()) return report.defer(problem);
  report.refuse({"sender_identity.reverse-unconfirmed",
                 reverse_dns_failed,
                 fmt::format("{} is called {}, which does not lead back to it", client.text(),
                             shown(names.front())),
                 fmt::format("publish {}", forward_record(client, shown(names.front()))),
                 {}});
}

// ---- HELO ----

std::string helo_refused(std::string_view helo) {
  return fmt::format("450 4.7.1 <{}>: Helo command rejected: Host not found", for_log(helo, 255));
}

// The host's own name stands in where none is configured; what the mail server says may be another.
bool is_configured(const Config& config, const std::string& helo) {
  return config.egress.helo == helo ||
         std::ranges::any_of(config.streams,
                             [&](const StreamConfig& stream) { return stream.helo == helo; });
}

void refuse_helo(Report& report, const std::string& helo, Said said) {
  if (is_configured(report.config, helo)) return report.refuse(std::move(said));
  report.advise(said.rule, said.evidence + " (egress.helo is not set; this is the host's name)",
                "set egress.helo to what the mail server says (Postfix: smtp_helo_name)");
}

void examine_helo(Report& report, Lookups& dns) {
  const SpfQuestions& out = *report.facts.spf_questions;
  if (out.helo.empty()) return;
  if (!is_host_name(out.helo)) {
    return refuse_helo(report, out.helo,
                       {"sender_identity.helo-syntax", not_authorized,
                        fmt::format("HELO name \"{}\" is no full host name", shown(out.helo)),
                        "set egress.helo and the mail server's name (Postfix: smtp_helo_name) to "
                        "one that the DNS knows (RFC 5321 section 2.3.5)",
                        helo_refused(out.helo)});
  }
  const Addresses found = dns.addresses(out.helo);
  if (found.found.empty()) {
    if (found.temporary) return report.defer(found.problem);
    const std::string record = out.clients.empty()
                                   ? fmt::format("an address record at {}.", domain_name(out.helo))
                                   : forward_record(out.clients.front(), domain_name(out.helo));
    return refuse_helo(report, out.helo,
                       {"sender_identity.helo-unresolved", not_authorized,
                        fmt::format("HELO name {} has no address", shown(out.helo)),
                        fmt::format("publish {}", record), helo_refused(out.helo)});
  }
  // RFC 5321 §4.1.4: nobody may refuse mail for this alone.
  for (const IpAddress& client : out.clients) {
    if (found.temporary || found.has(client)) continue;
    report.advise("sender_identity.helo-mismatch",
                  fmt::format("HELO name {} does not lead to {}", shown(out.helo), client.text()),
                  fmt::format("publish {}", forward_record(client, domain_name(out.helo))));
  }
}

// ---- the envelope sender ----

// RFC 5321 §5.1: MX, else the address of the domain itself. RFC 7505 §3: a null MX takes no mail.
void examine_sender(Report& report, Lookups& dns) {
  const auto& mailbox = report.facts.envelope.reverse_path.mailbox;
  if (!mailbox) return;
  const std::string& domain = mailbox->domain().text();
  const DnsAnswer mx = dns.ask(domain, RecordType::mx);
  if (mx.is_temporary()) return report.defer(Lookups::failure(domain, RecordType::mx, mx));
  if (mx.exchanges.size() == 1 && mx.exchanges.front().host.empty()) {
    return report.refuse({"sender_identity.sender-null-mx",
                          sender_null_mx,
                          fmt::format("{} of the envelope sender takes no mail (null MX)", domain),
                          fmt::format("use an envelope sender whose domain takes bounces, or "
                                      "publish an MX record for {}. in place of the null MX, which "
                                      "has to go (RFC 7505 section 3)",
                                      domain),
                          {}});
  }
  if (mx.found()) return;
  const Addresses own = dns.addresses(domain);
  if (!own.found.empty()) return;
  if (own.temporary) return report.defer(own.problem);
  report.refuse({"sender_identity.sender-unresolved", bad_sender_domain,
                 fmt::format("{} of the envelope sender has neither MX nor address", domain),
                 fmt::format("publish {}. MX 10 {}.", domain, host_example(report)),
                 fmt::format("450 4.1.8 <{}>: Sender address rejected: Domain not found",
                             for_log(mailbox->text(), 254))});
}

}  // namespace

void prefetch_dns(const Envelope& envelope, const SpfQuestions& out, Resolver& resolver) {
  const auto& mailbox = envelope.reverse_path.mailbox;
  if (mailbox) resolver.prefetch(mailbox->domain().text(), RecordType::mx);
  if (is_host_name(out.helo)) Lookups::begin_addresses(out.helo, resolver);
  for (const IpAddress& client : out.clients) {
    resolver.prefetch(reverse_name(client), RecordType::ptr);
  }
}

void examine_dns(Report& report) {
  Lookups dns(report);
  const SpfQuestions& out = *report.facts.spf_questions;
  // A stream has other addresses than the envelope alone lets one expect.
  prefetch_dns(report.facts.envelope, out, report.facts.sources->resolver);
  examine_sender(report, dns);
  examine_helo(report, dns);
  for (const IpAddress& client : out.clients) examine_reverse(report, dns, client);
}

}  // namespace icm::sender_identity
