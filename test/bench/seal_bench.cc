// SPDX-License-Identifier: Apache-2.0
//
// What an ARC set costs: the whole way from header fields and body of a forwarded message to its
// set, against the two signatures that a set consists of.
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>

#include "policy/auth/arc_seal.h"
#include "policy/auth/authentication_report.h"
#include "policy/auth/authenticator.h"
#include "policy/dns/zone_resolver.h"
#include "test/support/signed_mail.h"

namespace icm {
namespace {

constexpr std::string_view text =
    "The quick brown fox jumps over the lazy dog and comes back for its hat.\r\n";

const PrivateKey& key() {
  static const PrivateKey made = PrivateKey::generate(KeyType::rsa, 2048).value();
  return made;
}

ZoneResolver zone() {
  const std::string record = dkim_record(key());
  std::string chunks;
  for (std::size_t at = 0; at < record.size(); at += 255)
    chunks += fmt::format("{}\"{}\"", at == 0 ? "" : ", ", record.substr(at, 255));
  return ZoneResolver::parse(fmt::format(R"({{"sel._domainkey.shop.example": {{"TXT": [[{}]]}},
                              "_dmarc.shop.example": {{"TXT": ["v=DMARC1; p=reject"]}}}})",
                                         chunks))
      .value();
}

MilterMail signed_mail(std::size_t size) {
  MilterMail mail;
  mail.fields = {{"From", " Shop <service@shop.example>"},
                 {"To", " someone@icloud.com"},
                 {"Subject", " Your order 1042 is on its way"},
                 {"Date", " Sat, 21 Nov 2026 08:15:30 +0000"},
                 {"Message-ID", " <0@shop.example>"}};
  while (mail.body.size() + text.size() <= size) mail.body += text;
  mail.fields.insert(mail.fields.begin(),
                     {"DKIM-Signature", dkim_signature(mail, key(), "shop.example", "sel")});
  return mail;
}

// The set for a message that came in without a chain: its author's signature is verified, DMARC
// judged, the body hashed once for both, and two signatures made.
void seal(benchmark::State& state) {
  const MilterMail mail = signed_mail(static_cast<std::size_t>(state.range(0)));
  ZoneResolver resolver = zone();
  AuthSources sources(resolver, PublicSuffixList::system());
  const auto authors = parse_address_list("service@shop.example");
  for (auto _ : state) {
    HeaderList headers;
    for (const auto& [name, value] : mail.fields) headers.add(name, value);
    Authenticator authenticator(headers, authors, sources,
                                {.sender = true, .arc = true, .sealing = true});
    authenticator.body(mail.body);
    const Authentication found =
        authenticator.finish({}, WallTime{}, Deadline::in(std::chrono::hours{1}));
    if (found.dkim.front().status != DkimStatus::pass)
      throw std::runtime_error(found.dkim.front().reason);
    const auto set =
        make_arc_set(headers, read_arc_headers(headers), found.arc,
                     results_payload(dkim_results(found.dkim)), found.body_hash.value(),
                     {.key = key(),
                      .domain = "shop.example",
                      .selector = "sel",
                      .authserv_id = "mx.shop.example",
                      .fields = {}});
    if (!set) throw std::runtime_error(set.error().text);
    benchmark::DoNotOptimize(set->seal);
  }
  state.SetItemsProcessed(state.iterations());
}

// What nobody can do without.
void two_signatures(benchmark::State& state) {
  const Sha256Digest digest = sha256(text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(key().sign(digest).value());
    benchmark::DoNotOptimize(key().sign(digest).value());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(seal)->Arg(4 << 10)->Arg(40 << 10)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(two_signatures)->ThreadRange(1, 2)->UseRealTime();

}  // namespace
}  // namespace icm
