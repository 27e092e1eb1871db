// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a key record (the first line) and a header with ARC sets: what is read is a chain
// or says why it is none, and nobody's chain passes without its fields.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/auth/arc_chain.h"
#include "test/fuzz/demand.h"
#include "test/fuzz/header_lines.h"
#include "test/fuzz/lines_resolver.h"

namespace {

using icm::demand;

void check_values(std::string_view text) {
  if (const auto seal = icm::parse_arc_seal(text))
    demand(seal->instance >= 1 && seal->instance <= icm::max_arc_instances &&
               !seal->domain.empty() && !seal->signature.empty(),
           "a seal of nothing");
  if (const auto results = icm::parse_arc_results(text))
    demand(results->payload.data() + results->payload.size() == text.data() + text.size(),
           "the payload is not the end of the field");
}

void check_sets(const icm::ArcHeaders& arc) {
  demand(arc.present || (arc.sets.empty() && arc.problem.empty()), "sets without a field");
  demand(arc.sets.empty() == (!arc.present || !arc.problem.empty()), "sets beside a problem",
         arc.problem);
  for (std::size_t i = 0; i < arc.sets.size(); ++i) {
    const int instance = static_cast<int>(i) + 1;
    demand(
        arc.sets[i].message_tags.instance == instance && arc.sets[i].seal_tags.instance == instance,
        "the sets are out of order");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(octets), size);
  const auto end = std::min(input.find('\n'), input.size());
  const std::string_view rest = input.substr(std::min(end + 1, size));
  check_values(rest);
  icm::LinesResolver resolver(input.substr(0, end), {"s._domainkey.example.com"});
  icm::KeyDirectory keys(resolver);
  const icm::MailText mail = icm::header_lines(rest);
  icm::BodyHashes hashes;
  icm::ArcVerifier verifier(mail.headers, keys, hashes);
  hashes.feed(mail.body);
  hashes.finish();
  check_sets(verifier.sets());
  const icm::ArcResult result = verifier.finish(icm::Deadline::in(std::chrono::seconds{5}));
  const bool is_none = result.status == icm::ArcStatus::none;
  demand(is_none == !verifier.sets().present, "none is not the absence of fields");
  const bool is_whole = is_none || result.status == icm::ArcStatus::pass;
  demand(is_whole == result.reason.empty(), "a failure without a reason", result.reason);
  if (result.status == icm::ArcStatus::pass)
    demand(!verifier.sets().sets.empty() && !result.ended, "an ended chain passes");
  return 0;
}
