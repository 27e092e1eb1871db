// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_table_check.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

bool is_about_recipient(ReplyClass reply_class) {
  return reply_class == ReplyClass::recipient_gone ||
         reply_class == ReplyClass::recipient_inactive || reply_class == ReplyClass::mailbox_full ||
         reply_class == ReplyClass::relay_denied;
}

std::string why_not_suppress(const ReplyEntry& entry) {
  if (entry.scope != ReplyScope::address) return "suppress-address needs the scope address";
  if (entry.reply_class != ReplyClass::recipient_gone) {
    return "suppress-address needs the class recipient-gone";
  }
  if (entry.nature != ReplyNature::permanent) return "suppress-address needs the nature permanent";
  if (entry.confidence == Confidence::low) {
    return "suppress-address needs more than low confidence";
  }
  if (entry.pattern.empty()) return "suppress-address needs words, codes alone do not tell why";
  return {};
}

std::string why_nature_is_wrong(const ReplyEntry& entry) {
  const bool success = entry.reply_class == ReplyClass::success;
  if (success != (entry.nature == ReplyNature::success) ||
      success != (entry.action == ReplyAction::record_success)) {
    return "the class success, the nature success and record-success go together";
  }
  if (entry.nature == ReplyNature::permanent && entry.action == ReplyAction::retry_soft) {
    return "what is permanent is not tried again";
  }
  return {};
}

}  // namespace

std::string why_action_is_wrong(const ReplyEntry& entry) {
  if (std::string why = why_nature_is_wrong(entry); !why.empty()) return why;
  switch (entry.action) {
    case ReplyAction::suppress_address:
      return why_not_suppress(entry);
    case ReplyAction::suspend_address:
      if (entry.scope != ReplyScope::address) return "suspend-address needs the scope address";
      if (!is_about_recipient(entry.reply_class)) {
        return "suspend-address needs a class that is the recipient's own affair";
      }
      return {};
    case ReplyAction::slow_address:
      if (entry.scope != ReplyScope::address) return "slow-address needs the scope address";
      if (entry.reply_class != ReplyClass::throttle) return "slow-address needs the class throttle";
      return {};
    case ReplyAction::pause_destination:
    case ReplyAction::stop_destination_alert:
    case ReplyAction::requeue_elsewhere:
      if (entry.scope == ReplyScope::ip || entry.scope == ReplyScope::destination) return {};
      return "stopping, pausing or leaving the destination needs the scope ip or destination";
    case ReplyAction::stop_message_alert:
      if (entry.scope == ReplyScope::message || entry.scope == ReplyScope::sending_domain) {
        return {};
      }
      return "stop-message-alert needs the scope message or sending-domain";
    case ReplyAction::fix_config_alert:
      if (entry.scope == ReplyScope::address) return "fix-config-alert is about no address";
      return {};
    case ReplyAction::record_success:
    case ReplyAction::retry_soft:
    case ReplyAction::sample_alert:
      return {};
  }
  return {};
}

std::vector<std::string> check_reply_table(const ReplyTable& table) {
  std::vector<std::string> complaints;
  for (const ReplyEntry& entry : table.entries()) {
    const auto complain = [&](std::string_view what) {
      complaints.push_back(fmt::format("{}: {}", entry.id, what));
    };
    if (const std::string why = why_action_is_wrong(entry); !why.empty()) complain(why);
    if (entry.source.empty()) complain("has no source");
    if (entry.remedy.empty()) complain("has no remedy");
    if (entry.examples.empty()) complain("has no example, so nothing shows that it can match");
    for (const std::string& example : entry.examples) {
      const ReplyEntry& first = table.classify(parse_received_reply(example));
      if (first.id == entry.id) continue;
      complain(
          fmt::format("the example \"{}\" is explained by {}", for_log(example, 120), first.id));
    }
  }
  return complaints;
}

}  // namespace icm
