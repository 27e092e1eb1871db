// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a bounce: what is read of it is bounded, and about Apple's recipients alone.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/delivery/delivery_report.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  static const icm::NamedAppleDomains apple{{}};
  static const icm::AppleTraffic traffic(apple, {});
  const icm::WallTime now = icm::parse_time("2026-11-22T03:00:00Z").value();
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  demand(icm::reported_address(text).size() <= text.size(), "longer than it was");
  const auto report = icm::parse_delivery_report(text);
  if (!report) return 0;
  demand(!report->recipients.empty(), "about nobody");
  demand(report->recipients.size() <= icm::max_report_recipients, "too many recipients");
  std::set<std::string> keys;
  for (const icm::DeliveryEvent& event : icm::events_of(*report, traffic, now)) {
    demand(keys.insert(event.key).second, "counted twice", event.recipient);
    demand(event.time <= now, "in the future");
    demand(traffic.is_recipient(event.recipient) || traffic.is_host(event.relay_host),
           "not Apple's", event.recipient);
  }
  return 0;
}
