// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/sendmail_line.h"

#include "policy/base/text.h"
#include "policy/delivery/line_scan.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;

// "<a@b>,<c@d>"; bare addresses are taken up to the comma or blank.
bool take_recipients(std::string_view& text, DeliveryLine& line) {
  while (line.recipients.size() < max_line_recipients) {
    if (take_word(text, "<")) {
      const auto address = take_logged_address(text);
      if (!address) return false;
      line.recipients.push_back(*address);
    } else {
      const std::size_t end = text.find_first_of(",<>\"() ");
      if (end == npos || end == 0 || text[end] != ',') return false;
      line.recipients.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (text.starts_with(", ")) return true;
    if (!take_word(text, ",")) return false;
  }
  return false;
}

// What is behind ", name=" up to the next comma; `text` goes on there. Empty when it is not next.
std::string_view take_field(std::string_view& text, std::string_view name) {
  std::string_view rest = text;
  if (!take_word(rest, ", ") || !take_word(rest, name) || !take_word(rest, "=")) return {};
  const std::size_t end = rest.find(',');
  const std::string_view value = rest.substr(0, end);
  text = end == npos ? std::string_view() : rest.substr(end);
  return value;
}

// ", ctladdr=<sender> (uid/gid)": the sender is a stranger's word.
bool pass_controller(std::string_view& text) {
  if (!take_word(text, ", ctladdr=")) return true;
  if (take_word(text, "<") && !take_logged_address(text)) return false;
  const std::size_t end = text.find(", delay=");
  if (end == npos || text.substr(0, end).find_first_of("<>\"=") != npos) return false;
  text.remove_prefix(end);
  return true;
}

// "mx01.mail.icloud.com. [17.57.155.25]"
void take_relay(std::string_view relay, DeliveryLine& line) {
  const std::size_t open = relay.find('[');
  line.relay_host = trim(relay.substr(0, open));
  if (line.relay_host.ends_with('.')) line.relay_host.remove_suffix(1);
  if (open == npos) return;
  const std::size_t end = relay.find(']', open);
  if (end != npos) line.relay_ip = relay.substr(open + 1, end - open - 1);
}

// The code's class stands in front of all that a stranger writes; only where there is none do the
// words count.
bool take_status(std::string_view stat, DeliveryLine& line) {
  const char severity = line.enhanced_status.empty() ? '\0' : line.enhanced_status.front();
  if (severity == '2' || (severity == '\0' && stat.starts_with("Sent"))) {
    line.status = DeliveryStatus::sent;
  } else if (severity == '4' || (severity == '\0' && stat.starts_with("Deferred"))) {
    line.status = DeliveryStatus::deferred;
  } else if (severity == '5') {
    line.status = DeliveryStatus::bounced;
  } else {
    return false;
  }
  return !starts_with_ascii(stat, "queued");
}

}  // namespace

bool is_sendmail(std::string_view program) {
  return program == "sm-mta" || program == "sendmail" || program == "sm-mta-out";
}

std::optional<DeliveryLine> parse_sendmail_line(std::string_view message) {
  DeliveryLine line;
  const auto queue_id = take_queue_id(message);
  if (!queue_id || !take_word(message, "to=")) return std::nullopt;
  line.queue_id = *queue_id;
  if (!take_recipients(message, line) || !pass_controller(message)) return std::nullopt;
  for (const std::string_view name : {"delay", "xdelay", "mailer", "pri"}) {
    take_field(message, name);
  }
  take_relay(take_field(message, "relay"), line);
  std::string_view rest = message;
  line.enhanced_status = take_field(message, "dsn");
  if (line.enhanced_status.empty()) message = rest;
  const std::string_view summary = rest.starts_with(", ") ? rest.substr(2) : rest;
  constexpr std::string_view stat_name = ", stat=";
  const std::size_t stat = message.rfind(stat_name);
  if (stat == npos) return std::nullopt;
  if (!take_status(message.substr(stat + stat_name.size()), line)) return std::nullopt;
  constexpr std::string_view reply_name = ", reply=";
  if (message.starts_with(reply_name)) {
    line.reply = message.substr(reply_name.size(), stat - reply_name.size());
  } else {
    line.reply = summary;  // "dsn=5.1.1, stat=User unknown"
  }
  return line;
}

}  // namespace icm
