// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/delivery_line.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/delivery/line_scan.h"
#include "policy/delivery/sendmail_line.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;

struct Status {
  std::string_view word;
  DeliveryStatus status;
};

// bounce(8), defer(8), sent(3) of Postfix; soft_bounce keeps in the queue what was refused.
constexpr Status statuses[] = {{"sent", DeliveryStatus::sent},
                               {"deferred", DeliveryStatus::deferred},
                               {"bounced", DeliveryStatus::bounced},
                               {"SOFTBOUNCE", DeliveryStatus::deferred},
                               {"expired", DeliveryStatus::expired}};

bool take_status(std::string_view word, DeliveryLine& line) {
  const auto* const found = std::ranges::find(statuses, word, &Status::word);
  if (found == std::end(statuses)) return false;
  line.status = found->status;
  return true;
}

// "mx01.mail.icloud.com[17.57.155.25]:25", "none".
void take_relay(std::string_view relay, DeliveryLine& line) {
  if (relay == "none") return;
  const std::size_t open = relay.find('[');
  line.relay_host = relay.substr(0, open);
  if (open == npos) return;
  const std::size_t end = relay.find(']', open);
  if (end != npos) line.relay_ip = relay.substr(open + 1, end - open - 1);
}

// The value up to the next ", "; the text goes on behind it.
std::string_view take_value(std::string_view& text) {
  const std::size_t end = text.find(", ");
  const std::string_view value = text.substr(0, end);
  text.remove_prefix(end == npos ? text.size() : end + 2);
  return value;
}

// Postfix has "relay=none" for a host that it did not reach, and names it in its words: "connect to
// mx01.mail.icloud.com[17.57.155.25]:25: Connection refused".
void take_tried_host(DeliveryLine& line) {
  std::string_view host = line.reply;
  if (!line.relay_host.empty() || !take_word(host, "connect to ")) return;
  const std::size_t end = host.find("]:");
  if (end != npos && host.substr(0, end).find(' ') == npos)
    take_relay(host.substr(0, end + 1), line);
}

// "relay=..., conn_use=2, delay=1.2, delays=0.1/0/0.5/0.6, dsn=5.1.1, status=bounced (words)":
// all in front of the words is Postfix's own.
bool take_fields(std::string_view text, DeliveryLine& line) {
  constexpr std::string_view status = "status=";
  while (!text.empty()) {
    if (text.starts_with(status)) {
      text.remove_prefix(status.size());
      const std::size_t open = text.find(" (");
      if (open == npos || !take_status(text.substr(0, open), line)) return false;
      line.reply = text.substr(open + 2);
      if (line.reply.ends_with(')')) line.reply.remove_suffix(1);
      take_tried_host(line);
      return true;
    }
    const std::string_view value = take_value(text);
    if (value.starts_with("relay=")) take_relay(value.substr(6), line);
    if (value.starts_with("dsn=")) line.enhanced_status = value.substr(4);
  }
  return false;
}

// The text behind "to=<".
bool take_delivery(std::string_view text, DeliveryLine& line) {
  const auto recipient = take_logged_address(text);
  if (!recipient) return false;
  if (take_word(text, ", orig_to=<") && !take_logged_address(text)) return false;
  if (!take_word(text, ", ") || !text.starts_with("relay=")) return false;
  // An address that holds ">, relay=" looks like this, and so does an answer that quotes a line.
  if (text.find(">, relay=") != npos || text.find(">, orig_to=<") != npos) return false;
  line.recipients = {*recipient};
  return take_fields(text, line);
}

// "host mx01.mail.icloud.com[17.57.155.25] refused to talk to me: 550 5.7.0 Blocked": at the next
// host the mail may fare better, but who does not talk to us has said so.
bool take_refusal(std::string_view text, DeliveryLine& line) {
  constexpr std::string_view words = "] refused to talk to me: ";
  const std::size_t end = text.find(words);
  const std::size_t open = text.find('[');
  if (end == npos || open > end || text.find(' ', 5) < end) return false;
  take_relay(text.substr(5, end + 1 - 5), line);
  line.status = DeliveryStatus::deferred;
  line.reply = text;
  return true;
}

// The text behind "from=<", of qmgr(8): "...>, status=expired, returned to sender".
bool take_expiry(std::string_view text, DeliveryLine& line) {
  if (!take_logged_address(text) || !text.starts_with(", status=expired")) return false;
  line.status = DeliveryStatus::expired;
  line.reply = text.substr(2);
  return true;
}

std::string_view last_part(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  return slash == npos ? program : program.substr(slash + 1);
}

}  // namespace

bool is_part_of_program(std::string_view program, std::string_view name) {
  for (;;) {
    const std::size_t slash = program.find('/');
    if (program.substr(0, slash) == name) return true;
    if (slash == npos) return false;
    program.remove_prefix(slash + 1);
  }
}

std::optional<DeliveryLine> parse_delivery_line(std::string_view program,
                                                std::string_view message) {
  if (is_sendmail(program)) return parse_sendmail_line(message);
  const std::string_view kind = last_part(program);
  if (kind.size() == program.size() || (kind != "smtp" && kind != "qmgr")) return std::nullopt;
  DeliveryLine line;
  const auto queue_id = take_queue_id(message);
  if (!queue_id) return std::nullopt;
  line.queue_id = *queue_id;
  bool is_read = false;
  if (kind == "qmgr") {
    is_read = take_word(message, "from=<") && take_expiry(message, line);
  } else if (take_word(message, "to=<")) {
    is_read = take_delivery(message, line);
  } else if (message.starts_with("host ")) {
    is_read = take_refusal(message, line);
  }
  if (!is_read) return std::nullopt;
  return line;
}

}  // namespace icm
