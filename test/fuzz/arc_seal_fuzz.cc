// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a message that is sealed: twice, by ourselves. What we wrote is legal on the wire,
// our verifier takes it, and a chain that was broken ends with our set.
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "policy/auth/arc_seal.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/header_lines.h"
#include "test/fuzz/lines_resolver.h"

namespace {

using icm::demand;

constexpr std::string_view authserv_id = "mx.example.org";

const icm::PrivateKey& key() {
  static const icm::PrivateKey made = *icm::PrivateKey::generate(icm::KeyType::ed25519);
  return made;
}

struct Judged {
  icm::ArcResult result;
  icm::ArcHeaders sets;
  icm::Sha256Digest body_hash{};
};

Judged judge(const icm::MailText& mail) {
  static const std::string record =
      fmt::format("v=DKIM1; k=ed25519; p={}", icm::to_base64(key().public_octets()));
  icm::LinesResolver resolver(record, {"s._domainkey.example.org"});
  icm::KeyDirectory keys(resolver);
  icm::BodyHashes hashes;
  icm::ArcVerifier verifier(mail.headers, keys, hashes);
  const std::size_t ticket = hashes.want(icm::Canonicalization::relaxed, std::nullopt);
  hashes.feed(mail.body);
  hashes.finish();
  Judged judged{.result = verifier.finish(icm::Deadline::in(std::chrono::seconds{5})),
                .sets = verifier.sets()};
  judged.body_hash = hashes.digest(ticket);
  return judged;
}

// Printable ASCII, folds of CRLF and a blank before a word, no line beyond RFC 5322 §2.1.1.
void check_wire(std::string_view name, std::string_view value) {
  std::size_t column = name.size() + 2;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\r') {
      demand(value.substr(i, 3) == "\r\n " && i + 3 < value.size() && value[i + 3] > ' ',
             "no legal fold", value);
      i += 2;
      column = 1;
      continue;
    }
    demand(value[i] >= ' ' && value[i] < 0x7f, "no printable ASCII", value);
    demand(++column <= 998, "a line too long", value);
  }
}

void put_on_top(icm::MailText& mail, const icm::ArcSetValues& set) {
  icm::HeaderList headers;
  for (const auto& [name, value] :
       {std::pair{icm::arc_seal_field, &set.seal}, std::pair{icm::arc_message_field, &set.message},
        std::pair{icm::arc_results_field, &set.results}}) {
    check_wire(name, *value);
    headers.add(name, " " + *value);
  }
  for (std::size_t i = 0; i < mail.headers.size(); ++i)
    headers.add(mail.headers[i].name, mail.headers[i].value);
  mail.headers = std::move(headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  icm::MailText mail =
      icm::header_lines(std::string_view(reinterpret_cast<const char*>(octets), size));
  for (int round = 0; round < 2; ++round) {
    const Judged before = judge(mail);
    const std::string results = icm::collect_results(mail.headers, authserv_id);
    const auto set =
        icm::make_arc_set(mail.headers, before.sets, before.result, results, before.body_hash,
                          {.key = key(),
                           .domain = "example.org",
                           .selector = "s",
                           .authserv_id = std::string(authserv_id),
                           .timestamp = 1,
                           .fields = {}});
    if (!set) {
      demand(before.result.ended || before.result.instance == icm::max_arc_instances,
             "a message that can be sealed was not", set.error().text);
      return 0;
    }
    put_on_top(mail, *set);
    const icm::ArcResult after = judge(mail).result;
    demand(after.instance == before.result.instance + 1, "another instance", after.reason);
    if (before.result.status == icm::ArcStatus::fail) {
      demand(after.ended, "a broken chain goes on", before.result.reason);
      return 0;
    }
    demand(after.status == icm::ArcStatus::pass, "our own set does not verify", after.reason);
  }
  return 0;
}
