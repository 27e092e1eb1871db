// SPDX-License-Identifier: Apache-2.0
//
// Any octets as lines of a mail log, in a file and in the journal. What a stranger puts into an
// address or an answer stands behind the first words of the input: whatever it is, no other
// recipient is read out of the line.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/delivery/delivery_log.h"
#include "test/fuzz/demand.h"

namespace {

icm::WallTime utc(std::chrono::local_seconds local) {
  return icm::WallTime(local.time_since_epoch());
}

void hold_to_be_true(const icm::DeliveryEvent& event) {
  using icm::demand;
  demand(event.key.size() == 32, "no name", event.key);
  demand(event.queue_id.size() >= 6 && event.queue_id.size() <= 32, "no queue id", event.queue_id);
  demand(event.recipient.find('\n') == std::string::npos, "a line end", event.recipient);
  demand(event.reply.size() <= icm::longest_log_line, "too long");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  static const icm::NamedAppleDomains apple{{}};
  const icm::WallTime now = icm::parse_time("2026-11-22T03:00:00Z").value();
  icm::DeliveryLog log(icm::AppleTraffic(apple, {"icloud-out"}), utc);
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  std::vector<icm::DeliveryEvent> events;
  for (const std::string_view line : icm::split(text, '\n')) log.read_line(line, now, events);
  log.read_entry(now, "postfix/smtp", text, events);
  for (const icm::DeliveryEvent& event : events) hold_to_be_true(event);

  // An answer, which Postfix logs with "?" for what is not printable.
  std::string answer(text.substr(0, 1000));
  for (char& c : answer) {
    if (c < ' ' || c == 0x7f) c = '?';
  }
  events.clear();
  log.read_line(
      "Nov 22 02:00:01 mx postfix/icloud-out/smtp[1]: 4A5B6C7D8E: to=<a@icloud.com>, "
      "relay=mx01.mail.icloud.com[17.1.1.1]:25, delay=1, dsn=4.7.1, status=deferred (" +
          answer + ")",
      now, events);
  demand(events.size() <= 1, "several events in a line");
  for (const icm::DeliveryEvent& event : events) {
    demand(event.recipient == "a@icloud.com", "another recipient", event.recipient);
    demand(event.status == icm::DeliveryStatus::deferred, "another status", answer);
  }
  return 0;
}
