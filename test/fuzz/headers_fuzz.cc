// SPDX-License-Identifier: Apache-2.0
//
// Any header and body, judged by the policy format: it always has an answer, every finding is of a
// known rule, and nothing of the message leaves it but printable text. Octets 0x01 and 0x02 of the
// input separate fields and begin the body; the first octet sets the envelope.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/base/text.h"
#include "policy/inspection.h"
#include "policy/policy_set.h"
#include "policy/rules.h"
#include "test/fuzz/demand.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/policy_means.h"

namespace icm {
namespace {

const WallTime now = parse_time("2026-11-21T08:15:30Z").value();

void check_finding(const Finding& finding) {
  const auto known = rules_of("format");
  demand(finding.rule.starts_with("format.") &&
             std::ranges::find(known, finding.rule.substr(7)) != known.end(),
         "a known rule", finding.rule);
  demand(is_printable(finding.evidence) && !finding.evidence.empty(), "evidence is clean text",
         finding.evidence);
  demand(is_printable(finding.fix) && !finding.fix.empty(), "a fix is clean text", finding.fix);
  demand(is_printable(finding.reply.text) && finding.reply.text.size() < 1000,
         "a reply is clean text", finding.reply.text);
  demand((finding.weight == Weight::violation) == (finding.reply.code != 0),
         "a reply if it refuses", finding.rule);
}

void check(std::uint8_t control, std::string_view text) {
  const Config config;
  Envelope envelope;
  envelope.reverse_path = ReversePath::from((control & 1) != 0 ? "<>" : "<a@shop.example>");
  envelope.smtputf8 = (control & 2) != 0;
  envelope.eight_bit_mime = (control & 4) != 0;
  Inspection inspection(config);
  HeaderList kept;
  const std::size_t body_begin = std::min(text.find('\x02'), text.size());
  for (const std::string_view field : split(text.substr(0, body_begin), '\x01')) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    const std::string_view value = field.substr(std::min(colon + 1, field.size()));
    inspection.header(field.substr(0, colon), value);
    kept.add(field.substr(0, colon), value);
    const HeaderField last = kept[kept.size() - 1];
    demand(last.name == field.substr(0, colon), "a name is kept");
    demand(std::ranges::count(last.value, '\n') == std::ranges::count(value, '\n'),
           "lines are kept");
  }
  inspection.end_of_header(envelope);
  inspection.body(text.substr(std::min(body_begin + 1, text.size())));
  MemorySuppressionList list;
  const auto findings =
      make_format(config, means_without_keys(list))
          ->judge(inspection.facts(envelope, now), Deadline::in(std::chrono::seconds(10)));
  demand(findings.has_value(), "format always has an answer");
  for (const Finding& finding : *findings) check_finding(finding);
}

}  // namespace
}  // namespace icm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  icm::check(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
