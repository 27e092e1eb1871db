// SPDX-License-Identifier: Apache-2.0
//
// The doctor on DNS block lists (RFC 5782): whether an address that mail leaves by is on one.
#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/doctor/letter.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

// RFC 5782 §2.1, §2.4: the address reversed as for PTR, below the zone.
std::string listed_name(const IpAddress& address, std::string_view zone) {
  std::string name = reverse_name(address);
  const std::string_view tail = address.is_v4() ? "in-addr.arpa" : "ip6.arpa";
  name.resize(name.find(tail));
  return name + std::string(zone);
}

// RFC 5782 §2.1: a listing is an address in 127.0.0.0/8. Of these, large lists give 127.255.255.x
// to resolvers that they do not serve.
enum class Answer { clear, listed, refused, unknown };

Answer read(const DnsAnswer& answer) {
  if (answer.is_temporary()) return Answer::unknown;
  if (!answer.found()) return Answer::clear;
  const IpRange listings = IpRange::parse("127.0.0.0/8").value();
  const IpRange errors = IpRange::parse("127.255.255.0/24").value();
  for (const IpAddress& one : answer.addresses) {
    if (!listings.contains(one) || errors.contains(one)) return Answer::refused;
  }
  return Answer::listed;
}

// RFC 5782 §5: a list that works has 127.0.0.2 and has not 127.0.0.1; for IPv6 ::FFFF:7F00:2 and 1,
// which lists of IPv4 alone do not have.
std::string fault_of_list(const std::string& zone, Resolver& dns, Deadline deadline) {
  const auto answer = [&](const char* test) {
    return read(
        dns.query(listed_name(IpAddress::parse(test).value(), zone), RecordType::a, deadline));
  };
  switch (answer("127.0.0.1")) {
    case Answer::clear:
      break;
    case Answer::listed:
      return "it lists every address, 127.0.0.1 too";
    case Answer::refused:
      return "it answers that it does not serve this resolver";
    case Answer::unknown:
      return "it does not answer";
  }
  return answer("127.0.0.2") == Answer::listed ? "" : "it does not list its test entry, 127.0.0.2";
}

void examine_list(const Context& context, const std::string& zone, Deadline deadline,
                  Diagnoses& diagnoses) {
  Resolver& dns = context.sources.resolver;
  if (const std::string fault = fault_of_list(zone, dns, deadline); !fault.empty()) {
    return add(diagnoses, found("blocklist.unusable", zone, fault));
  }
  for (const std::string& stream : streams_of(context.config)) {
    const SpfQuestions way = Letter(context, {}, stream).questions();
    for (const IpAddress& client : way.clients) {
      const std::string name = listed_name(client, zone);
      const DnsAnswer answer = dns.query(name, RecordType::a, deadline);
      const std::string subject = fmt::format("{} on {}", client.text(), zone);
      switch (read(answer)) {
        case Answer::clear:
          add(diagnoses, found("blocklist.clear", subject, "not listed"));
          break;
        case Answer::listed: {
          const DnsAnswer why = dns.query(name, RecordType::txt, deadline);
          add(diagnoses,
              found("blocklist.listed", subject,
                    fmt::format("{} is {}{}", name, answer.addresses.front().text(),
                                why.texts.empty()
                                    ? ""
                                    : fmt::format(": {}", excerpt(why.texts.front(), 200)))));
          break;
        }
        case Answer::refused:
        case Answer::unknown:
          add(diagnoses,
              found("blocklist.unusable", subject, fmt::format("{}: no answer that counts", name)));
          break;
      }
    }
  }
}

}  // namespace

Diagnoses examine_blocklists(const Context& context, Deadline deadline) {
  Diagnoses diagnoses;
  for (const std::string& zone : context.questions.blocklists) {
    examine_list(context, zone, deadline, diagnoses);
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
