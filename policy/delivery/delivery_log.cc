// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/delivery_log.h"

#include <fmt/format.h>

#include "policy/base/keyed_hash.h"
#include "policy/base/mailbox.h"

namespace icm {
namespace {

// Two halves of a name: that two texts of a stranger's meet in one half helps him to nothing.
constexpr KeyedHash::Key name_key = {0x64656c6976657279, 0x6576656e74206b65};
constexpr KeyedHash::Key recipient_name_key = {0x726563697069656e, 0x74206f66206c696e};

}  // namespace

std::string delivery_key(std::string_view source, std::string_view recipient) {
  static const KeyedHash of_source{name_key};
  static const KeyedHash of_recipient{recipient_name_key};
  return fmt::format("{:016x}{:016x}", of_source(source), of_recipient(recipient));
}

std::string recipient_key(std::string_view recipient) {
  const auto mailbox = Mailbox::parse(recipient);
  return mailbox ? mailbox->key() : std::string(recipient);
}

void DeliveryLog::read_line(std::string_view line, WallTime now,
                            std::vector<DeliveryEvent>& events) {
  const auto parts = split_log_line(line);
  if (!parts) {
    ++figures_.unreadable;
    return;
  }
  const auto delivery = parse_delivery_line(parts->program, parts->message);
  if (!delivery) {
    ++figures_.others;
    return;
  }
  const auto time = times_.read(parts->stamp, now);
  ++(time ? figures_.deliveries : figures_.unreadable);
  if (time) add(parts->program, *delivery, *time, line, events);
}

void DeliveryLog::read_entry(WallTime time, std::string_view program, std::string_view message,
                             std::vector<DeliveryEvent>& events) {
  if (message.size() > longest_log_line) {
    ++figures_.unreadable;
    return;
  }
  const auto delivery = parse_delivery_line(program, message);
  ++(delivery ? figures_.deliveries : figures_.others);
  if (!delivery) return;
  add(program, *delivery, time, fmt::format("{} {}", time.time_since_epoch().count(), message),
      events);
}

bool DeliveryLog::concerns(std::string_view program, const DeliveryLine& line,
                           std::string_view recipient) const {
  if (line.status == DeliveryStatus::expired && line.recipients.empty()) return true;
  return traffic_.concerns(program, recipient, line.relay_host, line.relay_ip);
}

void DeliveryLog::add(std::string_view program, const DeliveryLine& line, WallTime time,
                      std::string_view source, std::vector<DeliveryEvent>& events) const {
  const auto add_one = [&](std::string_view recipient) {
    if (!concerns(program, line, recipient)) return;
    events.push_back({.time = time,
                      .queue_id = std::string(line.queue_id),
                      .recipient = recipient_key(recipient),
                      .relay_host = std::string(line.relay_host),
                      .relay_ip = std::string(line.relay_ip),
                      .status = line.status,
                      .enhanced_status = std::string(line.enhanced_status),
                      .reply = std::string(line.reply),
                      .key = delivery_key(source, recipient),
                      .teller = Teller::log,
                      .is_apples = traffic_.tells_of_apple(recipient, line.relay_host)});
  };
  if (line.recipients.empty()) add_one({});
  for (const std::string_view recipient : line.recipients) add_one(recipient);
}

}  // namespace icm
