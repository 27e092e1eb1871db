// SPDX-License-Identifier: Apache-2.0
//
// What was found out about a message, in the words of Authentication-Results (RFC 8601).
#pragma once

#include <vector>

#include "policy/auth/auth_results.h"
#include "policy/auth/authenticator.h"
#include "policy/base/domain.h"

namespace icm {

enum class ClientAddress { shown, withheld };

// What an administrator may choose about the report.
struct ReportForm {
  ClientAddress client = ClientAddress::shown;
  const std::vector<Domain>& trusted_sealers;
};

// One result per SPF identity, DKIM signature, DMARC and ARC, in this order:
//   spf    smtp.mailfrom, or smtp.helo for the null reverse-path (RFC 8601 §2.7.2)
//   dkim   header.d, header.s, header.a and header.b, the beginning of b= that tells signatures of
//          one domain apart (RFC 6008 §4); signatures that were not judged are left out
//   dmarc  header.from and policy.dmarc, by RFC 9989; when it does not pass, policy.vouched-by, the
//          trusted sealer that saw it pass before the message was forwarded (see voucher_of)
//   arc    header.oldest-pass, policy.sealers (the ten newest, newest first), and smtp.remote-ip,
//          the client's address (RFC 8617 §10.1)
// What is not known is left out: there is no word for an ARC chain whose keys could not be fetched,
// nor for DMARC that no signature lets pass where there was no client to ask SPF about.
std::vector<MethodResult> method_results(const Authentication& found, const SpfQuestions& asked,
                                         const ReportForm& form);

// Parts of it: one result per signature ("none" without any), and the chain's. `client` is left out
// when empty.
std::vector<MethodResult> dkim_results(const std::vector<DkimResult>& found);
MethodResult arc_result(const ArcResult& arc, std::string_view client);

// Whether `then`, which arc_result() made of a chain that passed, speaks of the sets of `now`. Not
// of more than the ten sets that it tells of.
bool is_about(const MethodResult& then, const ArcResult& now);

}  // namespace icm
