// SPDX-License-Identifier: Apache-2.0
//
// Alerts: what a person has to know of Apple's answers, each once in a while, with what happened,
// since when, how often, what helps, and a letter to Apple's postmaster where it can help.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/ip_address.h"
#include "policy/config/replies_config.h"
#include "policy/learning/reply_book.h"
#include "policy/replies/reply_table.h"

namespace icm {

enum class AlertKind {
  answer,   // Apple's answer asks for a person
  breaker,  // an outage is suspected
  unknown,  // no entry explains an answer
};

std::string_view to_string(AlertKind kind);  // "answer", "breaker", "unknown"

struct Alert {
  AlertKind kind = AlertKind::answer;
  std::string subject;  // what it is about beside the entry: a domain, a form; may be empty
  std::string entry;
  std::string what;                  // in a sentence
  std::vector<std::string> egress;   // addresses of ours that were answered so, as far as is known
  std::vector<std::string> replies;  // some of the answers
  WallTime first{};
  WallTime last{};
  std::int64_t count = 0;
  WallTime sent{};
};

// An alert as it is told.
struct AlertText {
  std::string title;  // one line of printable ASCII
  std::string body;   // lines of printable ASCII
};

// `addresses` are those that our mail leaves from, as configured.
AlertText alert_text(const Alert& alert, const ReplyEntry& entry, const PostmasterConfig& sender,
                     const std::vector<IpAddress>& addresses);

// Counts one more of it: `more` has what is known of this time. What was quiet for so long begins
// anew. Texts may be hostile: they are made printable here.
[[nodiscard]] Status raise_alert(ReplyBook& book, const Alert& more, std::chrono::seconds quiet);

// Those to be told at `now`.
[[nodiscard]] Result<std::vector<Alert>> due_alerts(ReplyBook& book, WallTime now,
                                                    std::chrono::seconds quiet);
[[nodiscard]] Status mark_sent(ReplyBook& book, const Alert& alert, WallTime now);

// All that are kept, the latest first.
[[nodiscard]] Result<std::vector<Alert>> all_alerts(ReplyBook& book);

}  // namespace icm
