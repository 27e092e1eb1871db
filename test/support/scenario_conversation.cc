// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario_conversation.h"

namespace icm {

Status converse(const ScenarioConnection& connection, MailFilter& filter,
                std::vector<MilterOutcome>& outcomes) {
  filter.define("{daemon_name}", connection.daemon_name);
  filter.define("j", "mx.shop.example");
  ICM_TRY(const MilterAnswer on_connect, filter.connect(connection.peer));
  ICM_TRY(const MilterAnswer on_helo, filter.helo(connection.helo));
  if (on_connect.is_final() || on_helo.is_final())
    return fail(Code::permanent, "refused before MAIL");
  for (const ScenarioMessage& message : connection.messages) {
    ICM_TRY(MilterOutcome outcome, send_mail(filter, message.mail));
    outcomes.push_back(std::move(outcome));
  }
  return {};
}

}  // namespace icm
