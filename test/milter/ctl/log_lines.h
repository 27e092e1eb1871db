// SPDX-License-Identifier: Apache-2.0
//
// Lines of a decision log for tests, made by the very function that writes the log.
#pragma once

#include <string>

#include "milter/decision.h"

namespace icm::ctl {

inline WallTime at(std::string_view time) { return *parse_time(time); }

// A message that nobody objected to.
inline Decision accepted(std::string_view time, std::string queue_id, std::string_view sender,
                         std::string_view recipient) {
  Decision decision;
  decision.time = at(time);
  decision.envelope.role = Role::gate;
  decision.envelope.origin = Origin::submission;
  decision.envelope.queue_id = std::move(queue_id);
  decision.envelope.reverse_path.text = sender;
  Recipient to;
  to.text = recipient;
  to.is_apple = true;
  decision.envelope.recipients = {to};
  decision.classification.mail_class = MailClass::bulk;
  decision.classification.stream = "news";
  decision.bytes = 4096;
  return decision;
}

// What the engine makes of a violation of `rule`.
inline Judged judged(std::string_view policy, std::string_view rule, Mode mode,
                     Disposition would = Disposition::reject) {
  Judged found;
  found.policy = policy;
  found.finding.rule = rule;
  found.finding.evidence = "what was found";
  found.finding.fix = "what to do";
  found.finding.reply = {.code = 550, .enhanced = "5.7.1", .text = "no"};
  found.mode = mode;
  found.would = would;
  if (mode == Mode::enforce) {
    found.effect = would;
  } else {
    found.held_back = "mode observe";
  }
  return found;
}

inline Decision with(Decision decision, std::vector<Judged> findings) {
  decision.verdict = combine(std::move(findings));
  return decision;
}

inline std::string line(const Decision& decision) { return to_json(decision) + "\n"; }

}  // namespace icm::ctl
