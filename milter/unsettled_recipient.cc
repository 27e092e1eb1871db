// SPDX-License-Identifier: Apache-2.0
#include "milter/unsettled_recipient.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

// RFC 3463 §3.6: the address as it was given does not name a mailbox for sure.
Verdict unclear_address(std::string_view text) {
  Verdict verdict;
  verdict.disposition = Disposition::reject;
  verdict.reply = {.code = 553,
                   .enhanced = "5.1.3",
                   .text = fmt::format("recipient address {} may lead to Apple once it is cleaned "
                                       "or its route is followed; write it as local-part@domain "
                                       "(RFC 5321 section 4.1.2), without comments, routes, blanks "
                                       "or needless quotes",
                                       excerpt(text))};
  return verdict;
}

// RFC 3463 §3.5: directory server failure.
Verdict unknown_recipient(const Mailbox& mailbox) {
  Verdict verdict;
  verdict.disposition = Disposition::defer;
  verdict.reply = {.code = 451,
                   .enhanced = "4.4.3",
                   .text = fmt::format("the DNS does not say whether {} has Apple's mail servers "
                                       "(MX), and nothing is known from before; try again later",
                                       excerpt(mailbox.domain().text()))};
  return verdict;
}

}  // namespace

std::optional<Verdict> answer_to_unsettled(Reach reach, const Recipient& recipient) {
  if (reach == Reach::unclear) return unclear_address(recipient.text);
  if (reach == Reach::unknown) return unknown_recipient(*recipient.mailbox);
  return std::nullopt;
}

bool is_gate_probe(const Envelope& envelope, const Recipient& recipient) {
  return envelope.role == Role::gate && envelope.client && envelope.client->is_loopback() &&
         envelope.reverse_path.is_null() && recipient.text == gate_probe_recipient;
}

}  // namespace icm
