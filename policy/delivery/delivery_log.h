// SPDX-License-Identifier: Apache-2.0
//
// DeliveryLog: what the mail log tells of Apple, line by line.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/delivery/apple_traffic.h"
#include "policy/delivery/delivery_event.h"
#include "policy/delivery/delivery_line.h"
#include "policy/delivery/log_line.h"

namespace icm {

// How the lines of a log were read, each of them in one way.
struct LogFigures {
  std::uint64_t deliveries = 0;  // tells of a delivery, to whomever
  std::uint64_t others = 0;      // tells of something else
  std::uint64_t unreadable = 0;  // is too long, or has not the form of a log's line
  std::uint64_t strangers = 0;   // of deliveries, but not written by the mail server
  bool operator==(const LogFigures&) const = default;
};

// Not synchronised.
class DeliveryLog {
 public:
  DeliveryLog(AppleTraffic traffic, FromLocalTime from_local)
      : traffic_(std::move(traffic)), times_(std::move(from_local)) {}

  // Adds what a line of a file, without its LF, tells of deliveries to Apple; most lines tell
  // nothing. An event without a recipient is about the connection, or, when it is expired, about
  // all that were left of the message: whether those are Apple's only the queue id can tell.
  void read_line(std::string_view line, WallTime now, std::vector<DeliveryEvent>& events);

  // The same of an entry of the systemd journal.
  void read_entry(WallTime time, std::string_view program, std::string_view message,
                  std::vector<DeliveryEvent>& events);

  // The lines so far.
  const LogFigures& figures() const { return figures_; }

 private:
  bool concerns(std::string_view program, const DeliveryLine& line,
                std::string_view recipient) const;
  void add(std::string_view program, const DeliveryLine& line, WallTime time,
           std::string_view source, std::vector<DeliveryEvent>& events) const;

  AppleTraffic traffic_;
  LogTimes times_;
  LogFigures figures_;
};

// What names an event: the same octets have the same name, in every process.
std::string delivery_key(std::string_view source, std::string_view recipient);

// Mailbox::key() of what is an address; what is none stays as it was.
std::string recipient_key(std::string_view recipient);

}  // namespace icm
