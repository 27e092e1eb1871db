// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a reply: what is read of it is printable and bounded, framing it changes nothing of
// its class into one that harms an address, and only words of a recipient who is gone suppress.
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/replies/reply_table_check.h"
#include "policy/replies/reply_table_file.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  static const icm::ReplyTable table = icm::load_reply_table("").value();
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  const icm::ReceivedReply reply = icm::parse_received_reply(text);
  demand(icm::is_printable(reply.text), "not printable", reply.text);
  demand(reply.text.size() <= icm::max_reply_octets, "too long");
  demand(reply.code == 0 || (reply.code >= 200 && reply.code <= 579), "no reply code");
  demand(reply.severity() == 0 || reply.severity() >= 2, "no severity");
  const icm::ReplyEntry& entry = table.classify(reply);
  demand(icm::why_action_is_wrong(entry).empty(), "an action that harms", entry.id);
  if (entry.action == icm::ReplyAction::suppress_address) {
    demand(reply.severity() == 5, "suppressed without a permanent code", reply.text);
  }
  return 0;
}
