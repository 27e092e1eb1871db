// SPDX-License-Identifier: Apache-2.0
//
// What the policy format costs a message, apart from its body: the header kept, classified and
// judged.
#include <benchmark/benchmark.h>

#include "policy/inspection.h"
#include "policy/policy_set.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {
namespace {

// The header of a newsletter that went through one mail server.
void add_fields(Inspection& inspection) {
  inspection.header("Received",
                    " from app.shop.example (app.shop.example [192.0.2.10])\n\tby "
                    "mail.shop.example (Postfix) with ESMTPSA id 4XyZ12\n\tfor "
                    "<bob@icloud.com>; Sat, 21 Nov 2026 08:00:00 +0000 (UTC)");
  inspection.header(
      "DKIM-Signature",
      " v=1; a=rsa-sha256; c=relaxed/relaxed; d=shop.example;\n\ts=s1; t=1795248000;\n\t"
      "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\th=From:To:Subject:Date:"
      "Message-ID:List-Unsubscribe:List-Unsubscribe-Post;\n\tb=" +
          std::string(344, 'b'));
  inspection.header("From", " \"Shop\" <news@shop.example>");
  inspection.header("To", " bob@icloud.com");
  inspection.header("Subject", " =?utf-8?Q?Winter=20is=20coming=20=E2=9D=84?=");
  inspection.header("Date", " Sat, 21 Nov 2026 08:00:00 +0000");
  inspection.header("Message-ID", " <0102018f0a1b2c3d-0a1b2c3d-1111@news.shop.example>");
  inspection.header("List-Unsubscribe", " <https://shop.example/u/1>, <mailto:u@shop.example>");
  inspection.header("List-Unsubscribe-Post", " List-Unsubscribe=One-Click");
  inspection.header("MIME-Version", " 1.0");
  inspection.header("Content-Type", " multipart/alternative; boundary=\"=_b1\"");
  for (int i = 0; i < 12; ++i)
    inspection.header("X-Campaign-Detail", " 0a1b2c3d4e5f 1795248000 x=y");
}

Envelope newsletter_envelope() {
  Envelope envelope;
  envelope.reverse_path = ReversePath::from("bounce@shop.example");
  envelope.recipients.push_back({.text = "bob@icloud.com",
                                 .mailbox = *Mailbox::parse("bob@icloud.com"),
                                 .original = {},
                                 .is_apple = true});
  return envelope;
}

void inspect(benchmark::State& state) {
  const Config config;
  const Envelope envelope = newsletter_envelope();
  for (auto _ : state) {
    Inspection inspection(config);
    add_fields(inspection);
    inspection.end_of_header(envelope);
    benchmark::DoNotOptimize(inspection.headers());
  }
}
BENCHMARK(inspect);

void judge(benchmark::State& state) {
  const Config config;
  const Envelope envelope = newsletter_envelope();
  MemorySuppressionList list;
  const auto policy = make_format(config, means_without_keys(list));
  Inspection inspection(config);
  add_fields(inspection);
  inspection.end_of_header(envelope);
  inspection.body("--=_b1\r\n\r\nWinter\r\n--=_b1--\r\n");
  const Facts facts = inspection.facts(envelope, *parse_time("2026-11-21T08:15:30Z"));
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy->judge(facts, Deadline::in(std::chrono::seconds(1))));
  }
}
BENCHMARK(judge);

}  // namespace
}  // namespace icm
