// SPDX-License-Identifier: Apache-2.0
//
// AppleAnswer: an answer to our mail, with what is known of that mail; and the forms in which it is
// told, counted against a way, and given as the reason of an order.
#pragma once

#include <chrono>
#include <string>

#include "policy/base/clock.h"
#include "policy/delivery/delivery_event.h"
#include "policy/learning/alerts.h"
#include "policy/learning/orders.h"
#include "policy/learning/ways.h"
#include "policy/replies/reply_table.h"
#include "policy/store/address_forms.h"

namespace icm {

// All that is referred to must outlive it.
struct AppleAnswer {
  const DeliveryEvent& event;
  const Handover& handover;
  const ReplyEntry& entry;
  const ReceivedReply& reply;
  const AddressForms& forms;
  WallTime time{};  // never in the future
  std::string egress;
};

// Its words as they are kept: without addresses, where none are.
std::string kept_words(const AppleAnswer& answer);

WayAnswer way_answer(const AppleAnswer& answer);

// Counted once.
Alert alert_of(const AppleAnswer& answer, AlertKind kind, std::string what);

// From the answer's time on, for so long; without end where that is nothing.
BackoffOrder backoff_of(const AppleAnswer& answer, ReplyEffect effect, BackoffKind kind,
                        const std::string& subject, std::chrono::seconds span);

}  // namespace icm
