// SPDX-License-Identifier: Apache-2.0
//
// Classification: is this message bulk, and which declared stream does it belong to? A fact that
// several policies need, decided once.
//
// In this order; the first that holds decides:
//   stream        a declared stream: by login (at the gate: as arrival wrote it down), by its own
//                 header field, by the From domain, by the envelope sender's domain. A domain alone
//                 cannot tell a newsletter from the answers it draws: reports and auto-replies from
//                 the domain of a bulk stream are notices.
//   notice        multipart/report that is automatic (null reverse path or Auto-Submitted);
//                 Auto-Submitted: auto-replied and its older spellings; a list manager's own words
//                 (X-List-Administrivia)
//   discussion    List-Post other than NO (RFC 2369 §3.4): people may write to it; or the mark of a
//                 list manager (X-BeenThere, X-Mailing-List, Mailing-List)
//   bulk          List-Unsubscribe or List-Unsubscribe-Post: the sender says one can subscribe
//   notice        any other Auto-Submitted but "no" (RFC 3834 §5)
//   bulk          List-Id
//   discussion    Precedence: list, without any List-* field
//   notice        multipart/report; a null reverse path without a campaign field
//   personal      In-Reply-To: one answer, whatever program sent it
//   bulk          a field that only campaign systems write (Feedback-ID, X-Campaign …)
//   bulk          Precedence: bulk or junk
//   personal      nothing of all this
//
// What is personal for want of any sign may still be a mailing: policy/mailings counts whom mail
// alike went to, and the end of the message knows (with_volume).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/config/config.h"
#include "policy/message/envelope.h"
#include "policy/message/header.h"
#include "policy/message/structured.h"

namespace icm {

enum class MailClass {
  bulk,           // one message to many who subscribed
  transactional,  // a declared transactional stream
  discussion,     // a mailing list that people write to
  notice,         // DSN, MDN, auto-reply, auto-submitted notice
  personal,       // nothing says otherwise
};

std::string_view to_string(MailClass mail_class);

struct Classification {
  MailClass mail_class = MailClass::personal;
  std::string stream;  // name of the declared stream; empty when none matched
  std::string reason;  // what decided, in words: "stream news (From domain)", "List-Unsubscribe"
  bool says_nothing = false;  // personal for want of any sign
  int alike = 0;  // Apple recipients mail alike went to of late, when they make a mailing of it
  bool is_bulk() const { return mail_class == MailClass::bulk; }
  bool operator==(const Classification&) const = default;
};

// `authors` is the From field as it was parsed for the Facts. Pure and safe from any thread.
Classification classify(const std::vector<StreamConfig>& streams, const Envelope& envelope,
                        const HeaderList& headers, const Result<std::vector<Address>>& authors);

// The same message, when mail alike went to so many Apple recipients within `config.window`.
Classification with_volume(Classification found, int alike, const MailingsConfig& config);

// The stream that declares this SASL login; nullptr when none does.
const StreamConfig* stream_of_login(const std::vector<StreamConfig>& streams,
                                    std::string_view login);

// The stream that the envelope alone gives away (login, envelope sender), as far as is known at
// RCPT; nullptr when none does.
const StreamConfig* stream_of_envelope(const std::vector<StreamConfig>& streams,
                                       const Envelope& envelope);

// Whether one of the authors has a From domain that a stream declares.
bool has_declared_author(const std::vector<StreamConfig>& streams,
                         const Result<std::vector<Address>>& authors);

}  // namespace icm
