// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/apple_answer.h"

#include <utility>

#include "policy/learning/reply_samples.h"
#include "policy/store/address_hashing.h"

namespace icm {

std::string kept_words(const AppleAnswer& answer) {
  return without_addresses(answer.forms, reply_line(answer.reply));
}

WayAnswer way_answer(const AppleAnswer& answer) {
  return {.egress = answer.egress,
          .entry = answer.entry.id,
          .reply = kept_words(answer),
          .time = answer.time};
}

Alert alert_of(const AppleAnswer& answer, AlertKind kind, std::string what) {
  Alert alert;
  alert.kind = kind;
  alert.entry = answer.entry.id;
  alert.what = std::move(what);
  alert.egress = {answer.egress};
  alert.replies = {kept_words(answer)};
  alert.first = alert.last = answer.time;
  alert.count = 1;
  return alert;
}

BackoffOrder backoff_of(const AppleAnswer& answer, ReplyEffect effect, BackoffKind kind,
                        const std::string& subject, std::chrono::seconds span) {
  BackoffOrder order;
  order.effect = effect;
  order.backoff.kind = kind;
  order.backoff.subject = subject;
  order.backoff.since = answer.time;
  if (span.count() > 0) order.backoff.until = answer.time + span;
  order.backoff.by = learner_name;
  order.backoff.why = kept_words(answer);
  return order;
}

}  // namespace icm
