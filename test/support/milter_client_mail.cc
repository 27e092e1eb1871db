// SPDX-License-Identifier: Apache-2.0
#include "test/support/milter_client_mail.h"

#include <algorithm>

namespace icm {
namespace {

using Stage = MilterOutcome::Stage;
using QueueIdKnown = MilterMail::QueueIdKnown;

// Carries one message along; each step returns true when the message found its end there.
class Transaction {
 public:
  Transaction(MailFilter& filter, const MilterMail& mail) : filter_(filter), mail_(mail) {}

  Result<MilterOutcome> run() {
    ICM_TRY(const bool is_over, begin());
    if (!is_over) ICM_CHECK(content());
    ICM_CHECK(filter_.abort());
    return std::move(outcome_);
  }

 private:
  Result<bool> begin() {
    filter_.define("i", mail_.queue_id_known == QueueIdKnown::at_mail ? mail_.queue_id : "");
    filter_.define("{auth_authen}", mail_.login);
    filter_.define("{auth_type}", mail_.login.empty() ? "" : "PLAIN");
    ICM_TRY(const MilterAnswer given, filter_.mail(mail_.mail));
    if (ended(Stage::mail, given)) return true;
    ICM_TRY(const bool is_over, recipients());
    if (is_over) return true;
    ICM_TRY(const MilterAnswer at_data, filter_.data());
    return ended(Stage::data, at_data);
  }

  Result<bool> recipients() {
    bool any = mail_.recipients.empty();
    for (const auto& recipient : mail_.recipients) {
      ICM_TRY(const MilterAnswer given, filter_.rcpt(recipient));
      outcome_.recipients.push_back(given);
      if (given.is_final() && !given.refuses()) return ended(Stage::rcpt, given);
      if (given.refuses()) continue;
      any = true;
      if (mail_.queue_id_known == QueueIdKnown::after_first_recipient)
        filter_.define("i", mail_.queue_id);
    }
    if (any) return false;
    return ended(Stage::rcpt, outcome_.recipients.back());
  }

  Status content() {
    for (const auto& [name, value] : mail_.fields) {
      ICM_TRY(const MilterAnswer given, filter_.header(name, value));
      if (ended(Stage::header, given)) return {};
    }
    if (mail_.queue_id_known == QueueIdKnown::at_end_of_header) filter_.define("i", mail_.queue_id);
    ICM_TRY(const MilterAnswer after_header, filter_.end_of_header());
    if (ended(Stage::end_of_header, after_header)) return {};
    ICM_TRY(const MilterAnswer after_body, filter_.body(mail_.body));
    if (ended(Stage::body, after_body)) return {};
    if (mail_.ending == MilterMail::Ending::abort) {
      outcome_.stage = Stage::aborted;
      return {};
    }
    ICM_TRY(MilterEnd end, filter_.end_of_message());
    outcome_.stage = Stage::end_of_message;
    outcome_.answer = std::move(end.answer);
    outcome_.changes = std::move(end.changes);
    outcome_.progress = end.progress;
    return {};
  }

  bool ended(Stage stage, const MilterAnswer& given) {
    if (!given.is_final()) return false;
    outcome_.stage = stage;
    outcome_.answer = given;
    return true;
  }

  MailFilter& filter_;
  const MilterMail& mail_;
  MilterOutcome outcome_;
};

}  // namespace

bool MilterOutcome::goes_on() const {
  return answer.kind == MilterAnswer::Kind::go_on || answer.kind == MilterAnswer::Kind::accept;
}

std::string_view to_string(MilterOutcome::Stage stage) {
  switch (stage) {
    case Stage::mail:
      return "MAIL";
    case Stage::rcpt:
      return "RCPT";
    case Stage::data:
      return "DATA";
    case Stage::header:
      return "header";
    case Stage::end_of_header:
      return "end of header";
    case Stage::body:
      return "body";
    case Stage::end_of_message:
      return "end of message";
    case Stage::aborted:
      return "RSET";
  }
  return "invalid";
}

Result<MilterOutcome> send_mail(MailFilter& filter, const MilterMail& mail) {
  return Transaction(filter, mail).run();
}

}  // namespace icm
