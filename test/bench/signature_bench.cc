// SPDX-License-Identifier: Apache-2.0
//
// What a DKIM verification costs: the whole way from header fields and body to "pass", against the
// RSA verification and the SHA-256 of the same octets, which nobody can do without.
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>

#include "policy/auth/dkim.h"
#include "test/bench/bench_mail.h"

namespace icm {
namespace {

// Knows the one key.
class OneKey final : public Resolver {
 public:
  explicit OneKey(const PrivateKey& key) : text_(dkim_record(key)) {}
  DnsAnswer query(std::string_view, RecordType, Deadline) override {
    DnsAnswer answer;
    answer.status = DnsStatus::ok;
    answer.texts = {text_};
    answer.ttl = std::chrono::hours{1};
    return answer;
  }
  void prefetch(std::string_view, RecordType) override {}

 private:
  std::string text_;
};

// From the header to the result, the key known.
void verify(benchmark::State& state) {
  const MilterMail mail = bench_mail(static_cast<std::size_t>(state.range(0)));
  HeaderList headers;
  for (const auto& [name, value] : mail.fields) headers.add(name, value);
  OneKey resolver(bench_key());
  KeyDirectory keys(resolver);
  for (auto _ : state) {
    BodyHashes hashes;
    DkimVerifier verifier(headers, keys, hashes);
    hashes.feed(mail.body);
    hashes.finish();
    const auto results = verifier.finish({}, Deadline::in(std::chrono::hours{1}));
    if (results.front().status != DkimStatus::pass) {
      throw std::runtime_error(results.front().reason);
    }
  }
}

// The same octets, hashed, and the signature verified: the least that it takes.
void bare(benchmark::State& state) {
  const MilterMail mail = bench_mail(static_cast<std::size_t>(state.range(0)));
  HeaderList headers;
  for (const auto& [name, value] : mail.fields) headers.add(name, value);
  const auto tags = parse_signature(mail.fields.front().second, SignatureKind::dkim).value();
  const PublicKey open = bench_key().public_key();
  const Sha256Digest digest = hash_header(headers, tags, 0);
  std::string header;
  for (const auto& [name, value] : mail.fields) header += name + ":" + value + "\r\n";
  for (auto _ : state) {
    benchmark::DoNotOptimize(sha256(header));
    benchmark::DoNotOptimize(sha256(mail.body));
    if (!open.verifies(digest, tags.signature)) throw std::runtime_error("does not verify");
  }
}

// Their parts.
void rsa(benchmark::State& state) {
  const MilterMail mail = bench_mail(0);
  HeaderList headers;
  for (const auto& [name, value] : mail.fields) headers.add(name, value);
  const auto tags = parse_signature(mail.fields.front().second, SignatureKind::dkim).value();
  const PublicKey open = bench_key().public_key();
  const Sha256Digest digest = hash_header(headers, tags, 0);
  for (auto _ : state) benchmark::DoNotOptimize(open.verifies(digest, tags.signature));
}

void canonical_body(benchmark::State& state, Canonicalization form) {
  const MilterMail mail = bench_mail(40 << 10);
  for (auto _ : state) {
    BodyHashes hashes;
    hashes.want(form, std::nullopt);
    hashes.feed(mail.body);
    hashes.finish();
    benchmark::DoNotOptimize(hashes.digest(0));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * mail.body.size()));
}

BENCHMARK(verify)->Arg(4 << 10)->Arg(40 << 10);
BENCHMARK(bare)->Arg(4 << 10)->Arg(40 << 10);
BENCHMARK(rsa);
BENCHMARK_CAPTURE(canonical_body, simple, Canonicalization::simple);
BENCHMARK_CAPTURE(canonical_body, relaxed, Canonicalization::relaxed);

}  // namespace
}  // namespace icm
