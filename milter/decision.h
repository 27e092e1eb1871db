// SPDX-License-Identifier: Apache-2.0
//
// Decision: the one event per message (and per refused recipient), and its two written forms: a
// line for people and a JSON line for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/classification.h"
#include "policy/message/envelope.h"
#include "policy/verdict.h"

namespace icm {

struct Decision {
  enum class Event { message, recipient };

  WallTime time{};
  Event event = Event::message;
  Envelope envelope;              // for Event::recipient with that recipient alone
  std::vector<std::string> from;  // addresses of the From field; empty at RCPT
  std::string message_id;
  std::string form;  // policy/throttle.h: mail_form; empty at RCPT
  Classification classification;
  Verdict verdict;
  std::vector<std::string> removed_recipients;  // taken off a mixed message
  std::chrono::microseconds took{0};            // time spent judging, DNS and stores included
  std::uint64_t bytes = 0;                      // header and body octets seen
};

// One line without newline, ASCII, `key=value` words; untrusted values quoted and escaped, so that
// nothing in a message can end the line or forge a word:
// 4XyZ12: verdict=reject policy=… rule=… role=… from=<…> … reason="…" fix="…"
std::string to_line(const Decision& decision);

// One JSON object on one line without newline. Octets that are not UTF-8 become U+FFFD. Members:
// time, event, queue_id, role, origin, origin_reason, client, client_name, helo, login, mail_from,
// from[], message_id, form, recipients[], apple_recipients, class, stream, class_reason, verdict,
// policy, rule, reply, removed_recipients[], fix, ms, bytes, findings[{policy, rule, mode, weight,
// effect, would, held_back, reply, evidence, fix, prediction}].
std::string to_json(const Decision& decision);

}  // namespace icm
