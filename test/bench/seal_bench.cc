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
#include "test/bench/bench_mail.h"

namespace icm {
namespace {

ZoneResolver zone() {
  const std::string record = dkim_record(bench_key());
  std::string chunks;
  for (std::size_t at = 0; at < record.size(); at += 255)
    chunks += fmt::format("{}\"{}\"", at == 0 ? "" : ", ", record.substr(at, 255));
  return ZoneResolver::parse(fmt::format(R"({{"sel._domainkey.shop.example": {{"TXT": [[{}]]}},
                              "_dmarc.shop.example": {{"TXT": ["v=DMARC1; p=reject"]}}}})",
                                         chunks))
      .value();
}

// The set for a message that came in without a chain: its author's signature is verified, DMARC
// judged, the body hashed once for both, and two signatures made.
void seal(benchmark::State& state) {
  const MilterMail mail = bench_mail(static_cast<std::size_t>(state.range(0)));
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
                     {.key = bench_key(),
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
  const Sha256Digest digest = sha256(bench_line);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench_key().sign(digest).value());
    benchmark::DoNotOptimize(bench_key().sign(digest).value());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(seal)->Arg(4 << 10)->Arg(40 << 10)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK(two_signatures)->ThreadRange(1, 2)->UseRealTime();

}  // namespace
}  // namespace icm
