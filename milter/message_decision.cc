// SPDX-License-Identifier: Apache-2.0
#include "milter/message_decision.h"

#include "policy/throttle.h"

namespace icm {
namespace {

constexpr std::size_t max_logged_authors = 20;      // a From field may name thousands
constexpr std::size_t max_logged_message_id = 998;  // RFC 5322 §2.1.1

}  // namespace

Decision decision_of(const Message& message, const std::vector<std::size_t>& removed) {
  const Inspection& inspection = message.inspection;
  Decision decision;
  decision.bytes = inspection.octets();
  decision.classification = inspection.classification();
  decision.message_id = inspection.headers().text("Message-ID").substr(0, max_logged_message_id);
  if (const auto& authors = inspection.authors()) {
    for (const Address& author : *authors) {
      if (decision.from.size() == max_logged_authors) break;
      decision.from.push_back(author.text());
    }
    if (!authors->empty()) {
      decision.form = mail_form(authors->front().text(), inspection.headers().text("Subject"));
    }
  }
  for (const std::size_t index : removed) {
    decision.removed_recipients.push_back(message.envelope.recipients[index].text);
  }
  return decision;
}

}  // namespace icm
